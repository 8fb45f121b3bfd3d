// The load of `send`: writes to its child, the receiver, as fast as it may, or one message at a
// time. Never more than the inbox of the receiver holds: the receiver confirms each batch.

import { Agent, imageOf, type Message, type Task, type TaskContext } from '@hivekernel/sdk';
import { perSecond, repeat } from '../pump.ts';

export const BATCH_MESSAGES = 250;
/** Batches that the receiver has not confirmed: below what an inbox holds. */
export const BATCHES_AHEAD_MAX = 6;
export const PAYLOAD = 'a message of forty-eight bytes, which is not much';
export const WITHIN_MS = 6_000;

export default class Sender extends Agent {
  /** The texts of the receiver's replies, oldest first. */
  readonly #replies: string[] = [];
  #batchesConfirmed = 0;
  #wake: () => void = () => undefined;

  override async onTask({ params }: Task, ctx: TaskContext): Promise<string> {
    const to = await ctx.spawn({
      name: 'receiver',
      image: imageOf(import.meta.resolve('./receiver.ts')),
      env: ctx.env,
    });
    const isLatency = params['what'] === 'latency';
    const measured = isLatency ? this.#latencies(ctx, to) : this.#rates(ctx, to);
    return JSON.stringify(await measured);
  }

  override onMessage(message: Message): void {
    if (message.type !== 'reply') return;
    this.#replies.push(message.text());
    this.#batchesConfirmed += 1;
    this.#wake();
  }

  #rates(ctx: TaskContext, to: number): Promise<number[]> {
    const batches = Number(ctx.task.params['batches']);
    const count = Number(ctx.task.params['rounds']);
    return repeat({ count, withinMs: WITHIN_MS, measure: () => this.#rate(ctx, { to, batches }) });
  }

  async #rate(ctx: TaskContext, { to, batches }: { to: number; batches: number }): Promise<number> {
    const before = this.#batchesConfirmed;
    const sent: Promise<unknown>[] = [];
    const beganMs = performance.now();
    for (let batch = 1; batch <= batches; batch += 1) {
      await this.#confirmed(before + batch - BATCHES_AHEAD_MAX, ctx.signal);
      const sends = Array.from({ length: BATCH_MESSAGES }, () =>
        ctx.send({ to, payload: PAYLOAD }),
      );
      sent.push(Promise.all(sends));
    }
    await Promise.all(sent);
    await this.#confirmed(before + batches, ctx.signal);
    return perSecond(batches * BATCH_MESSAGES, performance.now() - beganMs);
  }

  /** Each as the receiver measured it. */
  #latencies(ctx: TaskContext, to: number): Promise<number[]> {
    const measure = async (index: number): Promise<number> => {
      await ctx.send({ to, type: 'timed', payload: String(process.hrtime.bigint()) });
      await this.#confirmed(index + 1, ctx.signal);
      return Number(this.#replies[index]);
    };
    return repeat({ count: Number(ctx.task.params['count']), withinMs: WITHIN_MS, measure });
  }

  async #confirmed(batches: number, signal: AbortSignal): Promise<void> {
    while (this.#batchesConfirmed < batches) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

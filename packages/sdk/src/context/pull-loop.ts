// The engine of a subscription: takes from the kernel what one loop goes through, and tells it what
// the loop has done with. Which class a message gets is its owner's (subscription.ts).
//   M9. At most `prefetch` are in hand at once, the one that the loop has among them. Going on to
//       the next accepts it; what was accepted is told with the next take. The rest goes back.
//   1. One take at a time. While some are here it is a short one, which tells and fetches beside
//      the loop's work; without end it waits only while the loop does.
//   2. A subscription that the kernel forgot is made anew, a bounded number of times in a row. What
//      was here of it comes again; what the loop had done with before is then passed over.
//   3. `ends` and what is out of time end the loop in silence, `cancels` by throwing. It is no
//      silence of the task (S6).
import type { agent as wire, core } from '@hivekernel/protocol';
import { anySignal } from '../deadline.ts';
import { asHiveError, HiveError } from '../hive-error.ts';
import { givenUp } from '../host/mail-desk.ts';
import { ACKS, numberOf } from '../words.ts';
import type { Ack } from '../words.ts';
import type { Caller } from './caller.ts';
import type { LongWait } from './long-wait.ts';

/** What a loop needs of the context that it is begun in. */
export interface PullGround {
  readonly caller: Caller;
  readonly wait: LongWait;
  readonly ends: AbortSignal | undefined;
  readonly cancels: AbortSignal | undefined;
}

export interface PullOrder {
  readonly request: core.SubscribeRequest;
  /** 1 to 64. */
  readonly prefetch: number;
}

/** M9 */
const PREFETCH_MAX = 64;
const LOSSES_MAX = 5;
/** Before the first try, and twice as long before each next one. */
const PAUSE_MS = 100;
/** Ids that may come again; what is forgotten is done twice then. */
const DONE_MAX = 1_000;
/** Of a take that only looks; 0 of the wire is without end. */
const SHORT_MS = 1;
/** The wire's longest. */
const WAIT_MS_MAX = 2 ** 32 - 1;

export class PullLoop {
  readonly #ground: PullGround;
  readonly #order: PullOrder;
  readonly #signal: AbortSignal | undefined;
  #opened: Promise<number> | undefined;
  #here: wire.AgentMessage[] = [];
  /** What the loop has, while no word was said on it. */
  #current: string | undefined;
  #untold: string[] = [];
  /** Done with, and the kernel may not know. */
  readonly #done = new Set<string>();
  #taking: Promise<void> | undefined;
  #refusal: HiveError | undefined;
  #losses = 0;
  /** Rises at each close: what comes after it of one before is of no use. */
  #run = 0;
  /** Rises when the loop goes on, and at each close. */
  #turn = 0;

  /** Throws `invalid_argument`. */
  constructor(ground: PullGround, order: PullOrder) {
    const { prefetch } = order;
    if (!Number.isInteger(prefetch) || prefetch < 1 || prefetch > PREFETCH_MAX) {
      const message = `A prefetch of ${prefetch} is not one of 1 to ${PREFETCH_MAX} (M9).`;
      throw new HiveError('invalid_argument', message);
    }
    this.#ground = ground;
    this.#order = order;
    this.#signal = anySignal(ground.ends, ground.cancels);
  }

  /** Resolves when the kernel knows it: from here on nothing is missed. */
  async open(): Promise<void> {
    await this.#open();
  }

  /** The next message; undefined: the loop is over. What the loop had before is accepted. */
  async next(untilMs?: number): Promise<wire.AgentMessage | undefined> {
    this.#pass();
    const run = this.#run;
    for (;;) {
      if (run !== this.#run || this.#ground.ends?.aborted === true) return undefined;
      if (this.#ground.cancels?.aborted === true) throw givenUp(this.#ground.cancels);
      const message = this.#shift();
      if (message !== undefined) return message;
      const refusal = this.#refusal;
      this.#refusal = undefined;
      if (refusal !== undefined) throw refusal;
      const leftMs = untilMs === undefined ? 0 : Math.ceil(untilMs - performance.now());
      if (untilMs !== undefined && leftMs <= 0 && this.#opened !== undefined) return undefined;
      const isTaking = this.#taking !== undefined;
      const taking = this.#take(Math.max(leftMs, untilMs === undefined ? 0 : SHORT_MS));
      if (!isTaking) this.#ground.wait.during(taking);
      await taking;
    }
  }

  /** Throws `wrong_state` where the loop has gone on, was left, or a word was said before. */
  async say(id: string, status: Ack, reply = ''): Promise<void> {
    if (this.#current !== id) {
      throw new HiveError('wrong_state', `Message ${id} is not in hand: its loop has gone on.`);
    }
    this.#current = undefined;
    const turn = this.#turn;
    const run = this.#run;
    try {
      await this.#acknowledge(id, status, reply);
    } catch (error) {
      // The message is in hand yet (M8): it may have another word, and going on accepts it.
      if (turn === this.#turn) this.#current = id;
      else if (run === this.#run && this.#order.request.withAck) this.#untold.push(id);
      throw error;
    }
  }

  /** What no word was said on goes back, and the loop is over. Another one may begin. */
  async close(): Promise<void> {
    const words = this.#untold.map((id) => this.#acknowledge(id, 'accepted', ''));
    this.#run += 1;
    this.#turn += 1;
    this.#current = undefined;
    this.#untold = [];
    await Promise.allSettled([...words, this.#forget()]);
  }

  #pass(): void {
    const id = this.#current;
    this.#turn += 1;
    this.#current = undefined;
    if (id !== undefined && this.#order.request.withAck) this.#untold.push(id);
  }

  #shift(): wire.AgentMessage | undefined {
    for (;;) {
      const message = this.#here.shift();
      if (message === undefined) return undefined;
      const { messageId: id } = message;
      if (this.#done.delete(id)) this.#untold.push(id);
      else {
        this.#current = id;
        // What refuses it is thrown when the loop asks for more.
        if (this.#room > 0 && this.#order.request.withAck) void this.#take(SHORT_MS);
        return message;
      }
    }
  }

  get #room(): number {
    return this.#order.prefetch - this.#here.length - (this.#current === undefined ? 0 : 1);
  }

  /** Never rejects. `timeoutMs` 0: without end. */
  #take(timeoutMs: number): Promise<void> {
    this.#taking ??= this.#ask(timeoutMs).finally(() => (this.#taking = undefined));
    return this.#taking;
  }

  async #ask(timeoutMs: number): Promise<void> {
    const run = this.#run;
    const acceptedIds = this.#untold;
    this.#untold = [];
    try {
      const subscription = await this.#open();
      const wait = { max: this.#room, timeoutMs: Math.min(timeoutMs, WAIT_MS_MAX) };
      const order = { subscription, ...wait, acceptedIds };
      const { messages } = await this.#ground.caller.call('take', order, { signal: this.#signal });
      for (const id of acceptedIds) this.#done.delete(id);
      this.#losses = 0;
      if (run === this.#run) this.#here.push(...messages);
    } catch (error) {
      if (run === this.#run) await this.#onRefused(error, acceptedIds);
    }
  }

  async #onRefused(error: unknown, acceptedIds: readonly string[]): Promise<void> {
    this.#losses += 1;
    if (!isLost(error) || this.#losses > LOSSES_MAX) {
      this.#untold.push(...acceptedIds);
      this.#refusal = asHiveError(error);
      return;
    }
    if (this.#done.size > DONE_MAX) this.#done.clear();
    for (const id of acceptedIds) this.#done.add(id);
    const forgotten = this.#forget();
    await pause(PAUSE_MS * 2 ** (this.#losses - 1), this.#signal);
    await forgotten;
  }

  /** Given up by nobody: a subscription whose number is not known could not be ended. */
  #open(): Promise<number> {
    this.#opened ??= this.#subscribe();
    return this.#opened;
  }

  async #subscribe(): Promise<number> {
    try {
      return (await this.#ground.caller.call('subscribe', this.#order.request)).subscription;
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  async #acknowledge(messageId: string, status: Ack, reply: string): Promise<void> {
    const word = { targetPid: 0, messageId, status: numberOf(ACKS, status), reply };
    await this.#ground.caller.call('acknowledge', word);
  }

  /** Where the kernel knows it still, its end; where that fails, it is over there already. */
  async #forget(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#here = [];
    this.#refusal = undefined;
    const subscription = await opened?.catch(() => undefined);
    if (subscription === undefined) return;
    await this.#ground.caller.call('unsubscribe', { subscription }).catch(() => undefined);
  }
}

/** Shorter where it is given up. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal?.addEventListener('abort', over, { once: true });
    if (signal?.aborted === true) over();
  });
}

/** What a take is refused with when the kernel begins anew from its journal, and after it. */
const LOST: ReadonlySet<string> = new Set(['not_found', 'unavailable', 'storage_full', 'internal']);

const isLost = (error: unknown): boolean => error instanceof HiveError && LOST.has(error.code);

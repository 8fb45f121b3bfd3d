// One agent of the ring: hands a message on to the next as often as is left of its hops. By its
// task it is told who is next, or puts one message into the ring and waits for one to end with it:
// with as many hops for each, every agent has one that ends there. It answers with the moments of
// both, on the clock that all processes of the machine share.

import { Agent, type Context, type Message, type Task, type TaskContext } from '@hivekernel/sdk';

const nowNs = (): number => Number(process.hrtime.bigint());

export default class Ringer extends Agent {
  #next = 0;
  #ended = Promise.withResolvers<number>();

  override async onTask({ params }: Task, ctx: TaskContext): Promise<string> {
    if (params['next'] !== undefined) {
      this.#next = Number(params['next']);
      return '[]';
    }
    this.#ended = Promise.withResolvers();
    const beganNs = nowNs();
    await ctx.send({ to: this.#next, payload: String(params['hops']) });
    return JSON.stringify([beganNs, await this.#ended.promise]);
  }

  override async onMessage(message: Message, ctx: Context): Promise<void> {
    const left = Number(message.text()) - 1;
    if (left === 0) this.#ended.resolve(nowNs());
    else await ctx.send({ to: this.#next, payload: String(left) });
  }
}

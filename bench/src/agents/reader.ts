// The receiver of `inbox`: handles what comes and remembers its order. Its task waits until there
// was so much, and answers with the moment of the last, on the clock that all processes of the
// machine share, and with how many were out of order.

import { Agent, type Message, type Task, type TaskContext } from '@hivekernel/sdk';
import { countMisplaced, PRIORITIES, type Handled } from '../inbox-order.ts';

/** The times are the senders', who had so much under way. */
const TIMES_WRONG_BY_MS = 5_000;

export default class Reader extends Agent {
  #handled: Handled[] = [];
  #lastNs = 0;
  #wake: () => void = () => undefined;

  override async onTask({ params }: Task, { signal }: TaskContext): Promise<string> {
    const count = Number(params['count']);
    while (this.#handled.length < count) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const misplaced = countMisplaced(this.#handled, TIMES_WRONG_BY_MS);
    this.#handled = [];
    return JSON.stringify([this.#lastNs, misplaced]);
  }

  override onMessage(message: Message): void {
    const [n, atMs] = message.text().split(' ').map(Number);
    if (n === undefined || atMs === undefined) throw new Error('not a message of this benchmark');
    const level = PRIORITIES.indexOf(message.priority);
    this.#handled.push({ from: message.from, level, atMs, n });
    this.#lastNs = Number(process.hrtime.bigint());
    this.#wake();
  }
}

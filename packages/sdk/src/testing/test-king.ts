// What the test does as the king of the test kernel, by the calls of a context. What is sent to the
// king is in `TestKernel.toKing`; nothing comes to these calls.
import { Caller } from '../context/caller.ts';
import { TopicCalls } from '../context/topics.ts';
import { MailDesk } from '../host/mail-desk.ts';
import type { KernelPort } from '../kernel-port.ts';
import { KING } from './test-table.ts';

export class TestKing extends TopicCalls {
  readonly #over = new AbortController();
  readonly signal: AbortSignal = this.#over.signal;

  constructor(port: KernelPort) {
    super(new Caller(port), { pid: KING, onExit: () => undefined, desk: new MailDesk() });
  }

  /** Its waits end. */
  stop(): void {
    this.#over.abort();
  }
}

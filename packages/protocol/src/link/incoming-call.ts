// One call as the daemon sees it: what is asked, and how it is answered. Answering may take as long
// as it takes and outlives the connection. After the session's end an answer goes nowhere, quietly.
import type { Call } from '../gen/link.ts';
import type { CallBody, ReplyBody } from './call-types.ts';

/** The session's side of a call. */
export interface CallOwner {
  /** The last reply of a call. */
  finish(call: IncomingCall, body: ReplyBody): void;
  /** One of many. */
  push(call: IncomingCall, body: ReplyBody): void;
  /** There is room for more of a stream. */
  readonly hasStreamRoom: boolean;
  onStreamRoom(listener: () => void): void;
}

export class IncomingCall {
  readonly id: number;
  readonly pid: number;
  readonly taskId: string;
  readonly body: CallBody;
  /** Of the encoded call; tells a repeat from another call. */
  readonly fingerprint: number;
  readonly #owner: CallOwner;
  /** The encoded last reply, until it is acknowledged. */
  lastReply: Uint8Array | undefined;
  #isOpen = true;
  #isCancelled = false;
  /** Made when somebody waits: most calls never have one. */
  #wakers: (() => void)[] | undefined;

  constructor(options: { call: Call; body: CallBody; fingerprint: number; owner: CallOwner }) {
    this.id = options.call.id;
    this.pid = options.call.pid;
    this.taskId = options.call.taskId;
    this.body = options.body;
    this.fingerprint = options.fingerprint;
    this.#owner = options.owner;
  }

  /** False after the last reply, and after the session's end. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The client gave it up: the sooner it is answered the better, with anything. */
  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** The last, or only, reply. Ignored when the call is not open. */
  reply(body: ReplyBody): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#owner.finish(this, body);
    this.#wake();
  }

  /** The last reply, a refusal. `code` is of the kernel's closed list. */
  fail(code: string, message: string, details: Readonly<Record<string, string>> = {}): void {
    this.reply({ $case: 'error', value: { code, message, details: { ...details } } });
  }

  /** One of many replies. False: the window is full, await `drained()` before the next. */
  push(body: ReplyBody): boolean {
    if (!this.#isOpen) return false;
    this.#owner.push(this, body);
    return this.#owner.hasStreamRoom;
  }

  /** Resolves when there is room for a `push`, or the call is over or cancelled: look at both. */
  drained(): Promise<void> {
    if (!this.#isOpen || this.#isCancelled || this.#owner.hasStreamRoom) return Promise.resolve();
    return new Promise((resolve) => {
      (this.#wakers ??= []).push(resolve);
      this.#owner.onStreamRoom(resolve);
    });
  }

  /** For the session: the client gave it up. */
  cancel(): void {
    this.#isCancelled = true;
    this.#wake();
  }

  /** For the session: it is over without a reply. */
  abandon(): void {
    this.#isOpen = false;
    this.#wake();
  }

  #wake(): void {
    if (!this.#wakers) return;
    for (const wake of this.#wakers.splice(0)) wake();
  }
}

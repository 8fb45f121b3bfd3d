// What an agent does with messages by itself: sending, asking and waiting. Part of the context;
// what comes without being waited for goes to `onMessage`. Who waits for what is
// host/mail-desk.ts.
//   M8. A send that resolves is durable; it is refused otherwise, never lost.
//   M9. A request has a deadline: nobody is given it later. M11. A wait takes a message, or
//       nothing.
//   A wait ends with the task or process that it is made for. It is no silence: the kernel is told
//   how long a task may wait (S6).
import type { agent as wire } from '@hivekernel/protocol';
import { anySignal, patience } from '../deadline.ts';
import type { CallOptions } from '../deadline.ts';
import { HiveError } from '../hive-error.ts';
import type { MailDesk, Wanted } from '../host/mail-desk.ts';
import type { Payload } from '../payload.ts';
import { refuseIf } from './caller.ts';
import type { Caller } from './caller.ts';
import { LifeCalls } from './lifecycle.ts';
import type { OnExit } from './lifecycle.ts';
import { Message } from './message.ts';
import { sendToWire } from './requests.ts';
import type { SendOptions } from './requests.ts';

export interface Inbox {
  readonly messages: readonly Message[];
  /** How many wait in all. */
  readonly total: number;
}

/** All of a message but whom it is for and what is in it. */
export type SendDetails = Omit<SendOptions, 'to' | 'payload'> & CallOptions;

export interface RequestOptions {
  /** Of the request. Default: `request`. */
  readonly type?: string | undefined;
  readonly priority?: SendOptions['priority'];
  /** How long the reply may take. Default: one minute. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ReceiveOptions extends Wanted {
  /** Left out: until one comes, or the task or process ends. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const REQUEST_TIMEOUT_MS = 60_000;

export abstract class MailCalls extends LifeCalls {
  abstract readonly signal: AbortSignal;
  readonly #desk: MailDesk;

  constructor(
    caller: Caller,
    self: { readonly pid: number; readonly onExit: OnExit; readonly desk: MailDesk },
  ) {
    super(caller, self);
    this.#desk = self.desk;
  }

  /**
   * Resolves to the message's id once it is durable: it will not be lost. The receiver is a pid, or
   * an address: `ctx.send('/queen/lead-1', 'stop')`.
   */
  send(message: SendOptions, options?: CallOptions): Promise<string>;
  send(to: number | string, payload: Payload, details?: SendDetails): Promise<string>;
  async send(
    what: SendOptions | number | string,
    second?: Payload | CallOptions,
    details: SendDetails = {},
  ): Promise<string> {
    if (typeof what === 'object') return this.#send(what, second as CallOptions | undefined);
    const message = { ...details, to: what, payload: second as Payload };
    return this.#send(message, patience(details));
  }

  /**
   * Asks, and resolves to the reply (`message.reply(…)`). Rejects with `timed_out`; with
   * `permission_denied` where the receiver rejected it, and `unavailable` where it is gone. Nobody
   * is handed the request when its time is over.
   */
  async request(
    to: number | string,
    payload: Payload,
    options: RequestOptions = {},
  ): Promise<Message> {
    const { type = 'request', priority, timeoutMs = REQUEST_TIMEOUT_MS } = options;
    if (!(timeoutMs > 0)) throw new HiveError('invalid_argument', 'A request needs some time.');
    const signal = this.waitSignal(options.signal);
    const deadlineMs = Date.now() + timeoutMs;
    const order = { to, payload, type, priority, deadlineMs };
    const reply = await this.patiently(timeoutMs, () =>
      this.#desk.request(() => this.#send(order, { signal }), { timeoutMs, signal }),
    );
    return this.messageFromWire(reply);
  }

  /**
   * Takes the next message that comes, or waits already for somebody to take it. It counts as
   * accepted then. `timed_out` and a fired signal leave what is there where it is; several waiters
   * are served in order. See `Agent.receives` for what is kept until somebody asks.
   */
  async receive(options: ReceiveOptions = {}): Promise<Message> {
    const { type, from, timeoutMs } = options;
    const signal = this.waitSignal(options.signal);
    const message = await this.patiently(timeoutMs, () =>
      this.#desk.receive({ type, from }, { timeoutMs, signal }),
    );
    return this.messageFromWire(message);
  }

  /** What waits in an inbox, in the order of delivery, without taking it. */
  async inbox(pid = 0, options?: CallOptions): Promise<Inbox> {
    const reply = await this.caller.call('listInbox', { pid, queue: '' }, options);
    const messages = reply.messages.map((message) => this.messageFromWire(message));
    return { messages, total: reply.total };
  }

  /** For the runner: a wire message with its way back. */
  messageFromWire(message: wire.AgentMessage): Message {
    return new Message(message, (reply) => this.send({ ...reply, type: 'reply' }));
  }

  /** A wait of at most so long; undefined: without end. */
  protected async patiently<T>(_maxMs: number | undefined, work: () => Promise<T>): Promise<T> {
    return work();
  }

  /** What begins after a cancel cleans up, and is not ended by it. */
  protected waitSignal(asked: AbortSignal | undefined): AbortSignal | undefined {
    return anySignal(asked, this.signal.aborted ? undefined : this.signal);
  }

  async #send(message: SendOptions, options: CallOptions | undefined): Promise<string> {
    const reply = await this.caller.call('send', sendToWire(message), options);
    refuseIf(!reply.delivered, reply);
    return reply.messageId;
  }
}

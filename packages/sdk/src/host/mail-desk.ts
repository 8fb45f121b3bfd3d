// The mail desk: who in this process waits for a message, and what waits for somebody. It is asked
// before any handler, at the moment when a message arrives, so that a handler may itself wait for
// the next message of the same sender.
//   M9. A reply, or the report that there will be none, goes to the request that it answers.
//   M11. Waiters are served in the order in which they came, each with the oldest message that it
//        wants; one that is given up or out of time takes nothing. A message is acknowledged when
//        a waiter has it, and not before.
// Of its messages none is ever dropped: what nobody waits for goes its way (message-lanes.ts).
import type { agent as wire } from '@hivekernel/protocol';
import { HiveError } from '../hive-error.ts';
import { RELATIONS, wordOf } from '../words.ts';
import { readReport, type EndReport } from './end-report.ts';

/** What a waiter wants; left out: any, save signals, escalations and copies. */
export interface Wanted {
  readonly type?: string | undefined;
  /** The sender, by pid or by address. */
  readonly from?: number | string | undefined;
}

export interface Waiting {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A message that no handler has yet, and that a waiter may still take. */
export interface Pending {
  readonly message: wire.AgentMessage;
  /** It has gone to a waiter. */
  take(): void;
}

interface Waiter {
  readonly wants: (message: wire.AgentMessage) => boolean;
  readonly resolve: (message: wire.AgentMessage) => void;
}

interface Request {
  readonly resolve: (message: wire.AgentMessage) => void;
  readonly reject: (error: HiveError) => void;
}

const COPY_PREFIX = 'sibling_traffic:';
const KING_PATH = '/king';
/** A timer that is set for longer fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class MailDesk {
  readonly #waiters = new Set<Waiter>();
  readonly #requests = new Map<string, Request>();
  readonly #pending = new Set<Pending>();
  /** Requests whose ids are not known yet: an answer may be faster than the answer to the send. */
  readonly #sending = new Set<Promise<unknown>>();

  /** True: a request or a waiter has it. */
  take(message: wire.AgentMessage): boolean {
    return this.#takeAnswer(message) || this.#takeWaited(message);
  }

  /** Where it may answer a request whose id is still on its way: resolves when that is known. */
  early(message: wire.AgentMessage): Promise<unknown> | undefined {
    if (this.#sending.size === 0 || message.replyTo === '') return undefined;
    return Promise.allSettled(this.#sending);
  }

  add(pending: Pending): void {
    this.#pending.add(pending);
  }

  delete(pending: Pending): void {
    this.#pending.delete(pending);
  }

  /** Rejects with `timed_out`, or with the signal's reason. */
  receive(wanted: Wanted, how: Waiting): Promise<wire.AgentMessage> {
    const wants = matcher(wanted);
    if (how.signal?.aborted === true) return Promise.reject(givenUp(how.signal));
    for (const pending of this.#pending) {
      if (!wants(pending.message)) continue;
      this.#pending.delete(pending);
      pending.take();
      return Promise.resolve(pending.message);
    }
    const { promise, resolve, reject } = Promise.withResolvers<wire.AgentMessage>();
    const waiter: Waiter = { wants, resolve };
    this.#waiters.add(waiter);
    const what = 'No message came';
    return this.#until(promise, { ...how, reject, what }, () => this.#waiters.delete(waiter));
  }

  /** `send` gives the request's id. Rejects as `receive`, and with what became of it instead. */
  async request(send: () => Promise<string>, how: Waiting): Promise<wire.AgentMessage> {
    const sent = send();
    this.#sending.add(sent);
    const { promise, resolve, reject } = Promise.withResolvers<wire.AgentMessage>();
    promise.catch(() => undefined);
    let id: string;
    try {
      id = await sent;
      this.#requests.set(id, { resolve, reject });
    } finally {
      this.#sending.delete(sent);
    }
    const what = `No reply to ${id} came`;
    return this.#until(promise, { ...how, reject, what }, () => this.#requests.delete(id));
  }

  #until(
    promise: Promise<wire.AgentMessage>,
    how: Waiting & { readonly reject: (error: Error) => void; readonly what: string },
    leave: () => void,
  ): Promise<wire.AgentMessage> {
    const { timeoutMs, signal, reject, what } = how;
    const timer = timeoutMs === undefined ? undefined : setTimeout(onTime, timerMs(timeoutMs));
    function onTime(): void {
      reject(new HiveError('timed_out', `${what} within ${timeoutMs} ms.`));
    }
    const onAbort = (): void => reject(givenUp(signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    return promise.finally(() => {
      leave();
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
  }

  #takeAnswer(message: wire.AgentMessage): boolean {
    if (message.replyTo === '') return false;
    const request = this.#requests.get(message.replyTo);
    if (request === undefined) return false;
    const report = readReport(message);
    if (report === undefined) request.resolve(message);
    else if (!report.isGood) request.reject(unanswered(report));
    // That it was accepted is no answer.
    if (report?.isGood !== true) this.#requests.delete(message.replyTo);
    return true;
  }

  #takeWaited(message: wire.AgentMessage): boolean {
    if (this.#waiters.size === 0) return false;
    for (const waiter of this.#waiters) {
      if (!waiter.wants(message)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(message);
      return true;
    }
    return false;
  }
}

/** What a plain `receive` takes, and what is kept for it. */
export function isOrdinary({ type, relation }: wire.AgentMessage): boolean {
  if (type === 'signal' && wordOf(RELATIONS, relation) === 'system') return false;
  return type !== 'escalation' && !type.startsWith(COPY_PREFIX);
}

function matcher({ type, from }: Wanted): (message: wire.AgentMessage) => boolean {
  const address = typeof from === 'string' ? wholeAddress(from) : undefined;
  return (message) => {
    if (type === undefined ? !isOrdinary(message) : message.type !== type) return false;
    if (from === undefined) return true;
    return address === undefined ? message.fromPid === from : message.fromAddress === address;
  };
}

/** P7: `/queen` and `queen` are `/king/queen`. */
function wholeAddress(text: string): string {
  const path = text.startsWith('/') ? text : `/${text}`;
  const isWhole = path === KING_PATH || path.startsWith(`${KING_PATH}/`);
  return isWhole ? path : `${KING_PATH}${path}`;
}

function unanswered({ status, detail }: EndReport): HiveError {
  const code = status === 'rejected' ? 'permission_denied' : 'unavailable';
  const message = `The request was not answered: ${detail}.`;
  return new HiveError(status === 'expired' ? 'timed_out' : code, message, { details: { status } });
}

export function givenUp(signal: AbortSignal | undefined): HiveError {
  const reason: unknown = signal?.reason;
  if (reason instanceof HiveError) return reason;
  const isTimeout = reason instanceof Error && reason.name === 'TimeoutError';
  const code = isTimeout ? 'timed_out' : 'cancelled';
  return new HiveError(code, 'The wait for a message was given up.', { cause: reason });
}

const timerMs = (ms: number): number => Math.min(Math.max(ms, 0), TIMER_MS_MAX);

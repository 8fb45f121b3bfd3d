// The client's calls that wait for a reply, in the order of their ids, with the encoded bytes for
// sending them again. A settled call is gone from here; what still arrives for it is ignored.
import type { Reply } from '../gen/link.ts';
import type { ReplyBody, ReplyCase } from './call-types.ts';
import { LinkCallError, fromCallError } from './link-error.ts';
import { LINK_LIMITS } from './link-limits.ts';

/** What a call's owner hears: replies until one has no `more`, or one error. */
export interface CallListener {
  /** The case that replies must have; a stream may also end with `done`. */
  readonly expected: ReplyCase;
  readonly isStream: boolean;
  onReply(body: ReplyBody, reply: Reply): void;
  onError(error: LinkCallError): void;
}

export interface Patience {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export class OpenCall {
  readonly id: number;
  readonly pid: number;
  readonly bytes: Uint8Array;
  readonly listener: CallListener;
  /** On some connection. One that was never sent needs no cancelling at the kernel. */
  wasSent = false;
  isSettled = false;
  #stopWatching: (() => void) | undefined;

  constructor(options: { id: number; pid: number; bytes: Uint8Array; listener: CallListener }) {
    this.id = options.id;
    this.pid = options.pid;
    this.bytes = options.bytes;
    this.listener = options.listener;
  }

  /** Gives the call up by `giveUp` when the signal aborts or the time is over. */
  watch(patience: Patience, giveUp: (error: LinkCallError) => void): void {
    const { signal, timeoutMs } = patience;
    const onAbort = (): void => {
      giveUp(new LinkCallError('cancelled', 'the call was aborted', { cause: signal?.reason }));
    };
    const onTimeout = (): void => {
      giveUp(new LinkCallError('timed_out', `no reply within ${timeoutMs} ms`));
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#stopWatching = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  }

  settle(): void {
    this.isSettled = true;
    this.#stopWatching?.();
  }
}

export class OpenCalls {
  readonly #calls = new Map<number, OpenCall>();
  #bytes = 0;

  get size(): number {
    return this.#calls.size;
  }

  all(): IterableIterator<OpenCall> {
    return this.#calls.values();
  }

  /** Throws `queue_full` at the limit and `too_large` for what no frame can hold. */
  add(call: OpenCall): void {
    const bytes = call.bytes.length;
    if (bytes > LINK_LIMITS.messageBytesMax) {
      throw new LinkCallError('too_large', `a call of ${bytes} bytes does not fit a frame`);
    }
    const isFull =
      this.#calls.size >= LINK_LIMITS.openCallsMax ||
      this.#bytes + bytes > LINK_LIMITS.openCallBytesMax;
    if (isFull) throw new LinkCallError('queue_full', `${this.#calls.size} calls are open`);
    this.#calls.set(call.id, call);
    this.#bytes += bytes;
  }

  /** Ends a call without telling its listener. False when it was settled before. */
  remove(call: OpenCall): boolean {
    if (call.isSettled) return false;
    call.settle();
    this.#calls.delete(call.id);
    this.#bytes -= call.bytes.length;
    return true;
  }

  fail(call: OpenCall, error: LinkCallError): void {
    if (this.remove(call)) call.listener.onError(error);
  }

  failAll(error: LinkCallError): void {
    for (const call of [...this.#calls.values()]) this.fail(call, error);
  }

  /** Hands a reply to its call; one for an unknown or settled call is ignored. */
  onReply(reply: Reply): void {
    const call = this.#calls.get(reply.id);
    if (!call) return;
    const { body } = reply;
    if (!body) {
      return this.fail(call, new LinkCallError('unimplemented', 'a reply of an unknown kind'));
    }
    if (body.$case === 'error') return this.fail(call, fromCallError(body.value));
    const { expected, isStream } = call.listener;
    if (body.$case !== expected && !(isStream && body.$case === 'done')) {
      const message = `the call wants a reply "${expected}", it got "${body.$case}"`;
      return this.fail(call, new LinkCallError('internal', message));
    }
    if (!reply.more) this.remove(call);
    call.listener.onReply(body, reply);
  }
}

// The daemon's side of its requests to a process: ids, the encoded bytes for sending them again,
// and who waits for which answer. An answer to nothing that waits is a stray: reported, never an
// error.
import { Request } from '../gen/link.ts';
import type { Answer } from '../gen/link.ts';
import type { AnswerBody, RequestBody } from './call-types.ts';
import { LinkCallError, fromCallError } from './link-error.ts';
import { LINK_LIMITS } from './link-limits.ts';
import { encodeMessage } from './message-codec.ts';

export type RequestCase = RequestBody['$case'];
export type RequestValue<Case extends RequestCase> = Extract<RequestBody, { $case: Case }>['value'];
export type AnswerValue<Case extends RequestCase> = Extract<AnswerBody, { $case: Case }>['value'];

interface OpenRequest {
  readonly pid: number;
  readonly kind: RequestCase;
  readonly bytes: Uint8Array;
  readonly resolve: (body: AnswerBody) => void;
  readonly reject: (error: LinkCallError) => void;
}

export class RequestTable {
  readonly #open = new Map<number, OpenRequest>();
  readonly #onUnsent: () => void;
  #unsent: number[] = [];
  #nextId = 1;

  /** `onUnsent`: something waits to be sent. */
  constructor(options: { onUnsent: () => void }) {
    this.#onUnsent = options.onUnsent;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Throws `queue_full` or `too_large`. The signal ends the waiting, with `cancelled`. */
  async ask(options: {
    pid: number;
    body: RequestBody;
    signal?: AbortSignal | undefined;
  }): Promise<AnswerBody> {
    const { pid, body, signal } = options;
    const id = this.#nextId;
    const bytes = encodeMessage(Request, { id, pid, body });
    this.#checkLimits(bytes.length);
    if (signal?.aborted) throw abandoned(signal);
    this.#nextId += 1;
    const onAbort = (): void => this.#giveUp(id, abandoned(signal));
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#open.set(id, { pid, kind: body.$case, bytes, resolve, reject });
        this.#unsent.push(id);
        this.#onUnsent();
      });
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** False: a stray. */
  settle(answer: Answer): boolean {
    const request = this.#open.get(answer.id);
    if (!request || request.pid !== answer.pid) return false;
    const { body } = answer;
    if (body && body.$case !== 'error' && body.$case !== request.kind) return false;
    this.#open.delete(answer.id);
    if (!body) {
      request.reject(new LinkCallError('internal', `an empty answer to "${request.kind}"`));
    } else if (body.$case === 'error') {
      request.reject(fromCallError(body.value));
    } else {
      request.resolve(body);
    }
    return true;
  }

  /** Takes the next one to send, if it fits. */
  takeUnsent(fits: (bytes: number) => boolean): Uint8Array | undefined {
    for (;;) {
      const id = this.#unsent[0];
      if (id === undefined) return undefined;
      const request = this.#open.get(id);
      if (request && !fits(request.bytes.length)) return undefined;
      this.#unsent.shift();
      if (request) return request.bytes;
    }
  }

  /** On a new connection: everything unanswered is to be sent again. */
  rewind(): void {
    this.#unsent = [...this.#open.keys()];
  }

  rejectAll(error: LinkCallError): void {
    for (const id of [...this.#open.keys()]) this.#giveUp(id, error);
  }

  #giveUp(id: number, error: LinkCallError): void {
    const request = this.#open.get(id);
    this.#open.delete(id);
    request?.reject(error);
  }

  #checkLimits(bytes: number): void {
    if (bytes > LINK_LIMITS.messageBytesMax) {
      throw new LinkCallError('too_large', `a request of ${bytes} bytes does not fit a frame`);
    }
    if (this.#open.size >= LINK_LIMITS.openRequestsMax) {
      throw new LinkCallError('queue_full', `${this.#open.size} requests wait for an answer`);
    }
  }
}

function abandoned(signal: AbortSignal | undefined): LinkCallError {
  const cause: unknown = signal?.reason;
  const isTimeout = cause instanceof Error && cause.name === 'TimeoutError';
  return isTimeout
    ? new LinkCallError('timed_out', 'the process did not answer in time', { cause })
    : new LinkCallError('cancelled', 'the request was given up', { cause });
}

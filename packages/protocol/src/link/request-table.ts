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

/** Who waits for an answer: exactly one of the two is called, once. */
export interface AnswerListener<Case extends RequestCase = RequestCase> {
  onAnswer(value: AnswerValue<Case>): void;
  /** What the process answered, or why no answer will come. */
  onFailed(error: LinkCallError): void;
}

interface OpenRequest {
  readonly pid: number;
  readonly kind: RequestCase;
  readonly bytes: Uint8Array;
  readonly listener: AnswerListener;
}

export class RequestTable {
  readonly #open = new Map<number, OpenRequest>();
  readonly #onUnsent: () => void;
  #unsent: number[] = [];
  /** Where in `#unsent` the next one is. */
  #unsentFrom = 0;
  #nextId = 1;

  /** `onUnsent`: something waits to be sent. */
  constructor(options: { onUnsent: () => void }) {
    this.#onUnsent = options.onUnsent;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The id to give it up by. Throws `queue_full` or `too_large`. */
  ask(options: { pid: number; body: RequestBody; listener: AnswerListener }): number {
    const { pid, body, listener } = options;
    const id = this.#nextId;
    const bytes = encodeMessage(Request, { id, pid, body });
    this.#checkLimits(bytes.length);
    this.#nextId += 1;
    this.#open.set(id, { pid, kind: body.$case, bytes, listener });
    this.#unsent.push(id);
    this.#onUnsent();
    return id;
  }

  /** Nobody waits any more: the listener is told why. */
  giveUp(id: number, error: LinkCallError): void {
    const request = this.#open.get(id);
    if (request === undefined) return;
    this.#open.delete(id);
    request.listener.onFailed(error);
  }

  /** False: a stray. */
  settle(answer: Answer): boolean {
    const request = this.#open.get(answer.id);
    if (!request || request.pid !== answer.pid) return false;
    const { body } = answer;
    if (body && body.$case !== 'error' && body.$case !== request.kind) return false;
    this.#open.delete(answer.id);
    const { listener, kind } = request;
    if (!body) {
      listener.onFailed(new LinkCallError('internal', `an empty answer to "${kind}"`));
    } else if (body.$case === 'error') {
      listener.onFailed(fromCallError(body.value));
    } else {
      listener.onAnswer(body.value);
    }
    return true;
  }

  /** Takes the next one to send, if it fits. */
  takeUnsent(fits: (bytes: number) => boolean): Uint8Array | undefined {
    while (this.#unsentFrom < this.#unsent.length) {
      const request = this.#open.get(this.#unsent[this.#unsentFrom]!);
      if (request && !fits(request.bytes.length)) return undefined;
      this.#unsentFrom += 1;
      if (request) return request.bytes;
    }
    this.#unsent = [];
    this.#unsentFrom = 0;
    return undefined;
  }

  /** On a new connection: everything unanswered is to be sent again. */
  rewind(): void {
    this.#unsent = [...this.#open.keys()];
    this.#unsentFrom = 0;
  }

  rejectAll(error: LinkCallError): void {
    for (const id of [...this.#open.keys()]) this.giveUp(id, error);
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

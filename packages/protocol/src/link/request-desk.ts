// The client's side of the kernel's requests: each is handed to the handler once, however often the
// kernel asks, and its answer is kept for a kernel that asks again after a broken connection.
//   A question that crossed its answer is not answered twice on one connection.
//   An answer belongs to the boot of the kernel that asked: after another boot it is dropped, since
//   the new kernel numbers its requests anew and asks again for what it still wants.
import { Answer } from '../gen/link.ts';
import type { Request } from '../gen/link.ts';
import type { AnswerBody, RequestBody } from './call-types.ts';
import { LinkCallError, toCallError } from './link-error.ts';
import { LINK_LIMITS } from './link-limits.ts';
import { encodeMessage } from './message-codec.ts';

export interface IncomingRequest {
  readonly id: number;
  readonly pid: number;
  readonly body: RequestBody;
}

/** What it throws or rejects with is the answer; a `code` of the closed list travels with it. */
export type RequestHandler = (request: IncomingRequest) => AnswerBody | Promise<AnswerBody>;

interface KeptAnswer {
  readonly bytes: Uint8Array;
  /** The connection, by number, on which it was sent last. */
  sentOn: number;
}

export class RequestDesk {
  readonly #handler: RequestHandler | undefined;
  readonly #send: (answer: Uint8Array) => boolean;
  /** Request id to its answer; undefined while the handler is at it. */
  #requests = new Map<number, KeptAnswer | undefined>();
  /** Those of `#requests` that have an answer, the oldest first, from `#keptFrom` on. */
  #keptIds: number[] = [];
  #keptFrom = 0;
  #keptBytes = 0;
  #highestId = 0;
  #bootCount = 0;
  #connectionCount = 1;

  /** `send` gives false when there is no connection to send on. */
  constructor(options: {
    handler: RequestHandler | undefined;
    send: (answer: Uint8Array) => boolean;
  }) {
    this.#handler = options.handler;
    this.#send = options.send;
  }

  take(request: Request): void {
    if (request.id > this.#highestId) return this.#begin(request);
    if (!this.#requests.has(request.id)) {
      const error = new LinkCallError(
        'unknown_outcome',
        `request ${request.id} was answered, and its answer is no longer kept`,
      );
      this.#send(encodeAnswer(request, { $case: 'error', value: toCallError(error) }));
      return;
    }
    const answer = this.#requests.get(request.id);
    if (answer) this.#sendOnce(answer);
  }

  /** The connection is gone, and with it perhaps the answers that were sent on it. */
  onDetached(): void {
    this.#connectionCount += 1;
  }

  /** Another kernel is at the other end: forget what the old one asked. */
  forget(): void {
    this.#bootCount += 1;
    this.#requests = new Map();
    this.#keptIds = [];
    this.#keptFrom = 0;
    this.#keptBytes = 0;
    this.#highestId = 0;
  }

  #begin(request: Request): void {
    this.#highestId = request.id;
    this.#requests.set(request.id, undefined);
    const bytes = this.#run(request);
    if (!(bytes instanceof Promise)) return this.#finish(request.id, bytes);
    const boot = this.#bootCount;
    void bytes.then((late) => {
      if (boot === this.#bootCount) this.#finish(request.id, late);
    });
  }

  #finish(id: number, bytes: Uint8Array): void {
    const answer = { bytes, sentOn: 0 };
    this.#keep(id, answer);
    this.#sendOnce(answer);
  }

  #sendOnce(answer: KeptAnswer): void {
    if (answer.sentOn === this.#connectionCount) return;
    if (this.#send(answer.bytes)) answer.sentOn = this.#connectionCount;
  }

  /** Never throws or rejects. */
  #run(request: Request): Uint8Array | Promise<Uint8Array> {
    try {
      const { id, pid, body } = request;
      if (!body || !this.#handler) throw unknownRequest(request);
      const answer = this.#handler({ id, pid, body });
      if (!(answer instanceof Promise)) return encodeAnswer(request, answer);
      return this.#encodeLater(request, answer);
    } catch (error) {
      return encodeFailure(request, error);
    }
  }

  async #encodeLater(request: Request, answer: Promise<AnswerBody>): Promise<Uint8Array> {
    try {
      return encodeAnswer(request, await answer);
    } catch (error) {
      return encodeFailure(request, error);
    }
  }

  #keep(id: number, answer: KeptAnswer): void {
    this.#requests.set(id, answer);
    this.#keptIds.push(id);
    this.#keptBytes += answer.bytes.length;
    while (this.#isOverLimit) this.#dropOldest();
    if (this.#keptFrom < LINK_LIMITS.keptAnswersMax) return;
    this.#keptIds = this.#keptIds.slice(this.#keptFrom);
    this.#keptFrom = 0;
  }

  get #isOverLimit(): boolean {
    const count = this.#keptIds.length - this.#keptFrom;
    const { keptAnswersMax, keptAnswerBytesMax } = LINK_LIMITS;
    return count > keptAnswersMax || (count > 0 && this.#keptBytes > keptAnswerBytesMax);
  }

  #dropOldest(): void {
    const id = this.#keptIds[this.#keptFrom]!;
    this.#keptFrom += 1;
    this.#keptBytes -= this.#requests.get(id)?.bytes.length ?? 0;
    this.#requests.delete(id);
  }
}

function unknownRequest(request: Request): LinkCallError {
  const what = request.body?.$case ?? 'of an unknown kind';
  return new LinkCallError('unimplemented', `request ${request.id} (${what}) has no handler`);
}

function encodeAnswer(request: Request, body: AnswerBody): Uint8Array {
  const answer = encodeMessage(Answer, { id: request.id, pid: request.pid, body });
  if (answer.length <= LINK_LIMITS.messageBytesMax) return answer;
  const message = `an answer of ${answer.length} bytes does not fit a frame`;
  const value = toCallError(new LinkCallError('too_large', message));
  return encodeMessage(Answer, {
    id: request.id,
    pid: request.pid,
    body: { $case: 'error', value },
  });
}

const encodeFailure = (request: Request, error: unknown): Uint8Array =>
  encodeAnswer(request, { $case: 'error', value: toCallError(error) });

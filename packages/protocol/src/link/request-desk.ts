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
export type RequestHandler = (request: IncomingRequest) => Promise<AnswerBody>;

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
  #keptCount = 0;
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
    this.#keptCount = 0;
    this.#keptBytes = 0;
    this.#highestId = 0;
  }

  #begin(request: Request): void {
    this.#highestId = request.id;
    this.#requests.set(request.id, undefined);
    const boot = this.#bootCount;
    void this.#run(request).then((bytes) => {
      if (boot !== this.#bootCount) return;
      const answer = { bytes, sentOn: 0 };
      this.#keep(request.id, answer);
      this.#sendOnce(answer);
    });
  }

  #sendOnce(answer: KeptAnswer): void {
    if (answer.sentOn === this.#connectionCount) return;
    if (this.#send(answer.bytes)) answer.sentOn = this.#connectionCount;
  }

  /** Never rejects. */
  async #run(request: Request): Promise<Uint8Array> {
    try {
      const { id, pid, body } = request;
      if (!body || !this.#handler) throw unknownRequest(request);
      return encodeAnswer(request, await this.#handler({ id, pid, body }));
    } catch (error) {
      return encodeAnswer(request, { $case: 'error', value: toCallError(error) });
    }
  }

  #keep(id: number, answer: KeptAnswer): void {
    this.#requests.set(id, answer);
    this.#keptCount += 1;
    this.#keptBytes += answer.bytes.length;
    for (const [oldId, old] of this.#requests) {
      const isOver =
        this.#keptCount > LINK_LIMITS.keptAnswersMax ||
        this.#keptBytes > LINK_LIMITS.keptAnswerBytesMax;
      if (!isOver) return;
      if (old) {
        this.#requests.delete(oldId);
        this.#keptCount -= 1;
        this.#keptBytes -= old.bytes.length;
      }
    }
  }
}

function unknownRequest(request: Request): LinkCallError {
  const what = request.body?.$case ?? 'of an unknown kind';
  return new LinkCallError('unimplemented', `request ${request.id} (${what}) has no handler`);
}

function encodeAnswer(request: Request, body: AnswerBody): Uint8Array {
  const answer = encodeMessage(Answer, { id: request.id, pid: request.pid, body });
  if (answer.length <= LINK_LIMITS.messageBytesMax) return answer;
  const error = new LinkCallError('too_large', `an answer of ${answer.length} bytes`);
  const value = toCallError(error);
  return encodeMessage(Answer, {
    id: request.id,
    pid: request.pid,
    body: { $case: 'error', value },
  });
}

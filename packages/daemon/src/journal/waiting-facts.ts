// Facts that could not be told to the kernel, or whose events could not be written. A fact cannot
// be refused, so they wait here, in order, each with the content that it carries.

import { KernelError, type Blob, type Content, type Fact } from '@hivekernel/kernel';

/** Beyond it, nobody can promise that none is lost. */
const FACTS_WAITING_MAX = 1_000_000;

export interface WaitingFact {
  readonly fact: Fact;
  readonly blobs: readonly Blob[];
}

type FindBlob = (hash: string) => Blob | undefined;

export class WaitingFacts {
  #waiting: WaitingFact[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  /** Throws `queue_full`. */
  add(fact: Fact, find: FindBlob): void {
    if (this.#waiting.length >= FACTS_WAITING_MAX) {
      const what = `${FACTS_WAITING_MAX} reports of the world wait for the journal`;
      throw new KernelError('queue_full', `${what}, which is the limit.`);
    }
    this.#waiting.push({ fact, blobs: blobsOf(fact, find) });
  }

  /** These came before those that wait. */
  putBack(facts: readonly Fact[], find: FindBlob): void {
    if (facts.length === 0) return;
    const earlier = facts.map((fact) => ({ fact, blobs: blobsOf(fact, find) }));
    this.#waiting = [...earlier, ...this.#waiting];
  }

  takeAll(): WaitingFact[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }
}

function blobsOf(fact: Fact, find: FindBlob): readonly Blob[] {
  return contentsOf(fact).flatMap(({ hash }) => (hash === undefined ? [] : (find(hash) ?? [])));
}

/** The replies that come with acknowledgements, a state to be kept, what a process told of itself. */
function contentsOf(fact: Fact): readonly Content[] {
  switch (fact.fact) {
    case 'acked':
      return fact.acks.flatMap(({ reply }) => reply ?? []);
    case 'checkpointed':
    case 'dumped':
      return [fact.content];
    default:
      return [];
  }
}

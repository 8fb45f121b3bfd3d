// Facts that could not be told to the kernel, or whose events could not be written. A fact cannot
// be refused, so they wait here, in order, each with the content that it carries.
//   Progress makes no event: the newest of each process is all that is kept of it, however long the
//   wait (S6).

import { KernelError, type Blob, type Content, type Fact, type Pid } from '@hivekernel/kernel';

/** Beyond it, nobody can promise that none is lost. */
const FACTS_WAITING_MAX = 1_000_000;

export interface WaitingFact {
  readonly fact: Fact;
  readonly blobs: readonly Blob[];
}

type Progress = Extract<Fact, { fact: 'progressed' }>;
type FindBlob = (hash: string) => Blob | undefined;

export class WaitingFacts {
  #waiting: WaitingFact[] = [];
  readonly #progress = new Map<Pid, Progress>();

  /** Of those that lead to events. */
  get count(): number {
    return this.#waiting.length;
  }

  /** Throws `queue_full`. */
  add(fact: Fact, find: FindBlob): void {
    if (fact.fact === 'progressed') {
      this.#progress.set(fact.pid, fact);
      return;
    }
    if (this.#waiting.length >= FACTS_WAITING_MAX) {
      const what = `${FACTS_WAITING_MAX} reports of the world wait for the journal`;
      throw new KernelError('queue_full', `${what}, which is the limit.`);
    }
    this.#waiting.push({ fact, blobs: blobsOf(fact, find) });
  }

  /** These came before those that wait. */
  putBack(facts: readonly Fact[], find: FindBlob): void {
    if (facts.length === 0) return;
    const earlier: WaitingFact[] = [];
    for (const fact of facts) {
      if (fact.fact !== 'progressed') earlier.push({ fact, blobs: blobsOf(fact, find) });
    }
    this.#waiting = [...earlier, ...this.#waiting];
    this.#putBackProgress(facts);
  }

  takeAll(): WaitingFact[] {
    const progress = [...this.#progress.values()].map((fact) => ({ fact, blobs: [] }));
    const waiting = [...this.#waiting, ...progress];
    this.#waiting = [];
    this.#progress.clear();
    return waiting;
  }

  #putBackProgress(facts: readonly Fact[]): void {
    for (const fact of facts.toReversed()) {
      const isNewest = fact.fact === 'progressed' && !this.#progress.has(fact.pid);
      if (isNewest) this.#progress.set(fact.pid, fact);
    }
  }
}

function blobsOf(fact: Fact, find: FindBlob): readonly Blob[] {
  return contentsOf(fact).flatMap(({ hash }) => (hash === undefined ? [] : (find(hash) ?? [])));
}

/** Replies that come with acknowledgements, a state to be kept, what a process told of itself. */
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

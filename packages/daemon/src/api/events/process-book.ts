// The process book: names and parents of processes, for observers. Events name most processes by
// pid only; the book knows the rest, also of those that are no more, as far as it has seen them.
//   A process stays where it was first seen: what an orphan does still belongs to the branch in
//   which it was born or found. Only who was moved (P11) is where the last move has put it, also
//   for what it did before.
// Not the kernel's table: nothing is decided by what stands here.

import { KING_PID, NO_PID } from '@hivekernel/kernel';
import type { Event, EventOf, ProcessView } from '@hivekernel/kernel';
import type { Host } from '../../journal/host.ts';

interface Page {
  readonly name: string;
  parent: number;
  /** The event up to which `parent` is known: older moves are read again and change nothing. */
  parentSeq: number;
  isRemoved: boolean;
}

type BookHost = Pick<Host, 'call' | 'onDurable' | 'durableSeq'>;

/** Pages of processes that the kernel has forgotten; the oldest go first. */
const REMOVED_KEPT_MAX = 100_000;

let booksOpened = 0;

export class ProcessBook {
  readonly #host: BookHost;
  readonly #pages = new Map<number, Page>();
  #removed: number[] = [];
  #opening: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: { host: BookHost }) {
    this.#host = options.host;
  }

  /** Reads who is there, once, and keeps up from then on. Rejects with what the kernel says. */
  open(): Promise<void> {
    this.#opening ??= this.#fill().catch((error: unknown) => {
      this.close();
      throw error;
    });
    return this.#opening;
  }

  close(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#opening = undefined;
  }

  /** Empty where it was never seen. */
  nameOf(pid: number): string {
    return this.#pages.get(pid)?.name ?? '';
  }

  /** Itself, or somewhere under it. */
  isWithin(pid: number, root: number): boolean {
    let at = pid;
    // Parents of different times stand beside each other: only the number of pages bounds the way.
    for (let steps = 0; steps <= this.#pages.size && at !== NO_PID; steps += 1) {
      if (at === root) return true;
      at = this.#pages.get(at)?.parent ?? NO_PID;
    }
    return false;
  }

  /** Also for older events, as somebody reads them again. */
  note(event: Event): void {
    if (event.kind === 'process.spawned') {
      const { pid, parent, spec } = event.body;
      this.#enter(pid, { name: spec.name, parent, parentSeq: event.seq, isRemoved: false });
    } else if (event.kind === 'process.reparented') {
      this.#move(event);
    } else if (event.kind === 'process.removed' || event.kind === 'process.start_failed') {
      this.#remove(event.body.pid);
    }
  }

  async #fill(): Promise<void> {
    let early: Event[] | undefined = [];
    this.#unsubscribe = this.#host.onDurable((events) => {
      early?.push(...events);
      for (const event of events) this.note(event);
    });
    // The list holds at least what is durable now.
    const parentSeq = this.#host.durableSeq;
    for (const { pid, name, ppid: parent } of await this.#list()) {
      this.#enter(pid, { name, parent, parentSeq, isRemoved: false });
    }
    // Of those that were not known yet, what befell them while the list was under way.
    for (const event of early) this.note(event);
    early = undefined;
  }

  #list(): Promise<readonly ProcessView[]> {
    booksOpened += 1;
    const ref = { channel: `process-book-${booksOpened}`, pid: KING_PID, id: 1 };
    return new Promise((resolve, reject) => {
      this.#host.call(
        {
          name: 'list_processes',
          args: { root: NO_PID, includeDead: true },
          ref,
          task: null,
          isOperator: true,
        },
        (result) => {
          if (result.ok) resolve(result.value as readonly ProcessView[]);
          else reject(result.error);
        },
      );
    });
  }

  #enter(pid: number, page: Page): void {
    if (!this.#pages.has(pid)) this.#pages.set(pid, page);
  }

  #move({ seq, body }: EventOf<'process.reparented'>): void {
    const page = this.#pages.get(body.pid);
    if (page === undefined || page.parentSeq >= seq) return;
    page.parent = body.to;
    page.parentSeq = seq;
  }

  #remove(pid: number): void {
    const page = this.#pages.get(pid);
    if (page === undefined || page.isRemoved) return;
    page.isRemoved = true;
    this.#removed.push(pid);
    if (this.#removed.length < 2 * REMOVED_KEPT_MAX) return;
    for (const old of this.#removed.splice(0, REMOVED_KEPT_MAX)) this.#pages.delete(old);
  }
}

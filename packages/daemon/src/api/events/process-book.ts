// The process book: names and parents of processes, for observers. Events name most processes by
// pid only; the book knows the rest, also of those that are no more, as far as it has seen them.
//   A process stays where it was first seen: what an orphan does still belongs to the branch in
//   which it was born or found.
// Not the kernel's table: nothing is decided by what stands here.

import { KING_PID, NO_PID } from '@hivekernel/kernel';
import type { Event, ProcessView } from '@hivekernel/kernel';
import type { Host } from '../../journal/host.ts';

interface Page {
  readonly name: string;
  readonly parent: number;
  isRemoved: boolean;
}

/** Pages of processes that the kernel has forgotten; the oldest go first. */
const REMOVED_KEPT_MAX = 100_000;

let booksOpened = 0;

export class ProcessBook {
  readonly #host: Pick<Host, 'call' | 'onDurable'>;
  readonly #pages = new Map<number, Page>();
  #removed: number[] = [];
  #opening: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: { host: Pick<Host, 'call' | 'onDurable'> }) {
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

  /** Itself, or born somewhere under it. */
  isWithin(pid: number, root: number): boolean {
    for (let at = pid; at !== NO_PID;) {
      if (at === root) return true;
      const page = this.#pages.get(at);
      // A parent is older than its child, so this ends.
      if (page === undefined || page.parent >= at) return false;
      at = page.parent;
    }
    return false;
  }

  /** Also for older events, as somebody reads them again. */
  note(event: Event): void {
    if (event.kind === 'process.spawned') {
      const { pid, parent, spec } = event.body;
      this.#enter(pid, { name: spec.name, parent, isRemoved: false });
    } else if (event.kind === 'process.removed' || event.kind === 'process.start_failed') {
      this.#remove(event.body.pid);
    }
  }

  async #fill(): Promise<void> {
    this.#unsubscribe = this.#host.onDurable((events) => {
      for (const event of events) this.note(event);
    });
    for (const view of await this.#list()) {
      this.#enter(view.pid, { name: view.name, parent: view.ppid, isRemoved: false });
    }
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

  #remove(pid: number): void {
    const page = this.#pages.get(pid);
    if (page === undefined || page.isRemoved) return;
    page.isRemoved = true;
    this.#removed.push(pid);
    if (this.#removed.length < 2 * REMOVED_KEPT_MAX) return;
    for (const old of this.#removed.splice(0, REMOVED_KEPT_MAX)) this.#pages.delete(old);
  }
}

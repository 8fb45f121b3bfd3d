// Lines: what waits in one place, sorted once more for those who want only some of it (M9).
//   One line for all whose wants are the same, made with the first of them and gone with the last.
//   What a line does not want is not in it, so that nobody passes it over again and again.
//   What was taken, or is gone, leaves a line when it comes to its head; a line that holds mostly
//   such is made anew.
// Volatile throughout.

import { Heap, type Heaped } from '../events/heap.ts';
import type { Held } from './hand.ts';
import { isEarlier, type Posted } from './posted.ts';
import { isWanted, wantsKey, type Wants } from './wants.ts';

interface Entry<M extends Posted> extends Heaped {
  readonly held: Held<M>;
}

export interface Line<M extends Posted> {
  readonly wants: Wants;
  users: number;
  heap: Heap<Entry<M>>;
}

const STALE_MIN = 64;

export class Lines<M extends Posted> {
  readonly #lines = new Map<string, Line<M>>();
  readonly #all: () => Iterable<Held<M>>;

  constructor(all: () => Iterable<Held<M>>) {
    this.#all = all;
  }

  open(wants: Wants): Line<M> {
    const key = wantsKey(wants);
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = { wants, users: 0, heap: emptyHeap() };
      this.#lines.set(key, line);
      this.#fill(line);
    }
    line.users += 1;
    return line;
  }

  close(line: Line<M>): void {
    line.users -= 1;
    if (line.users === 0) this.#lines.delete(wantsKey(line.wants));
  }

  /** It waits, or waits again. `depth`: how many there are in all. */
  add(held: Held<M>, depth: number): void {
    if (this.#lines.size === 0) return;
    for (const line of this.#lines.values()) {
      if (!isWanted(line.wants, held.message)) continue;
      line.heap.add({ held, index: -1 });
      if (line.heap.size > depth * 2 + STALE_MIN) this.#fill(line);
    }
  }

  /** Which of the line is next. */
  firstOf({ heap }: Line<M>): Held<M> | undefined {
    for (let entry = heap.first; entry !== undefined; entry = heap.first) {
      if (isFree(entry.held)) return entry.held;
      heap.delete(entry);
    }
    return undefined;
  }

  #fill(line: Line<M>): void {
    line.heap = emptyHeap();
    for (const held of this.#all()) {
      if (held.hand !== undefined || !isWanted(line.wants, held.message)) continue;
      line.heap.add({ held, index: -1 });
    }
  }
}

/** What stands still with its lane is none that may be taken: it is added again with its start. */
const isFree = <M extends Posted>({ isRemoved, hand, lane }: Held<M>): boolean =>
  !isRemoved && hand === undefined && lane?.isStopped !== true;

const emptyHeap = <M extends Posted>(): Heap<Entry<M>> =>
  new Heap<Entry<M>>((a, b) => isEarlier(a.held.message, b.held.message));

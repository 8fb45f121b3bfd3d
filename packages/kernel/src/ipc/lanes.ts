// Lanes: what waits in one place, by sender and priority. Within a lane messages go in the order
// in which they came; which lane is next is a heap's word, by the key of its first.
//   M4. The key `priority * agingMs + enqueued` never changes, so nothing is ever sorted again.
//   M6. A lane whose delivery failed stops, and goes on from its oldest message with the same ids;
//       no other lane waits for it.
// Volatile throughout: what is in a hand, and who is stopped, is made anew from what is held.

import { Heap, type Heaped } from '../events/heap.ts';
import type { Pid, Seq } from '../ids.ts';
import type { Held } from './hand.ts';
import { isEarlier, type Posted } from './posted.ts';

export interface LaneName {
  readonly from: Pid;
  readonly priority: number;
}

export interface Lane<M extends Posted> extends Heaped {
  readonly name: LaneName;
  /** In the order of their seqs. */
  items: Held<M>[];
  /** Of `items`, the first that may wait; those before it are in a hand or gone. */
  next: number;
  removed: number;
  isStopped: boolean;
}

const COMPACT_AT = 64;

export const laneKey = ({ from, priority }: LaneName): string => `${priority}:${from}`;

export class Lanes<M extends Posted> {
  readonly #lanes = new Map<string, Lane<M>>();
  readonly #ready = new Heap<Lane<M>>((a, b) => isEarlier(headOf(a).message, headOf(b).message));

  add(held: Held<M>): void {
    const lane = this.#open(held.message);
    held.lane = lane;
    lane.items.push(held);
    if (lane.index < 0 && !lane.isStopped) this.#ready.add(lane);
  }

  /** What is to be handed out next, of the lanes that go on. */
  get first(): Held<M> | undefined {
    const lane = this.#ready.first;
    return lane === undefined ? undefined : headOf(lane);
  }

  /** It waits no more: it is in a hand now. */
  taken({ lane }: Held<M>): void {
    if (lane !== undefined) this.#advance(lane);
  }

  /** It waits again, in its old place. */
  returned({ lane, message }: Held<M>): void {
    if (lane === undefined) return;
    lane.next = Math.min(lane.next, placeOf(lane.items, message.seq));
    this.#advance(lane);
  }

  /** It is out of its place. */
  remove(held: Held<M>): void {
    const { lane } = held;
    held.isRemoved = true;
    if (lane === undefined) return;
    lane.removed += 1;
    if (held.hand === undefined) this.#advance(lane);
    this.#compact(lane);
  }

  /** The lane's oldest, in a hand or not. */
  oldestOf(name: LaneName): Held<M> | undefined {
    return this.#lanes.get(laneKey(name))?.items.find(({ isRemoved }) => !isRemoved);
  }

  /** What is in the lane, in a hand or not, the oldest first. */
  of(name: LaneName): Held<M>[] {
    const items = this.#lanes.get(laneKey(name))?.items ?? [];
    return items.filter(({ isRemoved }) => !isRemoved);
  }

  /** Nothing of it is handed out until `start`. */
  stop(name: LaneName): void {
    const lane = this.#lanes.get(laneKey(name));
    if (lane === undefined || lane.isStopped) return;
    this.#ready.delete(lane);
    lane.isStopped = true;
    lane.next = 0;
  }

  /** False: it did not stand still. */
  start(name: LaneName): boolean {
    const lane = this.#lanes.get(laneKey(name));
    if (lane === undefined || !lane.isStopped) return false;
    lane.isStopped = false;
    this.#skip(lane);
    if (lane.next < lane.items.length) this.#ready.add(lane);
    else this.#close(lane);
    return true;
  }

  #open({ from, priority }: LaneName): Lane<M> {
    const key = laneKey({ from, priority });
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      const name = { from, priority };
      lane = { name, items: [], next: 0, removed: 0, isStopped: false, index: -1 };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** Its head may be another: it has another place among the lanes, or none. */
  #advance(lane: Lane<M>): void {
    if (lane.isStopped) return;
    this.#skip(lane);
    if (lane.next >= lane.items.length) this.#ready.delete(lane);
    else if (lane.index < 0) this.#ready.add(lane);
    else this.#ready.moved(lane);
  }

  #skip(lane: Lane<M>): void {
    for (; lane.next < lane.items.length; lane.next += 1) {
      const held = lane.items[lane.next] as Held<M>;
      if (!held.isRemoved && held.hand === undefined) return;
    }
  }

  /** Gives back the places of what is gone, once they are half of the lane. */
  #compact(lane: Lane<M>): void {
    if (lane.removed === lane.items.length) {
      this.#ready.delete(lane);
      this.#close(lane);
      return;
    }
    if (lane.removed < COMPACT_AT || lane.removed * 2 < lane.items.length) return;
    lane.items = lane.items.filter(({ isRemoved }) => !isRemoved);
    lane.removed = 0;
    lane.next = 0;
    this.#skip(lane);
  }

  #close(lane: Lane<M>): void {
    if (lane.removed === lane.items.length) this.#lanes.delete(laneKey(lane.name));
  }
}

const headOf = <M extends Posted>(lane: Lane<M>): Held<M> => lane.items[lane.next] as Held<M>;

/** Where it lies. */
function placeOf<M extends Posted>(items: readonly Held<M>[], seq: Seq): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle] as Held<M>).message.seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

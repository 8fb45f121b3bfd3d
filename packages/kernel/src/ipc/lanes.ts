// Lanes: what waits in one mailbox, by sender and priority. Within a lane messages go in the order
// in which they came; which lane is next is a heap's word, by the key of its first.
//   M4. The key `priority * agingMs + enqueued` never changes, so nothing is ever sorted again.
//   M6. A lane whose delivery failed stops, and goes on from its oldest message with the same ids;
//       no other lane waits for it.
// Volatile throughout: what is under way, and who is stopped, is made anew from what is held.

import { Heap, type Heaped } from '../events/heap.ts';
import type { Timer } from '../events/timers.ts';
import type { Pid } from '../ids.ts';
import type { Message } from './mailbox.ts';

export interface Held {
  readonly message: Message;
  isUnderWay: boolean;
  isRemoved: boolean;
  /** Fired and still here: its time came while it was under way (M7). */
  expiry: Timer | undefined;
}

export interface LaneName {
  readonly from: Pid;
  readonly priority: number;
}

interface Lane extends Heaped {
  readonly name: LaneName;
  items: Held[];
  /** Of `items`, the first that may wait; those before it are under way or gone. */
  next: number;
  removed: number;
  isStopped: boolean;
}

const COMPACT_AT = 64;

export const laneKey = ({ from, priority }: LaneName): string => `${priority}:${from}`;

export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #ready = new Heap<Lane>((a, b) => isEarlier(headOf(a), headOf(b)));

  add(held: Held): void {
    const { from, priority } = held.message;
    const lane = this.#open({ from, priority });
    lane.items.push(held);
    if (lane.index < 0 && !lane.isStopped) this.#ready.add(lane);
  }

  /** What is to be delivered next, of the lanes that go on. */
  get first(): Held | undefined {
    const lane = this.#ready.first;
    return lane === undefined ? undefined : headOf(lane);
  }

  /** `first` is under way now. */
  takeFirst(): void {
    const lane = this.#ready.first as Lane;
    headOf(lane).isUnderWay = true;
    this.#advance(lane);
  }

  /** It is out of the mailbox. */
  remove(held: Held): void {
    const lane = this.#lanes.get(laneKey(held.message));
    held.isRemoved = true;
    if (lane === undefined) return;
    lane.removed += 1;
    if (!held.isUnderWay) this.#advance(lane);
    this.#compact(lane);
  }

  /** The lane's oldest, under way or not. */
  oldestOf(name: LaneName): Held | undefined {
    return this.#lanes.get(laneKey(name))?.items.find(({ isRemoved }) => !isRemoved);
  }

  isStopped(name: LaneName): boolean {
    return this.#lanes.get(laneKey(name))?.isStopped ?? false;
  }

  get stopped(): LaneName[] {
    return [...this.#lanes.values()].filter(({ isStopped }) => isStopped).map(({ name }) => name);
  }

  /** All of it waits again, and waits for `start`. Those that were under way. */
  stop(name: LaneName): readonly Held[] {
    const lane = this.#lanes.get(laneKey(name));
    if (lane === undefined || lane.isStopped) return [];
    this.#ready.delete(lane);
    lane.isStopped = true;
    const back = lane.items.filter((held) => held.isUnderWay && !held.isRemoved);
    for (const held of back) held.isUnderWay = false;
    lane.next = 0;
    return back;
  }

  start(name: LaneName): void {
    const lane = this.#lanes.get(laneKey(name));
    if (lane === undefined || !lane.isStopped) return;
    lane.isStopped = false;
    this.#skip(lane);
    if (lane.next < lane.items.length) this.#ready.add(lane);
    else this.#close(lane);
  }

  #open(name: LaneName): Lane {
    const key = laneKey(name);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { name, items: [], next: 0, removed: 0, isStopped: false, index: -1 };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** Its head is another: it has another place among the lanes, or none. */
  #advance(lane: Lane): void {
    if (lane.isStopped) return;
    this.#skip(lane);
    if (lane.next >= lane.items.length) this.#ready.delete(lane);
    else if (lane.index < 0) this.#ready.add(lane);
    else this.#ready.moved(lane);
  }

  #skip(lane: Lane): void {
    for (; lane.next < lane.items.length; lane.next += 1) {
      const held = lane.items[lane.next] as Held;
      if (!held.isRemoved && !held.isUnderWay) return;
    }
  }

  /** Gives back the places of what is gone, once they are half of the lane. */
  #compact(lane: Lane): void {
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

  #close(lane: Lane): void {
    if (lane.removed === lane.items.length) this.#lanes.delete(laneKey(lane.name));
  }
}

const headOf = (lane: Lane): Held => lane.items[lane.next] as Held;

const isEarlier = ({ message: a }: Held, { message: b }: Held): boolean =>
  a.key < b.key || (a.key === b.key && a.seq < b.seq);

import { bulkContent } from '@hivekernel/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Timer } from '../events/timers.ts';
import type { Priority } from '../events/words.ts';
import { asMessageId, asPid, asSeq } from '../ids.ts';
import { Hand } from './hand.ts';
import type { Line } from './lines.ts';
import { byPlace, type Posted } from './posted.ts';
import { Shelf } from './shelf.ts';
import { isWanted, type Wants } from './wants.ts';

const LEVEL_MS = 10_000;

function posted(n: number, of: { from: number; priority: number; type: string }): Posted {
  const priority = of.priority as Priority;
  return {
    message: asMessageId(n),
    from: asPid(of.from),
    fromName: 'sender',
    priority,
    type: of.type,
    content: bulkContent(n),
    requiresAck: false,
    expiresMonoMs: 0,
    replyTo: '',
    seq: asSeq(n),
    by: asPid(of.from),
    wallMs: 0,
    key: priority * LEVEL_MS + n,
  };
}

const noTimer = (): Timer => {
  throw new Error('nothing here has a TTL');
};

const WANTS: readonly Wants[] = [
  { type: '', leastUrgent: 3 },
  { type: 'a', leastUrgent: 3 },
  { type: 'b*', leastUrgent: 3 },
  { type: '', leastUrgent: 1 },
  { type: 'none', leastUrgent: 0 },
];
const TYPES = ['a', 'b', 'bee'];

type Deed = 'add' | 'take' | 'back' | 'remove' | 'stop' | 'start' | 'reopen';

const step = fc.record({
  do: fc.constantFrom<Deed>('add', 'add', 'add', 'take', 'take', 'back', 'remove', 'stop', 'start'),
  a: fc.nat({ max: 100 }),
  b: fc.nat({ max: 100 }),
});

/** The same with lists alone. */
class Ground {
  readonly shelf = new Shelf<Posted>();
  readonly hand = new Hand<Posted>({ isFinal: false });
  readonly #lines: (Line<Posted> | undefined)[] = WANTS.map((wants) => this.shelf.openLine(wants));
  #waiting: Posted[] = [];
  #taken: Posted[] = [];
  readonly #stopped = new Set<string>();
  #n = 0;

  run({ do: what, a, b }: { do: Deed; a: number; b: number }): void {
    const lane = { from: asPid(1 + (a % 3)), priority: (b % 4) as Priority };
    if (what === 'add') this.#add({ ...lane, type: TYPES[(a + b) % TYPES.length] ?? '' });
    if (what === 'take') this.#take(a % WANTS.length);
    if (what === 'back') this.#back(a);
    if (what === 'remove') this.#remove(a);
    // The lane of something: of one that is empty nothing is known.
    const known = [...this.#waiting, ...this.#taken].some((one) => keyOf(one) === keyOf(lane));
    if (what === 'stop' && known) {
      this.shelf.stopLane(lane);
      this.#stopped.add(keyOf(lane));
    }
    if (what === 'start') {
      this.shelf.startLane(lane);
      this.#stopped.delete(keyOf(lane));
    }
    if (a % 10 === 0) this.#reopen(b % WANTS.length);
    this.#compare();
  }

  #add(of: { from: number; priority: number; type: string }): void {
    this.#n += 1;
    const message = posted(this.#n, of);
    this.shelf.add(message, undefined);
    this.#waiting.push(message);
  }

  #take(line: number): void {
    const held = this.shelf.next(this.#lines[line]);
    if (held === undefined) return;
    this.shelf.take(held, this.hand);
    this.#waiting = this.#waiting.filter((one) => one !== held.message);
    this.#taken.push(held.message);
  }

  #back(a: number): void {
    const all = this.shelf.inHandOf(this.hand);
    const held = all[a % Math.max(1, all.length)];
    if (held === undefined) return;
    this.shelf.putBack(held, noTimer);
    this.#taken = this.#taken.filter((one) => one !== held.message);
    this.#waiting.push(held.message);
  }

  #remove(a: number): void {
    const all = [...this.#waiting, ...this.#taken];
    const gone = all[a % Math.max(1, all.length)];
    if (gone === undefined) return;
    this.shelf.remove(gone.message);
    this.#waiting = this.#waiting.filter((one) => one !== gone);
    this.#taken = this.#taken.filter((one) => one !== gone);
    // A lane of which nothing is left is forgotten, and stands still no more.
    const isOver = ![...this.#waiting, ...this.#taken].some((one) => keyOf(one) === keyOf(gone));
    if (isOver) this.#stopped.delete(keyOf(gone));
  }

  #reopen(at: number): void {
    const line = this.#lines[at];
    this.shelf.closeLine(line);
    this.#lines[at] = this.shelf.openLine(WANTS[at] as Wants);
  }

  #compare(): void {
    const free = this.#waiting.filter((one) => !this.#stopped.has(keyOf(one)));
    for (const [i, wants] of WANTS.entries()) {
      const [expected] = free.filter((one) => isWanted(wants, one)).toSorted(byPlace);
      expect(this.shelf.next(this.#lines[i])?.message).toBe(expected);
    }
    const all = [...this.#waiting, ...this.#taken];
    expect(this.shelf.inOrder()).toEqual(all.toSorted(byPlace));
    const bytes = (of: readonly Posted[]) => of.reduce((sum, one) => sum + one.content.bytes, 0);
    const { depth, bytes: own, inHand } = this.shelf;
    expect([depth, own, inHand]).toEqual([all.length, bytes(all), this.#taken.length]);
    expect([this.hand.size, this.hand.bytes]).toEqual([this.#taken.length, bytes(this.#taken)]);
  }
}

const keyOf = ({ from, priority }: { from: number; priority: number }) => `${from} ${priority}`;

describe('Shelf', () => {
  it('gives to each who wants some of it what a sorted list would (M4, M6, M9)', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const ground = new Ground();
        for (const one of steps) ground.run(one);
      }),
      { numRuns: 150 },
    );
  });

  it('hands out at one cost, however much waits that nobody wants (M9)', () => {
    const shelf = new Shelf<Posted>();
    const hand = new Hand<Posted>({ isFinal: false });
    const line = shelf.openLine({ type: 'a', leastUrgent: 3 });
    let read = 0;
    const others = new Proxy(posted(1, { from: 1, priority: 0, type: 'b' }), {
      get: (target, key) => {
        read += 1;
        return Reflect.get(target, key) as unknown;
      },
    });
    for (let n = 1; n <= 10_000; n += 1) {
      shelf.add(
        Object.assign(Object.create(others) as Posted, { message: asMessageId(n) }),
        undefined,
      );
    }
    shelf.add(posted(10_001, { from: 2, priority: 3, type: 'a' }), undefined);
    read = 0;
    const held = shelf.next(line);
    expect(held?.message.message).toBe(10_001);
    if (held !== undefined) shelf.take(held, hand);
    expect(shelf.next(line)).toBeUndefined();
    expect(read).toBeLessThan(10);
  });

  it('keeps no line that is mostly of what was taken by others', () => {
    const shelf = new Shelf<Posted>();
    const hand = new Hand<Posted>({ isFinal: false });
    const line = shelf.openLine({ type: 'a', leastUrgent: 3 });
    let most = 0;
    for (let n = 1; n <= 20_000; n += 1) {
      shelf.add(posted(n, { from: 1, priority: 3, type: 'a' }), undefined);
      const held = shelf.next(undefined);
      if (held === undefined) throw new Error('one waits');
      shelf.take(held, hand);
      shelf.remove(held.message.message);
      most = Math.max(most, line?.heap.size ?? 0);
    }
    expect(most).toBeLessThan(100);
  });
});

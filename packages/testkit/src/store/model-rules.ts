// The store against a model, a plain list, under any sequence of calls (a property). What the model
// says was accepted is what the store gives back, live and after a reopen.

import type { Lease, Store } from '@hivekernel/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendOf, noteAt, readAll, seqsFrom } from './rule-ground.ts';
import type { StoreHarness } from './rule-ground.ts';

type Step =
  | { readonly do: 'append'; readonly count: number; readonly skip: number }
  | { readonly do: 'reopen' }
  | { readonly do: 'acquire' }
  | { readonly do: 'snapshot'; readonly back: number }
  | { readonly do: 'retain'; readonly keepEvents: number }
  | { readonly do: 'read'; readonly back: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 9 }),
      skip: fc.constantFrom(0, 0, 0, 0, 1, -1),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'acquire' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('snapshot' as const), back: fc.nat({ max: 20 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('retain' as const), keepEvents: fc.nat({ max: 20 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('read' as const), back: fc.nat({ max: 30 }) }),
  },
);

class Model {
  lastSeq = 0;
  firstSeq = 1;
  snapshotSeqs: number[] = [];
  /** The last seq of each accepted append that is kept. */
  ends: number[] = [];

  retain(keepEvents: number): void {
    const boundary = this.snapshotSeqs.at(-2) ?? 0;
    const youngest = this.lastSeq - keepEvents;
    const dropped = this.ends.filter((end) => end <= boundary && end < youngest);
    this.firstSeq = (dropped.at(-1) ?? this.firstSeq - 1) + 1;
    this.ends = this.ends.filter((end) => end >= this.firstSeq);
    this.snapshotSeqs = this.snapshotSeqs.filter((seq) => seq >= this.firstSeq - 1);
  }

  snapshot(seq: number): void {
    const seqs = new Set([...this.snapshotSeqs, seq]);
    this.snapshotSeqs = [...seqs].toSorted((a, b) => a - b).slice(-3);
  }
}

class Run {
  readonly #harness: StoreHarness;
  readonly #model = new Model();
  #store: Store;
  #lease: Lease;

  private constructor(harness: StoreHarness, opened: { store: Store; lease: Lease }) {
    this.#harness = harness;
    this.#store = opened.store;
    this.#lease = opened.lease;
  }

  static async on(harness: StoreHarness): Promise<Run> {
    const store = await harness.open();
    return new Run(harness, { store, lease: await store.acquire({ partition: 1, node: 'a' }) });
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'append':
        return this.#append(step);
      case 'reopen':
        await this.#store.close();
        this.#store = await this.#harness.open();
        return this.#acquire();
      case 'acquire':
        return this.#acquire();
      case 'snapshot':
        return this.#snapshot(Math.max(0, this.#model.lastSeq - step.back));
      case 'retain':
        return this.#retain(step.keepEvents);
      case 'read':
        return this.#check(Math.max(0, this.#model.lastSeq - step.back));
    }
  }

  async finish(): Promise<void> {
    await this.#check(0);
    const verified = await this.#store.verify({ partition: 1 });
    expect(verified).toEqual({ lastGoodSeq: this.#model.lastSeq });
    const { lastSeq, firstSeq, snapshotSeqs } = await this.#store.stats({ partition: 1 });
    const { lastSeq: last, firstSeq: first, snapshotSeqs: seqs } = this.#model;
    expect({ lastSeq, firstSeq, snapshotSeqs }).toEqual({
      lastSeq: last,
      firstSeq: first,
      snapshotSeqs: seqs,
    });
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async #append({ count, skip }: { count: number; skip: number }): Promise<void> {
    const first = Math.max(1, this.#model.lastSeq + 1 + skip);
    const appended = this.#store.append(appendOf(this.#lease, first, first + count - 1));
    if (first !== this.#model.lastSeq + 1) {
      await expect(appended).rejects.toMatchObject({ code: 'conflict' });
      return;
    }
    await appended;
    this.#model.lastSeq += count;
    this.#model.ends.push(this.#model.lastSeq);
  }

  async #acquire(): Promise<void> {
    const { epoch } = this.#lease;
    this.#lease = await this.#store.acquire({ partition: 1, node: 'a' });
    expect(this.#lease.epoch).toBe(epoch + 1);
    expect(this.#lease.lastSeq).toBe(this.#model.lastSeq);
  }

  async #snapshot(seq: number): Promise<void> {
    if (seq < this.#model.firstSeq) return;
    const snapshot = { partition: 1, seq, v: 1, body: `{"at":${seq}}` };
    await this.#store.saveSnapshot({ epoch: this.#lease.epoch, snapshot });
    this.#model.snapshot(seq);
  }

  async #retain(keepEvents: number): Promise<void> {
    const nowWallMs = noteAt(this.#model.lastSeq).wallMs;
    const keepMs = keepEvents * noteAt(1).wallMs;
    const policy = { nowWallMs, keepMs, keepBytes: 1e9, liveHashes: new Set<string>() };
    const { droppedBefore } = await this.#store.retain({ partition: 1, policy });
    this.#model.retain(keepEvents);
    expect(droppedBefore).toBe(this.#model.firstSeq);
  }

  async #check(afterSeq: number): Promise<void> {
    const events = await readAll(this.#store, { partition: 1, afterSeq });
    const first = Math.max(afterSeq + 1, this.#model.firstSeq);
    expect(events).toEqual(seqsFrom(first, this.#model.lastSeq).map((seq) => noteAt(seq)));
  }
}

export function modelRules(suite: {
  make: () => Promise<StoreHarness>;
  propertyRuns: number;
}): void {
  describe('any sequence of calls', () => {
    it('agrees with a plain list of events', async () => {
      const steps = fc.array(STEP, { minLength: 5, maxLength: 40 });
      const property = fc.asyncProperty(steps, async (taken) => {
        const harness = await suite.make();
        const run = await Run.on(harness);
        try {
          for (const step of taken) await run.take(step);
          await run.finish();
        } finally {
          await run.close();
          await harness.remove();
        }
      });
      await fc.assert(property, { numRuns: suite.propertyRuns });
    });
  });
}

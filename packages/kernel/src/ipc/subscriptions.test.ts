import { describe, expect, it } from 'vitest';
import type { Delivery, EffectQueue } from '../events/effects.ts';
import type { Timers } from '../events/timers.ts';
import { asPid, type Seq } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import { Subscriptions, type Feed } from './subscriptions.ts';

/** Hands out messages of these sizes. */
function feedOf(sizes: readonly number[]): Feed {
  const left = [...sizes];
  const feed = {
    source: {},
    held: 0,
    next: () => {
      const bytes = left.shift();
      if (bytes === undefined) return undefined;
      feed.held += 1;
      return { delivery: { content: { bytes } } as Delivery, gate: 0 as Seq };
    },
    makeRoom: () => undefined,
    settle: () => false,
    close: () => undefined,
  };
  return feed;
}

describe('Subscriptions.take() (M9)', () => {
  it('hands out no more than fits a reply, however many are asked for', () => {
    const subscriptions = new Subscriptions({
      effects: undefined as unknown as EffectQueue,
      timers: undefined as unknown as Timers,
      lastSeq: () => 0 as Seq,
    });
    const big = LIMITS.messagePayloadBytesMax;
    const owner = { pid: asPid(2) } as ProcessRecord;
    const one = subscriptions.open(owner, 'test', feedOf([1, big, big, 1, 1]));
    const ref = { channel: 'test', pid: owner.pid, id: 1 };
    const sizes = () =>
      subscriptions
        .take(one, { ref, max: 0, untilMonoMs: undefined })
        ?.map(({ content }) => content.bytes);
    expect(sizes()).toEqual([1, big]);
    expect(sizes()).toEqual([big]);
    expect(sizes()).toEqual([1, 1]);
  });
});

import { describe, expect, it } from 'vitest';
import { KnownTroubles } from './known-troubles.ts';
import type { Trouble } from './troubles.ts';

const trouble = (key: string): Trouble => ({ kind: 'mailbox', key, pid: 7, text: key });

describe('KnownTroubles', () => {
  it('keeps since when a trouble is known, through a checkpoint (M2)', () => {
    const known = new KnownTroubles();
    known.add(['a', 'b'], 1_000);
    known.add(['a'], 2_000);
    const next = KnownTroubles.read(known.text);
    expect(next.keys).toEqual(new Set(['a', 'b']));
    expect(next.dated([trouble('a'), trouble('c')], 3_000)).toMatchObject([
      { key: 'a', sinceMs: 1_000 },
      { key: 'c', sinceMs: 3_000 },
    ]);
  });

  it('forgets what is over, so that it is news when it comes again (M2)', () => {
    const known = new KnownTroubles([
      ['a', 1_000],
      ['b', 1_000],
    ]);
    expect(known.forgetOthers([trouble('b')])).toEqual(['a']);
    expect(known.keys).toEqual(new Set(['b']));
    expect(known.forgetOthers([trouble('b')])).toEqual([]);
  });

  it.each([undefined, '', '{', '7', 'null', '[]', '{"known":7}', '{"known":{"a":"long ago"}}'])(
    'knows nothing by a checkpoint of %j',
    (saved) => {
      expect(KnownTroubles.read(saved).keys).toEqual(new Set());
    },
  );
});

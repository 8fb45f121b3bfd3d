import { describe, expect, it } from 'vitest';
import { lineShow } from './watch.ts';

type Thing = { readonly name: string; readonly user: string; readonly count: number };

const listing = (items: readonly Thing[]) => ({
  kind: 'ThingList',
  items,
  columns: [],
  nameOf: ({ name }: Thing) => name,
  keyOf: ({ user, name }: Thing) => `${user} ${name}`,
});

describe('lineShow()', () => {
  it('writes what changed, and a blank where nothing was written for long', () => {
    const written: string[] = [];
    let nowMs = 0;
    const show = lineShow<Thing>(
      (text) => written.push(text),
      () => nowMs,
    );
    const one = { name: 'a', user: 'root', count: 1 };
    const other = { name: 'a', user: 'eve', count: 2 };
    show.draw(listing([one, other]));
    show.draw(listing([one, other]));
    expect(written).toEqual([`${JSON.stringify(one)}\n`, `${JSON.stringify(other)}\n`]);
    nowMs = 5_000;
    show.draw(listing([one, other]));
    show.draw(listing([one, other]));
    expect(written.slice(2)).toEqual([' ']);
    nowMs = 10_000;
    show.draw(listing([{ ...one, count: 3 }, other]));
    expect(JSON.parse(written.slice(2).join(''))).toMatchObject({ count: 3 });
  });
});

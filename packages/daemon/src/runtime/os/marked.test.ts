import { describe, expect, it } from 'vitest';
import { lookForMarked, type Proc } from './marked.ts';

interface Row {
  readonly environ?: string | undefined;
  readonly state?: string;
  readonly flags?: number;
}

const LINK = '/run/7-1.sock';
const MARKED = { environ: `PATH=/bin\0HIVE_LINK=${LINK}\0` };

/** A machine whose processes are these; each listing may see others. */
function machine(listings: readonly (readonly number[])[], rows: Readonly<Record<number, Row>>) {
  let listing = 0;
  const proc: Proc = {
    osPids: () => listings[Math.min(listing++, listings.length - 1)] ?? [],
    environ: (osPid) => (rows[osPid] && 'environ' in rows[osPid] ? rows[osPid].environ : ''),
    stat: (osPid) => {
      const row = rows[osPid];
      if (row === undefined) return '';
      return `${osPid} (a) b) ${row.state ?? 'S'} 1 ${osPid} ${osPid} 0 -1 ${row.flags ?? 0} 0`;
    },
  };
  return proc;
}

describe('lookForMarked()', () => {
  it('finds who carries the mark, with link and parent', async () => {
    const rows = { 10: MARKED, 11: { environ: 'XHIVE_LINK=no\0' } };
    const { marked, bare } = await lookForMarked(machine([[10, 11]], rows));
    expect(marked).toEqual([{ osPid: 10, parent: 1, linkPath: LINK }]);
    expect(bare).toBe(0);
  });

  it('finds what was forked while it looked (P10)', async () => {
    const rows = { 10: { state: 'Z' }, 5: MARKED };
    const { marked } = await lookForMarked(machine([[10], [5, 10]], rows));
    expect(marked.map(({ osPid }) => osPid)).toEqual([5]);
  });

  it.each([
    { what: 'one that is about to run a program', row: {}, bare: 1, ending: [] },
    { what: 'one that is about to end', row: { flags: 0x4 }, bare: 0, ending: [10] },
    { what: 'one that waits to be reaped', row: { state: 'Z' }, bare: 0, ending: [] },
    { what: 'a thread of the kernel', row: { flags: 0x200000 }, bare: 0, ending: [] },
    { what: "another user's", row: { environ: undefined }, bare: 0, ending: [] },
  ])('does not take $what for somebody else', async ({ row, bare, ending }) => {
    const look = await lookForMarked(machine([[10]], { 10: row }));
    expect({ ...look, ending: [...look.ending] }).toEqual({ marked: [], bare, ending });
  });

  it('passes over who is gone between the listing and the look', async () => {
    const look = await lookForMarked(machine([[10]], {}));
    expect(look).toMatchObject({ marked: [], bare: 0 });
  });

  it('ends on a machine that forks without end', async () => {
    const listings = Array.from({ length: 100 }, (_, at) => [at + 10]);
    expect((await lookForMarked(machine(listings, {}))).marked).toEqual([]);
  });
});

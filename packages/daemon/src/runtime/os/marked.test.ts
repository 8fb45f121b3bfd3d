import { describe, expect, it } from 'vitest';
import { MarkedLooks, type Proc } from './marked.ts';

interface Row {
  readonly environ?: string | undefined;
  readonly state?: string;
  readonly flags?: number;
  readonly threads?: number;
  readonly startTicks?: number;
}

const EXITING = 0x4;
const KERNEL_THREAD = 0x200000;
const LINK = '/run/7-1.sock';
const MARKED = { environ: `PATH=/bin\0HIVE_LINK=${LINK}\0` };
const OTHER = { environ: 'XHIVE_LINK=no\0' };

/** A machine whose processes are these; each listing may show others. */
class Machine implements Proc {
  readonly rows = new Map<number, Row>();
  readonly listings: number[][] = [];
  readonly read: number[] = [];

  constructor(rows: Readonly<Record<number, Row>>) {
    for (const [osPid, row] of Object.entries(rows)) this.rows.set(Number(osPid), row);
  }

  osPids(): readonly number[] {
    return this.listings.shift() ?? [...this.rows.keys()];
  }

  environ(osPid: number): Promise<string | undefined> {
    this.read.push(osPid);
    const row = this.rows.get(osPid);
    return Promise.resolve(row !== undefined && 'environ' in row ? row.environ : '');
  }

  stat(osPid: number): string {
    const row = this.rows.get(osPid);
    if (row === undefined) return '';
    const { state = 'S', flags = 0, threads = 1, startTicks = 99 } = row;
    const between = Array.from({ length: 10 }, () => 0).join(' ');
    const first = `${osPid} (a) b) ${state} 1 ${osPid} ${osPid} 0 -1 ${flags}`;
    return `${first} ${between} ${threads} 0 ${startTicks} 0`;
  }
}

const osPidsOf = ({ marked }: { marked: readonly { osPid: number }[] }): number[] =>
  marked.map(({ osPid }) => osPid).sort((a, b) => a - b);

describe('MarkedLooks.look()', () => {
  it('finds who carries the mark, with link and parent', async () => {
    const { marked, bare } = await new MarkedLooks(new Machine({ 10: MARKED, 11: OTHER })).look();
    expect(marked).toEqual([{ osPid: 10, parent: 1, linkPath: LINK }]);
    expect(bare).toBe(0);
  });

  it('finds one whose main thread has ended while another runs (P10)', async () => {
    const row = { state: 'Z', flags: EXITING, threads: 2, ...MARKED };
    const look = await new MarkedLooks(new Machine({ 10: row })).look();
    expect(osPidsOf(look)).toEqual([10]);
    expect(look.ending.size).toBe(0);
  });

  it('finds what was forked while it looked (P10)', async () => {
    const machine = new Machine({ 10: { state: 'Z' }, 5: MARKED });
    machine.listings.push([10], [5, 10]);
    expect(osPidsOf(await new MarkedLooks(machine).look())).toEqual([5]);
  });

  it.each([
    { what: 'one that is about to run a program', row: {}, bare: 1, ending: [] },
    { what: 'one that is about to end', row: { flags: EXITING }, bare: 0, ending: [10] },
    { what: 'one that waits to be reaped', row: { state: 'Z' }, bare: 0, ending: [] },
    {
      what: 'one that began anew in a thread',
      row: { state: 'Z', threads: 2 },
      bare: 1,
      ending: [],
    },
    { what: 'a thread of the kernel', row: { flags: KERNEL_THREAD }, bare: 0, ending: [] },
    { what: "another user's", row: { environ: undefined }, bare: 0, ending: [] },
  ])('tells $what from one without the mark', async ({ row, bare, ending }) => {
    const look = await new MarkedLooks(new Machine({ 10: row })).look();
    expect(look).toMatchObject({ marked: [], bare });
    expect([...look.ending]).toEqual(ending);
  });

  it('finds one that is about to end, as long as it knew its mark (P10)', async () => {
    const machine = new Machine({ 10: MARKED });
    const looks = new MarkedLooks(machine);
    await looks.look();
    machine.rows.set(10, { flags: EXITING });
    expect(osPidsOf(await looks.look())).toEqual([10]);
  });

  it('reads an environment once, and anew where the number is of another process', async () => {
    const machine = new Machine({ 10: OTHER, 11: MARKED });
    const looks = new MarkedLooks(machine);
    await looks.look();
    machine.rows.set(10, { ...MARKED, startTicks: 100 });
    expect(osPidsOf(await looks.look())).toEqual([10, 11]);
    expect(machine.read).toEqual([10, 11, 10]);
  });

  it('reads again who was bare', async () => {
    const machine = new Machine({ 10: {} });
    const looks = new MarkedLooks(machine);
    await looks.look();
    machine.rows.set(10, MARKED);
    expect(await looks.look()).toMatchObject({ marked: [{ osPid: 10 }], bare: 0 });
  });

  it('passes over who is gone between the listing and the look', async () => {
    const machine = new Machine({});
    machine.listings.push([10]);
    expect(await new MarkedLooks(machine).look()).toMatchObject({ marked: [], bare: 0 });
  });

  it('ends on a machine that forks without end', async () => {
    const machine = new Machine({});
    machine.listings.push(...Array.from({ length: 100 }, (_, at) => [at + 10]));
    expect((await new MarkedLooks(machine).look()).marked).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Look, Seen } from './look.ts';
import { gistOf, reportText, summaryOf } from './report.ts';
import { look, seen } from './testing.ts';
import { findTroubles } from './troubles.ts';
import type { Trouble } from './troubles.ts';

const MIB = 1_024 ** 2;
const GIB = 1_024 * MIB;
const dead: Partial<Seen> = { stateWord: 'dead', exitCause: 'done' };
const SINCE_MS = Date.UTC(2026, 10, 22, 14);

const troublesOf = (now: Look): readonly Trouble[] =>
  findTroubles(now, { open: new Set(), zombies: new Set() });
const reportOf = (now: Look): unknown => {
  const troubles = troublesOf(now).map((one) => ({ ...one, sinceMs: SINCE_MS }));
  return JSON.parse(reportText(now, troubles));
};

describe('reportText()', () => {
  it('tells people in a summary and machines in fields what there is', () => {
    const processes = [
      seen(7, { inboxDepth: 9_000, restarts: 2 }),
      seen(8, { stateWord: 'dead', quarantined: true, restartsInRow: 5, exitCause: 'crashed' }),
    ];
    const memory = new Map([[7, 64 * MIB]]);
    expect(reportOf(look(processes, { memory }))).toEqual({
      summary: [
        'vps1: 2 troubles; 2 processes; agents hold 64 MiB of memory, 8.0 GiB of 16.0 GiB are left',
        'error: worker-8 (pid 8) is quarantined: 5 restarts did not help; ' +
          'it last ended as crashed: crashed',
        'warning: the inbox of worker-7 (pid 7) holds 9000 messages of 10000',
      ],
      node: 'vps1',
      at: '2026-11-22T14:02:01.000Z',
      troubles: [
        expect.objectContaining({
          kind: 'quarantined',
          severity: 'error',
          pid: 8,
          since: '2026-11-22T14:00:00.000Z',
        }),
        expect.objectContaining({ kind: 'mailbox', severity: 'warning', pid: 7 }),
      ],
      troublesInAll: 2,
      processes: {
        living: 2,
        byState: { running: 1, idle: 1 },
        quarantined: 1,
        restarts: 2,
        fullestInbox: { pid: 7, name: 'worker-7', messages: 9_000 },
      },
      memory: {
        machine: { totalBytes: 16 * GIB, availableBytes: 8 * GIB },
        agents: {
          osProcesses: 1,
          bytes: 64 * MIB,
          largest: { pid: 7, name: 'worker-7', bytes: 64 * MIB },
        },
      },
    });
  });

  it('says that all is well, and nothing of what cannot be known', () => {
    expect(reportOf(look())).toMatchObject({
      summary: ['vps1: all is well; 1 process; 8.0 GiB of 16.0 GiB are left'],
      troubles: [],
      processes: { fullestInbox: null },
      memory: { agents: null },
    });
  });

  it('lists a bounded number of troubles, and says how many there are', () => {
    const many = Array.from({ length: 300 }, (_, at) => seen(at + 2, { phase: 'unresponsive' }));
    const report = reportOf(look(many)) as { summary: string[]; troubles: unknown[] };
    expect(report.troubles).toHaveLength(200);
    expect(report).toMatchObject({ troublesInAll: 300 });
    expect(report.summary[0]).toContain('300 troubles');
    expect(report.summary.at(-1)).toBe('and 100 more');
  });
});

describe('summaryOf()', () => {
  it('is one line and one for each trouble', () => {
    const now = look([seen(7, { phase: 'unresponsive' })]);
    expect(summaryOf(now, troublesOf(now))).toEqual([
      'vps1: 1 trouble; 2 processes; 8.0 GiB of 16.0 GiB are left',
      'error: worker-7 (pid 7) does not answer',
    ]);
  });
});

describe('gistOf()', () => {
  const before = look([seen(7), seen(8, { stateWord: 'sleeping' })]);
  const gist = (now: Look): string => gistOf(now, troublesOf(now));
  const changed = (pid: number, wish: Partial<Seen>): Look => ({
    ...before,
    processes: before.processes.map((one) => (one.pid === pid ? { ...one, ...wish } : one)),
  });

  it.each<[string, Look]>([
    ['who runs at the moment', changed(7, { stateWord: 'running', phase: 'child 8' })],
    ['a few messages', changed(7, { inboxDepth: 3 })],
    ['a little memory', { ...before, machine: { ...before.machine, availableBytes: 8.5 * GIB } }],
    ['one that is dead', { ...before, processes: [...before.processes, seen(9, dead)] }],
  ])('is the same whatever becomes of %s (M3)', (_, now) => {
    expect(gist(now)).toBe(gist(before));
  });

  it.each<[string, Look]>([
    ['a process is new', { ...before, processes: [...before.processes, seen(9)] }],
    ['one was restarted', changed(7, { restarts: 1 })],
    ['one woke up', changed(8, { stateWord: 'idle' })],
    ['there is a trouble', changed(7, { phase: 'unresponsive' })],
    ['memory is less', { ...before, machine: { ...before.machine, availableBytes: 6 * GIB } }],
  ])('is another one when %s (M3)', (_, now) => {
    expect(gist(now)).not.toBe(gist(before));
  });
});

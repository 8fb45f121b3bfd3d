import { describe, expect, it } from 'vitest';
import type { AgentView } from '@hivekernel/client';
import type { OsProcess } from '../os-processes.ts';
import { mismatches } from './audit.ts';

const LINK = '/run/7-1.sock';
const runs: OsProcess = { osPid: 70, pgid: 70, startTicks: '1', link: LINK };
const forked: OsProcess = { ...runs, osPid: 71 };

/** What `mismatches` reads of a row. */
const row = (wish: Partial<AgentView>): AgentView =>
  ({ pid: 7, state: 'idle', osPid: 70, isVirtual: false, ...wish }) as AgentView;

const found = (one: AgentView, process: OsProcess | undefined, marked: OsProcess[] = []) =>
  mismatches([one], marked, (osPid) => (process?.osPid === osPid ? process : undefined)).map(
    ({ what }) => what,
  );

describe('mismatches()', () => {
  it('finds nothing where rows and processes go together', () => {
    expect(found(row({}), runs, [runs, forked])).toEqual([]);
    expect(found(row({ state: 'sleeping', osPid: 0 }), undefined)).toEqual([]);
    expect(found(row({ osPid: 0, isVirtual: true }), undefined)).toEqual([]);
  });

  it.each([
    [row({}), undefined, 'process 7 is idle, and its OS process 70 does not run'],
    [row({ osPid: 0 }), runs, 'process 7 is idle and has no OS process'],
    [row({ state: 'dead' }), runs, 'process 7 is dead, and its OS process 70 runs'],
    [row({ pid: 8 }), runs, `process 8 is idle, and its OS process 70 has link ${LINK}`],
  ])('finds a row that says what is not so (%#)', (one, process, what) => {
    expect(found(one, process)).toEqual([what]);
  });

  it('finds what runs for an incarnation that is no more', () => {
    const late = { ...forked, link: '/run/7-0.sock' };
    expect(mismatches([row({})], [runs, late], () => runs)).toMatchObject([{ pid: 7 }]);
  });
});

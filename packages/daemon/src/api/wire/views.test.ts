import { describe, expect, it } from 'vitest';
import type { ProcessView, UsageView } from '@hivekernel/kernel';
import { core } from '@hivekernel/protocol';
import { PROCESS_VIEW } from './testing/process-view.ts';
import { toProcessInfo, toUsage } from './views.ts';
import { shownCount, shownCount32, shownInt32 } from './wire-numbers.ts';

const SICK = [NaN, Infinity, -Infinity, -1, 0.5, 1e15 + 0.5, 2 ** 53, 2 ** 64, 1e300];
const COUNTERS = Object.keys(PROCESS_VIEW).filter(
  (key) =>
    typeof PROCESS_VIEW[key as keyof ProcessView] === 'number' && !/^(pid|ppid|task)$/.test(key),
);

const overTheWire = (view: ProcessView): core.ProcessInfo =>
  core.ProcessInfo.decode(core.ProcessInfo.encode(toProcessInfo(view)).finish());

describe('toProcessInfo()', () => {
  it('tells healthy counters as they are', () => {
    expect(overTheWire(PROCESS_VIEW)).toMatchObject({
      tokensConsumed: 1,
      tokensSimulated: 2,
      tokensSubtree: 3,
      llmCalls: 4,
      childCount: 5,
      startedAtMs: 6_000,
      startedAt: 6,
      osPid: 10,
      restarts: 11,
      checkpointBytes: 12,
      restartsInRow: 13,
      exitCode: -1,
    });
  });

  it('tells how it is supervised, and how it ended', () => {
    expect(overTheWire(PROCESS_VIEW)).toMatchObject({
      restartPolicy: 'transient',
      strategy: 'rest_for_one',
      quarantined: false,
      gone: false,
      exitCause: 'crashed',
      exitDetail: 'exit code 3',
    });
    const looping = { ...PROCESS_VIEW, state: 'dead', isQuarantined: true, isGone: true } as const;
    expect(overTheWire(looping)).toMatchObject({ quarantined: true, gone: true });
    const living = { ...PROCESS_VIEW, exit: undefined };
    expect(overTheWire(living)).toMatchObject({ exitCause: '', exitDetail: '', exitCode: 0 });
  });

  it.each([
    ['blocked', 'child 7', true, 'waiting: child 7'],
    ['blocked', '', true, 'waiting'],
    ['blocked', 'unresponsive', false, 'unresponsive'],
    ['running', '', true, ''],
    ['running', 'unresponsive', false, 'unresponsive'],
    ['starting', 'restart 2 in 4 s', true, 'restart 2 in 4 s'],
    ['paused', '', true, ''],
    ['sleeping', '', true, ''],
  ] as const)(
    'tells the phase of one that is %s (%o) in words',
    (state, phase, isResponsive, told) => {
      const view = { ...PROCESS_VIEW, state, phase, isResponsive, exit: undefined };
      expect(overTheWire(view)).toMatchObject({ phase: told, stateWord: state });
    },
  );

  it.each(COUNTERS)('stays readable whatever number %s is', (key) => {
    for (const sick of SICK) {
      expect(overTheWire({ ...PROCESS_VIEW, [key]: sick })).toMatchObject({ name: 'w' });
    }
  });

  it('stays readable whatever number the exit code is', () => {
    for (const exitCode of SICK) {
      const exit = { exitCode, cause: 'crashed' as const, detail: '', output: '' };
      expect(overTheWire({ ...PROCESS_VIEW, exit })).toMatchObject({ name: 'w' });
    }
  });
});

describe('toUsage()', () => {
  it.each(['tokens', 'tokensRemaining', 'children', 'childrenMax', 'uptimeMs'])(
    'stays readable whatever number %s is',
    (key) => {
      const usage: UsageView = {
        tokens: 1,
        tokensRemaining: 2,
        children: 3,
        childrenMax: 4,
        uptimeMs: 5_000,
      };
      for (const sick of SICK) {
        const bytes = core.ResourceUsage.encode(toUsage({ ...usage, [key]: sick })).finish();
        expect(() => core.ResourceUsage.decode(bytes)).not.toThrow();
      }
    },
  );
});

describe('numbers of the wire', () => {
  it('become the nearest that fits', () => {
    expect([-1, 0.9, 2 ** 53, NaN].map(shownCount)).toEqual([0, 0, 2 ** 53 - 1, 0]);
    expect([-1, 2 ** 32, 3].map(shownCount32)).toEqual([0, 2 ** 32 - 1, 3]);
    expect([-(2 ** 40), 2 ** 31, -3].map(shownInt32)).toEqual([-(2 ** 31), 2 ** 31 - 1, -3]);
  });
});

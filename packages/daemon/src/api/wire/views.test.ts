import { describe, expect, it } from 'vitest';
import { asPid } from '@hivekernel/kernel';
import type { ProcessView, UsageView } from '@hivekernel/kernel';
import { core } from '@hivekernel/protocol';
import { toProcessInfo, toUsage } from './views.ts';
import { shownCount, shownCount32, shownInt32 } from './wire-numbers.ts';

const VIEW: ProcessView = {
  pid: asPid(7),
  ppid: asPid(1),
  user: 'root',
  name: 'w',
  address: '/king/w',
  role: 'worker',
  tier: 'tactical',
  model: 'm',
  image: './a.ts',
  state: 'zombie',
  phase: '',
  node: 'n',
  tokens: 1,
  tokensSimulated: 2,
  tokensSubtree: 3,
  llmCalls: 4,
  children: 5,
  startedWallMs: 6_000,
  task: 0,
  tasksRunning: 7,
  tasksQueued: 8,
  inboxDepth: 9,
  osPid: 10,
  restarts: 11,
  isResponsive: true,
  exit: { exitCode: -1, cause: 'crashed', output: '' },
};

const SICK = [NaN, Infinity, -Infinity, -1, 0.5, 1e15 + 0.5, 2 ** 53, 2 ** 64, 1e300];
const COUNTERS = Object.keys(VIEW).filter(
  (key) => typeof VIEW[key as keyof ProcessView] === 'number' && !/^(pid|ppid|task)$/.test(key),
);

const overTheWire = (view: ProcessView): core.ProcessInfo =>
  core.ProcessInfo.decode(core.ProcessInfo.encode(toProcessInfo(view)).finish());

describe('toProcessInfo()', () => {
  it('tells healthy counters as they are', () => {
    expect(overTheWire(VIEW)).toMatchObject({
      tokensConsumed: 1,
      tokensSimulated: 2,
      tokensSubtree: 3,
      llmCalls: 4,
      childCount: 5,
      startedAtMs: 6_000,
      startedAt: 6,
      osPid: 10,
      restarts: 11,
      exitCode: -1,
    });
  });

  it.each(COUNTERS)('stays readable whatever number %s is', (key) => {
    for (const sick of SICK) {
      expect(overTheWire({ ...VIEW, [key]: sick })).toMatchObject({ name: 'w' });
    }
  });

  it('stays readable whatever number the exit code is', () => {
    for (const exitCode of SICK) {
      const exit = { exitCode, cause: 'crashed' as const, output: '' };
      expect(overTheWire({ ...VIEW, exit })).toMatchObject({ name: 'w' });
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

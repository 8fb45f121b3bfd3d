import { describe, expect, it } from 'vitest';
import { collapseToWire, signalToWire, spawnToWire, taskToWire } from './requests.ts';

describe('spawnToWire()', () => {
  it('leaves policy, strategy and limits to the kernel where none is given', () => {
    expect(spawnToWire({ name: 'a' })).toMatchObject({
      restartPolicy: '',
      strategy: '',
      wallLimitSeconds: 0,
      idleLimitSeconds: 0,
      firstTokenLimitSeconds: 0,
    });
  });

  it('sends them as they are given, limits in whole seconds, rounded up', () => {
    const wire = spawnToWire({
      name: 'a',
      restart: 'transient',
      strategy: 'rest_for_one',
      wallLimitMs: 3_600_000,
      idleLimitMs: 1_500,
      firstTokenLimitMs: 1,
    });
    expect(wire).toMatchObject({
      restartPolicy: 'transient',
      strategy: 'rest_for_one',
      wallLimitSeconds: 3_600,
      idleLimitSeconds: 2,
      firstTokenLimitSeconds: 1,
    });
  });
});

describe('spawnToWire(), of dollars', () => {
  it.each([
    [undefined, 0],
    [0.25, 250_000],
    [0.1 + 0.2, 300_000],
  ])('sends %j as %d millionths', (usd, usdMicros) => {
    expect(spawnToWire({ name: 'a', usd }).usdMicros).toBe(usdMicros);
  });
});

describe('taskToWire()', () => {
  it('tries a task once unless told otherwise', () => {
    expect(taskToWire({ description: 'x' }, '').retriesMax).toBe(0);
    expect(taskToWire({ description: 'x', retries: 3 }, '').retriesMax).toBe(3);
  });
});

describe('signalToWire()', () => {
  it.each([
    ['HUP', 1],
    ['INT', 2],
    ['KILL', 9],
    ['USR1', 10],
    ['TERM', 15],
    ['CONT', 18],
    ['STOP', 19],
  ] as const)('sends %s as %d', (word, number) => {
    expect(signalToWire(7, word, { reason: 'why', recursive: true, graceMs: 1_200 })).toEqual({
      targetPid: 7,
      signal: number,
      reason: 'why',
      recursive: true,
      gracePeriodSeconds: 2,
    });
  });

  it.each(['CHLD', 'SIGTERM', 'toString', ''])('refuses %j, and names those that are', (word) => {
    expect(() => signalToWire(7, word as 'HUP', {})).toThrow('there are: HUP, INT, KILL');
  });
});

describe('collapseToWire()', () => {
  it('leaves the grace to the kernel', () => {
    expect(collapseToWire(0, {})).toEqual({ targetPid: 0, reason: 0, gracePeriodSeconds: 0 });
    expect(collapseToWire(3, { graceMs: 100, reason: 'user_request' })).toEqual({
      targetPid: 3,
      reason: 4,
      gracePeriodSeconds: 1,
    });
  });
});

import { describe, expect, it } from 'vitest';
import { agentRow } from '../../test/agent-row.ts';
import { conditionOf } from './wait-condition.ts';

const BACKING_OFF = { state: 'starting', phase: 'restart 2 in 4 s' };
const LOOPED = { state: 'dead', isGone: true, isQuarantined: true };
const UNDECIDED = { state: 'zombie', isGone: false };
const OVER = { state: 'zombie', isGone: true };

describe('conditionOf()', () => {
  it.each([
    ['end', { state: 'idle' }, false],
    ['end', UNDECIDED, true],
    ['end', { state: 'dead', isGone: true }, true],
    ['end', BACKING_OFF, false],
    ['exit', OVER, true],
    ['state=idle', { state: 'idle' }, true],
    ['state=idle', { state: 'running' }, false],
    ['state=idle', UNDECIDED, false],
    ['state=paused', { state: 'paused' }, true],
    ['state=sleeping', { state: 'sleeping' }, true],
    ['state=waiting', { state: 'blocked' }, true],
    ['state=blocked', { state: 'blocked' }, true],
    ['state=restarting', BACKING_OFF, true],
    ['state=starting', BACKING_OFF, true],
    ['state=quarantined', LOOPED, true],
    ['state=dead', LOOPED, true],
    ['state=dead', OVER, false],
    ['state=quarantined', OVER, false],
  ])('%s of one that is %j: %j', async (what, told, isThere) => {
    expect((await conditionOf(what))(agentRow(told))).toBe(isThere);
  });

  it.each([
    ['end', true],
    ['exit', true],
    ['state=dead', true],
  ])('%s holds where the record is gone', async (what, isThere) => {
    expect((await conditionOf(what))(undefined)).toBe(isThere);
  });

  it.each([
    ['state=idle', agentRow(OVER), 'worker-3 (pid 7) is zombie; it will not be idle any more'],
    [
      'state=idle',
      agentRow(LOOPED),
      'worker-3 (pid 7) is quarantined; it will not be idle any more',
    ],
    ['state=paused', undefined, 'its record is gone; it will not be paused any more'],
  ])('%s ends with 5 where that cannot be any more (%#)', async (what, agent, message) => {
    const isThere = await conditionOf(what);
    expect(() => isThere(agent)).toThrow(expect.objectContaining({ message, exitCode: 5 }));
  });

  it.each([
    ['idle', '--for wants end, exit or state=WORD; got "idle".'],
    ['state=', '--for wants end, exit or state=WORD; got "state=".'],
    ['state=waitin', 'There is no state "waitin"; there are starting, idle,'],
    ['state=waitin', 'Did you mean "waiting"?'],
  ])('refuses %s with 2: %s', async (what, says) => {
    const message = expect.stringContaining(says);
    await expect(conditionOf(what)).rejects.toMatchObject({ message, exitCode: 2 });
  });
});

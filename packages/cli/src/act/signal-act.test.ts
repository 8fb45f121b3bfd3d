import { describe, expect, it } from 'vitest';
import { agentRow } from '../../test/agent-row.ts';
import { signalAct } from './signal-act.ts';
import { SIGNALS } from './signal-words.ts';
import type { SignalWord } from './signal-words.ts';

const one = [agentRow({ pid: 7 })];
const two = [...one, agentRow({ pid: 8, ppid: 7 })];
const target = (isSubtree: boolean) => [{ agent: agentRow({ pid: 7 }), isSubtree }];

const act = (signal: SignalWord) => signalAct({ signal, verb: 'kill' });
const asks = (signal: SignalWord, hit: typeof one, isSubtree: boolean): boolean =>
  act(signal).asks?.(hit, target(isSubtree)) ?? false;

describe('signalAct()', () => {
  it.each([
    { signal: 'TERM', what: 'one', hit: one, isSubtree: false, isAsked: false },
    { signal: 'TERM', what: 'a subtree of one', hit: one, isSubtree: true, isAsked: false },
    { signal: 'TERM', what: 'two', hit: two, isSubtree: true, isAsked: true },
    { signal: 'KILL', what: 'one', hit: one, isSubtree: false, isAsked: false },
    { signal: 'KILL', what: 'a subtree of one', hit: one, isSubtree: true, isAsked: true },
    { signal: 'KILL', what: 'two', hit: two, isSubtree: false, isAsked: true },
    { signal: 'KILL', what: 'nobody', hit: [], isSubtree: true, isAsked: false },
  ] as const)('$signal to $what asks: $isAsked', ({ signal, hit, isSubtree, isAsked }) => {
    expect(asks(signal, [...hit], isSubtree)).toBe(isAsked);
  });

  it.each(['INT', 'STOP', 'CONT', 'HUP', 'USR1'] as const)('%s never asks', (signal) => {
    expect(asks(signal, two, true)).toBe(false);
  });

  it('refuses the king only what ends', () => {
    const king = [agentRow({ pid: 1, ppid: 0 })];
    const refused = SIGNALS.filter((signal) => {
      try {
        act(signal).check?.(king);
        return false;
      } catch {
        return true;
      }
    });
    expect(refused).toEqual(['TERM', 'KILL']);
    expect(() => act('TERM').check?.(king)).toThrow('The king cannot be killed.');
  });

  it.each(SIGNALS.filter((signal) => signal !== 'TERM'))('refuses a grace for %s', (signal) => {
    expect(() => signalAct({ signal, verb: 'kill', graceMs: 1 })).toThrow(
      `--grace is for TERM; ${signal} has none.`,
    );
  });

  it('tells its signal and reason, and dumps one by one', () => {
    const told = signalAct({ signal: 'USR1', verb: 'kill', reason: 'looks stuck' });
    expect(told).toMatchObject({
      kind: 'SignalResult',
      field: 'signalled',
      also: { signal: 'USR1', reason: 'looks stuck' },
      isOneByOne: true,
    });
    expect(act('TERM')).toMatchObject({ kind: 'KillResult', field: 'killed', isOneByOne: false });
  });
});

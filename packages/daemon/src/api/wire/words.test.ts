import { describe, expect, it } from 'vitest';
import { ERROR_CODES, RELATIONS, SIGNALS, STATES } from '@hivekernel/kernel';
import { agent, link } from '@hivekernel/protocol';
import { GRPC_STATUS } from './grpc-status.ts';
import * as words from './words.ts';

/** `ROLE_DAEMON = 1` as ['daemon', 1]. */
function entriesOf(table: Readonly<Record<string, number>>, prefix: string): [string, number][] {
  return Object.entries(table)
    .filter(([, number]) => number >= 0)
    .map(([name, number]) => [name.slice(prefix.length).toLowerCase(), number]);
}

const VOCABULARIES = [
  ['role', words.ROLE, entriesOf(agent.AgentRole, 'ROLE_')],
  ['tier', words.TIER, entriesOf(agent.CognitiveTier, 'COG_')],
  ['visibility', words.VISIBILITY, entriesOf(agent.ArtifactVisibility, 'VIS_')],
  ['level', words.LEVEL, entriesOf(agent.LogLevel, 'LOG_')],
  ['severity', words.SEVERITY, entriesOf(agent.EscalationSeverity, 'ESC_')],
  ['reason', words.REASON, entriesOf(agent.ShutdownReason, 'SHUTDOWN_')],
  ['status', words.ACK, entriesOf(agent.AckStatus, 'ACK_')],
  ['relation', words.RELATION, entriesOf(agent.MessageRelation, 'REL_')],
] as const;

describe.each(VOCABULARIES)('the words of %s', (field, vocabulary, entries) => {
  it.each(entries)('%s is %i, both ways', (word, number) => {
    expect(vocabulary.fromWire(number, field)).toBe(word);
    expect(vocabulary.toWire(word as never)).toBe(number);
  });

  it.each([entries.length, -1, 1.5, 1e9])('%d is refused, naming the field', (number) => {
    expect(() => vocabulary.fromWire(number, field)).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringContaining(`${field} ${number} is not known`),
      }),
    );
  });
});

describe('words without a number of their own', () => {
  it('the relation other reads as sibling (M4)', () => {
    expect(RELATIONS.map((word) => words.RELATION.toWire(word))).toEqual([0, 1, 2, 3, 3]);
  });

  it('inner states read as their nearest (P3)', () => {
    const read = Object.fromEntries(STATES.map((state) => [state, words.stateToWire(state)]));
    expect(read).toEqual({
      starting: 0,
      idle: 0,
      running: 1,
      blocked: 2,
      paused: 2,
      sleeping: 3,
      stopping: 2,
      zombie: 5,
      dead: 4,
    });
    const known = entriesOf(agent.AgentState, 'STATE_').map(([word]) => word);
    expect(words.WIRE_STATES).toEqual(known);
  });
});

describe('the signals', () => {
  const numbered = Object.entries(link.Signal).filter(([, number]) => number > 0);

  it.each(numbered)('%s is %i, both ways (S1)', (name, number) => {
    const word = name.slice('SIGNAL_'.length);
    expect(words.SIGNAL.fromWire(number, 'signal')).toBe(word);
    expect(words.SIGNAL.toWire(word as never)).toBe(number);
  });

  it('are all that the kernel knows', () => {
    expect(numbered.map(([name]) => name).toSorted()).toEqual(
      SIGNALS.map((word) => `SIGNAL_${word}`).toSorted(),
    );
  });

  // 17 is CHLD, which only the kernel sends.
  it.each([0, 3, 17, 20, -1, 1.5])('refuse %d, naming the field and what is known', (number) => {
    expect(() => words.SIGNAL.fromWire(number, 'signal')).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message:
          `signal ${number} is not known; known are: ` +
          '15 TERM, 9 KILL, 2 INT, 19 STOP, 18 CONT, 1 HUP, 10 USR1.',
        details: { field: 'signal', value: number },
      }),
    );
  });
});

describe('wordFromWire()', () => {
  const known = ['one', 'two'] as const;

  it('takes a word that is known, and leaves out an empty one', () => {
    expect(words.wordFromWire('two', { field: 'f', known })).toBe('two');
    expect(words.wordFromWire('', { field: 'f', known })).toBeUndefined();
  });

  it('refuses another, naming the field and what is known', () => {
    expect(() => words.wordFromWire('three', { field: 'f', known })).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: 'f "three" is not known; known are: one, two.',
        details: { field: 'f', value: 'three' },
      }),
    );
  });
});

describe('priorityFromWire()', () => {
  it('takes the numbers of the wire and no other', () => {
    const known = entriesOf(agent.Priority, 'PRIORITY_').map(([, number]) => number);
    expect(known.map((number) => words.priorityFromWire(number))).toEqual([0, 1, 2, 3]);
    expect(() => words.priorityFromWire(4)).toThrow('priority 4 is not known');
  });
});

describe('stateFilter()', () => {
  it('reads 0 as no filter, a number as all states that read so, and refuses others', () => {
    expect([0, 1, 2, 3, 4, 5].map((number) => words.stateFilter(number))).toEqual([
      undefined,
      ['running'],
      ['blocked', 'stopping', 'paused'],
      ['sleeping'],
      ['dead'],
      ['zombie'],
    ]);
    expect(() => words.stateFilter(6)).toThrow('filter_state 6');
  });

  it('finds every state under the number that it reads as', () => {
    for (const state of STATES) {
      const number = words.stateToWire(state);
      if (number !== 0) expect(words.stateFilter(number)).toContain(state);
    }
  });
});

describe('GRPC_STATUS', () => {
  it('gives each code a status that is an error', () => {
    for (const code of ERROR_CODES) expect(GRPC_STATUS[code]).toBeGreaterThan(0);
  });
});

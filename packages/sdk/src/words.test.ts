import { agent, link } from '@hivekernel/protocol';
import { describe, expect, it } from 'vitest';
import * as words from './words.ts';

const LISTS = [
  [words.ROLES, agent.AgentRole, 'ROLE_'],
  [words.TIERS, agent.CognitiveTier, 'COG_'],
  [words.STATES, agent.AgentState, 'STATE_'],
  [words.PRIORITIES, agent.Priority, 'PRIORITY_'],
  [words.RELATIONS, agent.MessageRelation, 'REL_'],
  [words.SHUTDOWN_REASONS, agent.ShutdownReason, 'SHUTDOWN_'],
  [words.ACKS, agent.AckStatus, 'ACK_'],
  [words.VISIBILITIES, agent.ArtifactVisibility, 'VIS_'],
  [words.SEVERITIES, agent.EscalationSeverity, 'ESC_'],
  [words.LOG_LEVELS, agent.LogLevel, 'LOG_'],
] as const;

describe('the words of the wire', () => {
  it.each(LISTS)('number %j as the protocol does', (list, numbers, prefix) => {
    const expected = list.map((word, number) => [`${prefix}${word.toUpperCase()}`, number]);
    expect(Object.fromEntries(expected)).toEqual(
      Object.fromEntries(Object.entries(numbers).filter(([, number]) => number >= 0)),
    );
  });

  it('number the runtimes as the protocol does', () => {
    const expected = Object.entries(words.RUNTIMES).map(([word, number]) => [
      `RUNTIME_${word.toUpperCase()}`,
      number,
    ]);
    expect(Object.fromEntries(expected)).toEqual(
      Object.fromEntries(Object.entries(agent.RuntimeType).filter(([, number]) => number >= 0)),
    );
  });
});

describe('SIGNALS', () => {
  it('has the numbers of the protocol, all but that of no signal', () => {
    const expected = Object.entries(words.SIGNALS).map(([word, number]) => [
      `SIGNAL_${word}`,
      number,
    ]);
    expect(Object.fromEntries(expected)).toEqual(
      Object.fromEntries(Object.entries(link.Signal).filter(([, number]) => number > 0)),
    );
  });
});

describe('numberOf()', () => {
  it('refuses a word that is not in the list, and names those that are', () => {
    expect(() => words.numberOf(words.TIERS, 'tactful' as 'tactical')).toThrow(
      '"tactful" is none of: strategic, tactical, operational',
    );
  });
});

describe('wordOf()', () => {
  it('keeps the number of a newer kernel readable', () => {
    expect(words.wordOf(words.STATES, 9)).toBe('unknown(9)');
  });
});

// Kernel words and wire numbers, one table each; the index of a word is its number (P3).
//   A number that no table knows is refused, naming the field, never taken for the nearest. So is a
//   word, where the wire carries words (restart policies, strategies).
//   What the wire has no word for reads as its nearest: starting as idle, stopping and paused as
//   blocked, relation other as sibling (P3, M4).

import {
  ACK_STATUSES,
  CAPABILITIES,
  KernelError,
  LOG_LEVELS,
  RELATIONS,
  ROLES,
  SEVERITIES,
  SHUTDOWN_REASONS,
  SIGNALS,
  TIERS,
  VISIBILITIES,
} from '@hivekernel/kernel';
import type {
  AckStatus,
  Capability,
  LogLevel,
  Priority,
  Relation,
  Role,
  Severity,
  ShutdownReason,
  SignalName,
  State,
  Tier,
  Visibility,
} from '@hivekernel/kernel';
import type { agent, link } from '@hivekernel/protocol';

/** One vocabulary: words of the kernel to numbers of the wire and back. */
export interface Vocabulary<Word extends string, Wire extends number> {
  toWire(word: Word): Wire;
  /** Throws `invalid_argument`, naming the field. */
  fromWire(value: number, field: string): Word;
}

function vocabulary<Word extends string, Wire extends number>(
  words: readonly Word[],
  toWire: (word: Word) => Wire,
): Vocabulary<Word, Wire> {
  return {
    toWire,
    fromWire(value, field) {
      const word = words[value];
      if (word === undefined) throw unknownNumber({ value, field, known: numbered(words) });
      return word;
    },
  };
}

const numbered = (words: readonly string[]): readonly string[] =>
  words.map((word, value) => `${value} ${word}`);

interface Unknown<Value> {
  readonly value: Value;
  readonly field: string;
  readonly known: readonly string[];
}

const unknownNumber = (what: Unknown<number>): KernelError => notKnown(what, `${what.value}`);

function notKnown(what: Unknown<string | number>, shown: string): KernelError {
  const { value, field, known } = what;
  const sentence = `${field} ${shown} is not known; known are: ${known.join(', ')}.`;
  return new KernelError('invalid_argument', sentence, { details: { field, value } });
}

const SHOWN_CHARS_MAX = 40;

/** A word that travels as itself; empty: left out. Throws `invalid_argument`, naming the field. */
export function wordFromWire<Word extends string>(
  value: string,
  { field, known }: { readonly field: string; readonly known: readonly Word[] },
): Word | undefined {
  if (value === '') return undefined;
  const word = known.find((one) => one === value);
  if (word !== undefined) return word;
  const head = value.slice(0, SHOWN_CHARS_MAX);
  throw notKnown({ value: head, field, known }, JSON.stringify(head));
}

/** The same, of one that must be there. */
export function capabilityFrom(value: string, field: string): Capability {
  const word = wordFromWire(value, { field, known: CAPABILITIES });
  if (word !== undefined) return word;
  throw notKnown({ value, field, known: CAPABILITIES }, '""');
}

const ROLE_NUMBER: Readonly<Record<Role, agent.AgentRole>> = {
  kernel: 0,
  daemon: 1,
  agent: 2,
  architect: 3,
  lead: 4,
  worker: 5,
  task: 6,
};
export const ROLE = vocabulary(ROLES, (word: Role) => ROLE_NUMBER[word]);

const TIER_NUMBER: Readonly<Record<Tier, agent.CognitiveTier>> = {
  strategic: 0,
  tactical: 1,
  operational: 2,
};
export const TIER = vocabulary(TIERS, (word: Tier) => TIER_NUMBER[word]);

const VISIBILITY_NUMBER: Readonly<Record<Visibility, agent.ArtifactVisibility>> = {
  private: 0,
  user: 1,
  subtree: 2,
  global: 3,
};
export const VISIBILITY = vocabulary(VISIBILITIES, (word: Visibility) => VISIBILITY_NUMBER[word]);

const LEVEL_NUMBER: Readonly<Record<LogLevel, agent.LogLevel>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
};
export const LEVEL = vocabulary(LOG_LEVELS, (word: LogLevel) => LEVEL_NUMBER[word]);

const SEVERITY_NUMBER: Readonly<Record<Severity, agent.EscalationSeverity>> = {
  info: 0,
  warning: 1,
  error: 2,
  critical: 3,
};
export const SEVERITY = vocabulary(SEVERITIES, (word: Severity) => SEVERITY_NUMBER[word]);

const REASON_NUMBER: Readonly<Record<ShutdownReason, agent.ShutdownReason>> = {
  normal: 0,
  parent_died: 1,
  budget_exceeded: 2,
  migration: 3,
  user_request: 4,
};
export const REASON = vocabulary(SHUTDOWN_REASONS, (word: ShutdownReason) => REASON_NUMBER[word]);

const ACK_NUMBER: Readonly<Record<AckStatus, agent.AckStatus>> = {
  accepted: 0,
  queued: 1,
  rejected: 2,
  escalate: 3,
};
export const ACK = vocabulary(ACK_STATUSES, (word: AckStatus) => ACK_NUMBER[word]);

const RELATION_NUMBER: Readonly<Record<Relation, agent.MessageRelation>> = {
  system: 0,
  parent: 1,
  child: 2,
  sibling: 3,
  other: 3,
};
/** M4: `other` goes out as sibling and never comes in. */
export const RELATION = vocabulary(
  RELATIONS.slice(0, 4),
  (word: Relation) => RELATION_NUMBER[word],
);

const SIGNAL_NUMBER: Readonly<Record<SignalName, link.Signal>> = {
  TERM: 15,
  KILL: 9,
  INT: 2,
  STOP: 19,
  CONT: 18,
  HUP: 1,
  USR1: 10,
};

/** S1. The numbers are those of POSIX, so 0 is no signal. */
export const SIGNAL: Vocabulary<SignalName, link.Signal> = {
  toWire: (word) => SIGNAL_NUMBER[word],
  fromWire(value, field) {
    const word = SIGNALS.find((one) => SIGNAL_NUMBER[one] === value);
    if (word !== undefined) return word;
    const known = SIGNALS.map((one) => `${SIGNAL_NUMBER[one]} ${one}`);
    throw unknownNumber({ value, field, known });
  },
};

const PRIORITY_WORDS = ['critical', 'high', 'normal', 'low'] as const;

/** Throws `invalid_argument`, naming the field. */
export function priorityFromWire(value: number, field = 'priority'): Priority {
  if (value === 0 || value === 1 || value === 2 || value === 3) return value;
  throw unknownNumber({ value, field, known: numbered(PRIORITY_WORDS) });
}

export const WIRE_STATES = ['idle', 'running', 'blocked', 'sleeping', 'dead', 'zombie'] as const;
export type WireState = (typeof WIRE_STATES)[number];

const STATE_WORD: Readonly<Record<State, WireState>> = {
  starting: 'idle',
  idle: 'idle',
  running: 'running',
  blocked: 'blocked',
  paused: 'blocked',
  sleeping: 'sleeping',
  stopping: 'blocked',
  zombie: 'zombie',
  dead: 'dead',
};

const STATE_NUMBER: Readonly<Record<WireState, agent.AgentState>> = {
  idle: 0,
  running: 1,
  blocked: 2,
  sleeping: 3,
  dead: 4,
  zombie: 5,
};

/** P3: the word that programs on the wire know. */
export const wireStateWord = (state: State): WireState => STATE_WORD[state];
export const stateToWire = (state: State): agent.AgentState => STATE_NUMBER[STATE_WORD[state]];

const STATES_BY_WIRE: Readonly<Record<WireState, readonly State[]>> = {
  idle: ['starting', 'idle'],
  running: ['running'],
  blocked: ['blocked', 'stopping', 'paused'],
  sleeping: ['sleeping'],
  dead: ['dead'],
  zombie: ['zombie'],
};

/** For `filter_state`: 0 is no filter (PROTOCOL §3), so idle cannot be asked for. */
export function stateFilter(value: number): readonly State[] | undefined {
  if (value === 0) return undefined;
  const word = WIRE_STATES[value];
  if (word === undefined) {
    throw unknownNumber({ value, field: 'filter_state', known: numbered(WIRE_STATES) });
  }
  return STATES_BY_WIRE[word];
}

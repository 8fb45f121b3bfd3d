// The words of the kernel and their numbers on the wire, in one place: the index of a word in its
// list is its number. A test holds the lists against the generated enums.

export const ROLES = ['kernel', 'daemon', 'agent', 'architect', 'lead', 'worker', 'task'] as const;
/** What a process may do; by rank, high to low. */
export type Role = (typeof ROLES)[number];

export const TIERS = ['strategic', 'tactical', 'operational'] as const;
/** Which kind of model thinks for a process. */
export type Tier = (typeof TIERS)[number];

export const STATES = ['idle', 'running', 'blocked', 'sleeping', 'dead', 'zombie'] as const;
/** `paused` reads `blocked` on the wire, which tells it apart by a word beside the number. */
export type ProcessState = (typeof STATES)[number] | 'paused';

export const PRIORITIES = ['critical', 'high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const RELATIONS = ['system', 'parent', 'child', 'sibling'] as const;
/** What the sender of a message is to its receiver. */
export type Relation = (typeof RELATIONS)[number];

export const SHUTDOWN_REASONS = [
  'normal',
  'parent_died',
  'budget_exceeded',
  'migration',
  'user_request',
] as const;
export type ShutdownReason = (typeof SHUTDOWN_REASONS)[number];

export const ACKS = ['accepted', 'queued', 'rejected', 'escalate'] as const;
/** What a receiver makes of a message. `escalate` hands it to the receiver's parent. */
export type Ack = (typeof ACKS)[number];

export const VISIBILITIES = ['private', 'user', 'subtree', 'global'] as const;
/** Who may read an artifact: its process, its user's, its branch, everybody. */
export type Visibility = (typeof VISIBILITIES)[number];

export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Which runtime starts an image; the numbers have gaps, so this one is a map. */
export const RUNTIMES = { python: 0, claw: 1, custom: 2, node: 100 } as const;
export type Runtime = keyof typeof RUNTIMES;

/** What may be sent to a process, with the numbers of Unix. */
export const SIGNALS = {
  HUP: 1,
  INT: 2,
  KILL: 9,
  USR1: 10,
  TERM: 15,
  CONT: 18,
  STOP: 19,
} as const;
export type SignalName = keyof typeof SIGNALS;

/** What follows the end of a process; on the wire these are words. */
export type RestartPolicy = 'permanent' | 'transient' | 'notify' | 'temporary';

/** Whom the restart of a child concerns beside itself. */
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one';

/** What an ancestor makes of messages between its branches. */
export type Relay = 'pass' | 'copy' | 'deny';

type NumberOf<W extends readonly string[]> =
  Exclude<keyof W, keyof (readonly string[])> extends infer K
    ? K extends `${infer N extends number}`
      ? N
      : never
    : never;

/** The wire's number of a word. Throws `RangeError` for a word that is not in the list. */
export function numberOf<const W extends readonly string[]>(
  words: W,
  word: W[number],
): NumberOf<W> {
  const number = words.indexOf(word);
  if (number < 0) throw new RangeError(`"${word}" is none of: ${words.join(', ')}`);
  return number as NumberOf<W>;
}

/** The word of a wire number; `unknown(9)` for one that only a newer kernel knows. */
export function wordOf<const W extends readonly string[]>(words: W, number: number): W[number] {
  return words[number] ?? (`unknown(${number})` as W[number]);
}

// The words of the wire's enums, taken from the generated numbers: `ROLE_WORKER` is `worker`.
// A number that this client does not know reads `unknown(7)`; a word that it does not know is
// refused.

import { agent, link } from '@hivekernel/protocol/messages';
import { HiveClientError } from './client-error.ts';

type Numbers = Readonly<Record<string, number>>;
type WordsOf<E, Prefix extends string> = keyof E extends infer K
  ? K extends `${Prefix}${infer W}`
    ? Lowercase<W>
    : never
  : never;

export interface Vocabulary<Word extends string, Wire extends number> {
  readonly words: readonly Word[];
  toWord(number: number): Word;
  /** Throws `invalid_argument`, naming the field. */
  toWire(word: string, field: string): Wire;
}

function vocabulary<E extends Numbers, Prefix extends string>(
  numbers: E,
  prefix: Prefix,
): Vocabulary<WordsOf<E, Prefix>, E[keyof E]> {
  const rows = rowsOf(numbers, prefix).map(
    ([word, number]) => [word.toLowerCase(), number] as const,
  );
  return ofRows(rows as (readonly [WordsOf<E, Prefix>, E[keyof E]])[]);
}

/** The names without their prefix, each with its number. */
function rowsOf(numbers: Numbers, prefix: string): [string, number][] {
  return Object.entries(numbers).flatMap(([name, number]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), number] as [string, number]] : [],
  );
}

function ofRows<Word extends string, Wire extends number>(
  rows: readonly (readonly [Word, Wire])[],
): Vocabulary<Word, Wire> {
  const words = rows.map(([word]) => word);
  return {
    words,
    toWord: (number) => {
      const row = rows.find(([, one]) => one === number);
      return row?.[0] ?? (`unknown(${number})` as Word);
    },
    toWire: (word, field) => {
      const row = rows.find(([one]) => one === word);
      if (row === undefined) throw unknownWord(words, { word, field });
      return row[1];
    },
  };
}

/** A word that travels as it is; empty is the kernel's to fill in. Throws `invalid_argument`. */
export function checkWord(words: readonly string[], word: string, field: string): string {
  if (word !== '' && !words.includes(word)) throw unknownWord(words, { word, field });
  return word;
}

function unknownWord(
  words: readonly string[],
  { word, field }: { readonly word: string; readonly field: string },
): HiveClientError {
  const what = `${field} "${word}" is not known; known are: ${words.join(', ')}.`;
  return new HiveClientError('invalid_argument', what, { details: { field } });
}

export const ROLE = vocabulary(agent.AgentRole, 'ROLE_');
export const TIER = vocabulary(agent.CognitiveTier, 'COG_');
export const PRIORITY = vocabulary(agent.Priority, 'PRIORITY_');
export const RELATION = vocabulary(agent.MessageRelation, 'REL_');
export const ACK = vocabulary(agent.AckStatus, 'ACK_');
export const VISIBILITY = vocabulary(agent.ArtifactVisibility, 'VIS_');
export const SHUTDOWN_REASON = vocabulary(agent.ShutdownReason, 'SHUTDOWN_');
export const LOG_LEVEL = vocabulary(agent.LogLevel, 'LOG_');
export const SEVERITY = vocabulary(agent.EscalationSeverity, 'ESC_');

type SignalNumbers = typeof link.Signal;
export type SignalName = keyof SignalNumbers extends infer K
  ? K extends `SIGNAL_${infer W}`
    ? Exclude<W, 'NONE'>
    : never
  : never;

/** In capitals, as people know them; the wire's number of no signal is no word. */
export const SIGNAL = ofRows(
  rowsOf(link.Signal, 'SIGNAL_').filter(([, number]) => number !== link.Signal.SIGNAL_NONE) as [
    SignalName,
    Exclude<SignalNumbers[keyof SignalNumbers], 0 | -1>,
  ][],
);

/** What follows the end of a process. On the wire these are words, as are the strategies. */
export const RESTART_POLICIES = ['permanent', 'transient', 'notify', 'temporary'] as const;
export type RestartPolicy = (typeof RESTART_POLICIES)[number];

/** Whom the restart of a child concerns beside itself. */
export const STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** What an ancestor makes of messages between the branches below it. */
export const RELAYS = ['pass', 'copy', 'deny'] as const;
export type Relay = (typeof RELAYS)[number];

/** What a budget is of: tokens of a tier, or US dollars. */
export const PURSES = ['strategic', 'tactical', 'operational', 'usd'] as const;
export type Purse = (typeof PURSES)[number];

type WordOf<V> = V extends Vocabulary<infer W, number> ? W : never;
export type Role = WordOf<typeof ROLE>;
export type Tier = WordOf<typeof TIER>;
export type Priority = WordOf<typeof PRIORITY>;
export type Relation = WordOf<typeof RELATION>;
export type AckStatus = WordOf<typeof ACK>;
export type Visibility = WordOf<typeof VISIBILITY>;
export type ShutdownReason = WordOf<typeof SHUTDOWN_REASON>;
export type LogLevel = WordOf<typeof LOG_LEVEL>;
export type Severity = WordOf<typeof SEVERITY>;

// The words of the wire's enums, taken from the generated numbers: `ROLE_WORKER` is `worker`.
// A number that this client does not know reads `unknown(7)`; a word that it does not know is
// refused.

import { agent } from '@hivekernel/protocol/messages';
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
  const names = Object.keys(numbers).filter((name) => name.startsWith(prefix));
  const words = names.map((name) => name.slice(prefix.length).toLowerCase());
  return {
    words: words as WordsOf<E, Prefix>[],
    toWord: (number) => {
      const at = names.findIndex((name) => numbers[name] === number);
      return (words[at] ?? `unknown(${number})`) as WordsOf<E, Prefix>;
    },
    toWire: (word, field) => {
      const number = numbers[names[words.indexOf(word)] ?? ''];
      if (number !== undefined) return number as E[keyof E];
      const what = `${field} "${word}" is not known; known are: ${words.join(', ')}.`;
      throw new HiveClientError('invalid_argument', what, { details: { field } });
    },
  };
}

export const ROLE = vocabulary(agent.AgentRole, 'ROLE_');
export const TIER = vocabulary(agent.CognitiveTier, 'COG_');
export const PRIORITY = vocabulary(agent.Priority, 'PRIORITY_');
export const RELATION = vocabulary(agent.MessageRelation, 'REL_');
export const VISIBILITY = vocabulary(agent.ArtifactVisibility, 'VIS_');
export const SHUTDOWN_REASON = vocabulary(agent.ShutdownReason, 'SHUTDOWN_');
export const LOG_LEVEL = vocabulary(agent.LogLevel, 'LOG_');
export const SEVERITY = vocabulary(agent.EscalationSeverity, 'ESC_');

type WordOf<V> = V extends Vocabulary<infer W, number> ? W : never;
export type Role = WordOf<typeof ROLE>;
export type Tier = WordOf<typeof TIER>;
export type Priority = WordOf<typeof PRIORITY>;
export type Relation = WordOf<typeof RELATION>;
export type Visibility = WordOf<typeof VISIBILITY>;
export type ShutdownReason = WordOf<typeof SHUTDOWN_REASON>;
export type LogLevel = WordOf<typeof LOG_LEVEL>;
export type Severity = WordOf<typeof SEVERITY>;

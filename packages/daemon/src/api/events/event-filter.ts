// Which events a follower wants. By process: those about it, its messages in and out, what it
// stored, froze and deleted, and what befell a kill or an escalation that it stands at the head of.
// By type: the words of the wire, where `task.*` is all that begin so.

import { KernelError } from '@hivekernel/kernel';
import type { Event } from '@hivekernel/kernel';
import { FOLLOW_LIMITS } from './limits.ts';
import type { ProcessBook } from './process-book.ts';

export interface ProcessFilter {
  /** 0: everybody. */
  readonly pid?: number;
  /** With its descendants. */
  readonly subtree?: boolean;
}

export function concerns(event: Event, filter: ProcessFilter, book: ProcessBook): boolean {
  const { pid = 0, subtree = false } = filter;
  if (pid === 0) return true;
  for (const one of pidsOf(event)) {
    if (one === pid || (subtree && book.isWithin(one, pid))) return true;
  }
  return false;
}

const PID_FIELDS = ['pid', 'from', 'to', 'root', 'target', 'owner', 'at', 'parent'] as const;

/** Whom an event names. */
export function pidsOf(event: Event): readonly number[] {
  const body = event.body as Readonly<Partial<Record<(typeof PID_FIELDS)[number], unknown>>>;
  const pids: number[] = [];
  for (const field of PID_FIELDS) {
    const pid = body[field];
    // `from` and `to` of a move are states, not pids.
    if (typeof pid === 'number') pids.push(pid);
  }
  if (event.kind.startsWith('artifact.')) pids.push(event.by);
  return pids;
}

export type TypeFilter = (type: string) => boolean;

const TYPE_WORD = /^[a-z][a-z_.]*\*?$/;

/** Undefined: all. Throws `invalid_argument` for what can be no type. */
export function typeFilterOf(words: readonly string[]): TypeFilter | undefined {
  if (words.length === 0) return undefined;
  const { typesMax, typeCharsMax } = FOLLOW_LIMITS;
  if (words.length > typesMax) throw badType(`At most ${typesMax} types fit in one request.`);
  for (const word of words) {
    if (word.length <= typeCharsMax && TYPE_WORD.test(word)) continue;
    throw badType(`"${word.slice(0, 40)}" is no type of an event; one is like log, or task.*.`);
  }
  const whole = new Set(words.filter((word) => !word.endsWith('*')));
  const heads = words.filter((word) => word.endsWith('*')).map((word) => word.slice(0, -1));
  return (type) => whole.has(type) || heads.some((head) => type.startsWith(head));
}

const badType = (message: string): KernelError =>
  new KernelError('invalid_argument', message, { details: { param: 'type' } });

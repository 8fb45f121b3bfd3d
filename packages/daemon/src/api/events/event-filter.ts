// Which events concern a process: those about it, its messages in and out, what it stored,
// froze and deleted, and what befell a kill or an escalation that it stands at the head of.

import type { Event } from '@hivekernel/kernel';
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

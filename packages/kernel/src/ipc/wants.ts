// What a subscriber wants of what waits: a type, and how urgent it must be at least. What it does
// not want stays where it is, for others (M9).

import type { Priority } from '../events/words.ts';

export interface Wants {
  /** Empty: every one; `x*`: all that begin so. */
  readonly type: string;
  readonly leastUrgent: Priority;
}

export function isWanted(
  wants: Wants,
  message: { readonly type: string; readonly priority: Priority },
): boolean {
  return message.priority <= wants.leastUrgent && isTypeWanted(wants.type, message.type);
}

/** `wanted` as in `Wants`. */
export function isTypeWanted(wanted: string, type: string): boolean {
  if (wanted.endsWith('*')) return type.startsWith(wanted.slice(0, -1));
  return wanted === '' || type === wanted;
}

/** Wants of one text take the same: they may share what is kept for them. */
export const wantsKey = ({ type, leastUrgent }: Wants): string => `${leastUrgent} ${type}`;

// What a sentence about an event is: its level, and the words. The vocabulary of the tellers; what
// each event says is theirs.

import type { KernelEvent } from '@hivekernel/client';
import type { Fields } from './fields.ts';

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

export interface Told {
  /** Left out: info. */
  readonly level?: Level;
  readonly msg: string;
}

export type Teller = (data: Fields, event: KernelEvent) => Told;

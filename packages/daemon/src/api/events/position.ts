// Where a follower of events is, and the id by which it comes back. One event of the journal may be
// several on the wire, and a connection may break between two of them.
//   "42"    all of event 42 was told;
//   "42.1"  the first one of event 42 was told, and there are more.
// So the id of the last thing that was received is exact: nothing is lost and nothing comes twice.

import { KernelError } from '@hivekernel/kernel';

export interface Position {
  readonly seq: number;
  /** 0: all of it was told; else how many of its wire events. */
  readonly part: number;
}

export const START: Position = { seq: 0, part: 0 };

const ID = /^(\d{1,15})(?:\.([1-9]\d{0,8}))?$/;

export const idOf = ({ seq, part }: Position): string => (part === 0 ? `${seq}` : `${seq}.${part}`);

/** Throws `invalid_argument`. */
export function readId(text: string): Position {
  const match = ID.exec(text);
  if (match === null) {
    const message = `"${text.slice(0, 40)}" is no id of an event; one is like 42, or 42.1.`;
    throw new KernelError('invalid_argument', message, { details: { param: 'after' } });
  }
  return { seq: Number(match[1]), part: Number(match[2] ?? 0) };
}

/** Where an id is given it beats the seq, which tells less. */
export const positionOf = (given: { readonly id: string; readonly seq: number }): Position =>
  given.id === '' ? { seq: given.seq, part: 0 } : readId(given.id);

/** The last event of which nothing is left to tell. */
export const wholeSeqOf = ({ seq, part }: Position): number => (part === 0 ? seq : seq - 1);

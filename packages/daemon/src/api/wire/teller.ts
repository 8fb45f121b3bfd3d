// What it is to tell an event on the wire: a teller says the fields that it knows, and the rest is
// filled in for it (events.ts). Types only.

import type { EventKind, EventOf } from '@hivekernel/kernel';
import type { core } from '@hivekernel/protocol';
import type { Reader } from './content-bytes.ts';

export type ProcessEvent = core.ProcessEvent;

/** Left out: the event's own kind as the type, its pid or its author's, zero and empty. */
export type Told = Partial<ProcessEvent>;

export interface EventSource {
  readonly host: Reader;
  /** Empty where it is not known any more. */
  nameOf(pid: number): string;
}

/** Several where one event is several on the wire; a promise where a payload must be fetched. */
export type Teller<K extends EventKind> = (
  event: EventOf<K>,
  source: EventSource,
) => Told | readonly Told[] | Promise<Told>;

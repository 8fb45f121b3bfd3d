// The fold: state is what remains when every event has been applied in order.
//   D2. Applying is total and deterministic: it reads durable state and the event, nothing else,
//       and it never refuses. What may be refused was refused before the event was written.
//   Each area of state brings its own handlers; an event may concern several areas, and they are
//   applied in the order in which the areas are listed at construction.

import type { Event, EventKind, EventOf } from './event.ts';

export type Handlers = { readonly [K in EventKind]?: (event: EventOf<K>) => void };

type AnyHandler = (event: Event) => void;

export class Fold {
  readonly #handlers = new Map<string, AnyHandler[]>();

  constructor(areas: readonly Handlers[]) {
    for (const area of areas) {
      for (const [kind, handler] of Object.entries(area)) {
        const list = this.#handlers.get(kind) ?? [];
        list.push(handler as AnyHandler);
        this.#handlers.set(kind, list);
      }
    }
  }

  apply(event: Event): void {
    const list = this.#handlers.get(event.kind);
    if (list === undefined) return;
    for (let i = 0; i < list.length; i += 1) (list[i] as AnyHandler)(event);
  }
}

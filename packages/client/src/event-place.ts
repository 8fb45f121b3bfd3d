// How far a follower has come, as what it asks the kernel for next. One event of the journal may be
// several on the wire; the id of each says exactly where to go on.

import type { core, link } from '@hivekernel/protocol/messages';

export class EventPlace {
  readonly #asked: link.FollowEventsCall;

  /** Of what is asked for first. */
  constructor(asked: link.FollowEventsCall) {
    this.#asked = { ...asked };
  }

  ask(): link.FollowEventsCall {
    return { ...this.#asked };
  }

  /** It was handed out. */
  take({ seq, id }: core.ProcessEvent): void {
    if (seq > 0) this.mark(id);
  }

  /** Nothing up to here is left to tell. */
  mark(id: string): void {
    this.#asked.afterId = id;
    // What was asked for once is not asked for again after a loss: the id says where to go on.
    this.#asked.last = 0;
    this.#asked.sinceMs = 0;
  }
}

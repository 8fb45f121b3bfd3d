// Inboxes that are subscribed to: a process takes its mail by itself, instead of having it pushed.
//   M9. Push pauses while a process has a subscription to its inbox, and goes on at the end of the
//       last. What was under way to its link by then stays so.
//   M6, M7. What a subscriber has in hand is under way: its TTL does not run out there. A word on
//       it means what one on a pushed message means.

import type { Pid } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import type { OnWaiting } from './broker.ts';
import { deliveryOf } from './delivery-view.ts';
import type { Message } from './mailbox.ts';
import type { MessageEnds } from './message-ends.ts';
import type { PostOffice } from './post-office.ts';
import { ShelfFeed, type Manner, type Outlet } from './shelf-feed.ts';
import type { Feed } from './subscriptions.ts';

/** What the subscriptions of one inbox share. */
interface Attendance {
  subscribers: number;
}

export class Inboxes {
  readonly #table: ProcessTable;
  readonly #office: PostOffice;
  readonly #ends: MessageEnds;
  readonly #stir: (source: object) => void;
  readonly #onWaiting: OnWaiting;
  readonly #attended = new Map<Pid, Attendance>();

  constructor(options: {
    table: ProcessTable;
    office: PostOffice;
    ends: MessageEnds;
    stir: (source: object) => void;
    onWaiting: OnWaiting;
  }) {
    this.#table = options.table;
    this.#office = options.office;
    this.#ends = options.ends;
    this.#stir = options.stir;
    this.#onWaiting = options.onWaiting;
  }

  open(of: ProcessRecord, manner: Manner): Feed {
    const { pid } = of;
    const source = this.#attended.get(pid) ?? { subscribers: 0 };
    this.#attended.set(pid, source);
    source.subscribers += 1;
    const outlet: Outlet<Message> = {
      source,
      shelf: this.#office.openBox(pid),
      show: (message) => deliveryOf(message, this.#table),
      shownSeq: ({ seq }) => seq,
      acknowledge: (acks) => this.#ends.acknowledge(pid, acks),
      rearm: this.#office.arm,
      stir: () => this.#stir(source),
      leave: () => this.#leave(pid, source),
    };
    return new ShelfFeed(outlet, manner);
  }

  isSubscribed(pid: Pid): boolean {
    return this.#attended.has(pid);
  }

  /** Something waits for it. */
  note(pid: Pid): void {
    const source = this.#attended.get(pid);
    if (source !== undefined) this.#stir(source);
  }

  #leave(pid: Pid, source: Attendance): void {
    source.subscribers -= 1;
    if (source.subscribers > 0) return;
    this.#attended.delete(pid);
    if (this.#office.depth(pid) > 0) this.#onWaiting(pid);
  }
}

// The feed of one subscription from a shelf, be it an inbox or a named queue: what it took is in
// its hand until its word, or its end.
//   M9. One that acknowledges holds a message until it says a word; at its end all comes back.
//       One that does not (what was handed out is as good as read) has its oldest ones confirmed
//       when it asks for more, and at its own cancel; at any other end what was not confirmed, at
//       most 64, comes back.
//   M6. What comes back has its old place. Where a place counts tries, a word that does not come in
//       time and a broken stream are one for the oldest that was in its hand: what was handed out
//       behind that one is not to blame. What the consumer gives back itself is none.

import type { Delivery } from '../events/effects.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { MessageId, Seq } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { OrderedHand, type Held } from './hand.ts';
import type { Line } from './lines.ts';
import type { Acknowledgement } from './message-ends.ts';
import type { Posted } from './posted.ts';
import type { Shelf } from './shelf.ts';
import type { Feed, Handed, SubscriptionEnd } from './subscriptions.ts';
import type { Wants } from './wants.ts';

/** How a subscriber takes. */
export interface Manner {
  readonly wants: Wants;
  readonly isAcknowledged: boolean;
}

/** What the place means to one subscriber of it. */
export interface Outlet<M extends Posted> {
  readonly source: object;
  readonly shelf: Shelf<M>;
  readonly show: (message: M) => Delivery;
  /** D3: of what `show` tells beside the message itself. */
  readonly shownSeq: (message: M) => Seq;
  /** Of what it has in hand, each once. */
  readonly acknowledge: (acks: readonly Acknowledgement[]) => void;
  /** M7: a new timer for one whose TTL ended in a hand. */
  readonly rearm: (message: M) => Timer;
  /** Something waits again. */
  readonly stir: () => void;
  /** It is over, and holds nothing. */
  readonly leave: () => void;
  /** Left out: no tries are counted there, and a word may take any time. */
  readonly patience?: Patience<M>;
}

export interface Patience<M extends Posted> {
  readonly timers: Timers;
  /** 0: any time. */
  readonly wordWithinMs: number;
  readonly nowMonoMs: () => number;
  /** No word came on it. */
  readonly fail: (message: M, why: string) => void;
}

export class ShelfFeed<M extends Posted> implements Feed {
  readonly source: object;
  readonly #outlet: Outlet<M>;
  readonly #line: Line<M> | undefined;
  readonly #hand: OrderedHand<M>;
  readonly #isAcknowledged: boolean;
  #timer: Timer | undefined;

  constructor(outlet: Outlet<M>, { wants, isAcknowledged }: Manner) {
    this.source = outlet.source;
    this.#outlet = outlet;
    this.#line = outlet.shelf.openLine(wants);
    this.#hand = new OrderedHand<M>({ isFinal: !isAcknowledged });
    this.#isAcknowledged = isAcknowledged;
  }

  get held(): number {
    return this.#hand.size;
  }

  next(): Handed | undefined {
    const { shelf, patience } = this.#outlet;
    const held = shelf.next(this.#line);
    if (held === undefined) return undefined;
    shelf.take(held, this.#hand);
    if (patience !== undefined && this.#isAcknowledged) {
      held.takenMonoMs = patience.nowMonoMs();
      if (this.#timer === undefined) this.#watch(patience);
    }
    const { message } = held;
    return { delivery: this.#outlet.show(message), gate: this.#outlet.shownSeq(message) };
  }

  makeRoom(wanted: number): void {
    if (this.#isAcknowledged) return;
    const over = this.held + wanted - LIMITS.subscriberUnconfirmedMax;
    if (over > 0) this.#confirm(this.#hand.first(over));
  }

  find(message: MessageId): M | undefined {
    return this.#hand.get(message)?.message;
  }

  settle(ack: Acknowledgement): boolean {
    if (this.#hand.get(ack.message) === undefined) return false;
    const wasFull = this.held >= LIMITS.subscriberUnconfirmedMax;
    this.#outlet.acknowledge([ack]);
    // Its take may have waited for room.
    if (wasFull) this.#outlet.stir();
    return true;
  }

  accept(messages: readonly MessageId[]): void {
    const held = messages.map((id) => this.#hand.get(id)).filter((one) => one !== undefined);
    this.#confirm(new Set(held));
  }

  close(end: SubscriptionEnd, returned: ReadonlySet<MessageId>): void {
    const { timers } = this.#outlet.patience ?? {};
    timers?.cancel(this.#timer);
    this.#timer = undefined;
    const came = this.#hand.first(Infinity).filter(({ message }) => !returned.has(message.message));
    if (end === 'cancelled' && !this.#isAcknowledged) this.#confirm(came);
    if (end === 'lost' && this.#isAcknowledged) this.#failOldest(came, LOST);
    this.#putBack(this.#hand.first(Infinity));
    this.#outlet.shelf.closeLine(this.#line);
    this.#outlet.leave();
  }

  #confirm(held: Iterable<Held<M>>): void {
    const acks = Array.from(held, ({ message }) => acceptedOf(message.message));
    if (acks.length > 0) this.#outlet.acknowledge(acks);
  }

  /** Those that are still there wait again. */
  #putBack(all: readonly Held<M>[]): void {
    const { shelf, rearm, stir } = this.#outlet;
    for (const held of all) if (!held.isRemoved) shelf.putBack(held, rearm);
    if (all.length > 0) stir();
  }

  #failOldest([oldest]: readonly Held<M>[], why: string): void {
    if (oldest !== undefined) this.#outlet.patience?.fail(oldest.message, why);
  }

  /** One timer, for the oldest: what it took it holds in the order of time. */
  #watch(patience: Patience<M>): void {
    const { oldest } = this.#hand;
    if (oldest === undefined || patience.wordWithinMs === 0) return;
    const atMonoMs = oldest.takenMonoMs + patience.wordWithinMs;
    this.#timer = patience.timers.arm(atMonoMs, () => this.#lookForLate(patience));
  }

  #lookForLate(patience: Patience<M>): void {
    this.#timer = undefined;
    const { wordWithinMs } = patience;
    const lateMonoMs = patience.nowMonoMs() - wordWithinMs;
    const held = this.#hand.first(Infinity);
    const late = held.filter(({ takenMonoMs }) => takenMonoMs <= lateMonoMs);
    this.#failOldest(late, `no word on it within ${wordWithinMs} ms`);
    this.#putBack(late);
    this.#watch(patience);
  }
}

const LOST = 'its consumer is gone';

const acceptedOf = (message: MessageId): Acknowledgement => ({
  message,
  status: 'accepted',
  reply: undefined,
});

// Mailboxes: what waits for each process, and what could not be given to it.
//   M6. A message stays until its receiver acknowledged it; what is under way is volatile, and
//       waits again when a link is lost. M9. So does what one of its subscriptions has in hand.
//   M8. Bounded in messages and bytes; signals of the kernel have a reserve (P8).

import { LIMITS } from '../limits.ts';
import type { EventOf } from '../events/event.ts';
import type { Timer } from '../events/timers.ts';
import { SEQ_ZERO, type MessageId, type Pid, type Seq } from '../ids.ts';
import { isReport } from './end-report.ts';
import { Hand, type Held } from './hand.ts';
import { laneKey, type LaneName } from './lanes.ts';
import type { Dead } from './posted.ts';
import { Shelf } from './shelf.ts';

export type Message = Omit<EventOf<'message.sent'>['body'], 'route' | 'via' | 'once'> & {
  readonly seq: Seq;
  readonly by: Pid;
  readonly wallMs: number;
  readonly key: number;
};

/** M6: of a lane whose delivery failed. Durable, so that tries count over restarts. */
export interface Retry extends LaneName {
  /** The lane's oldest then; what is counted is its tries. */
  readonly head: MessageId;
  readonly tries: number;
  readonly untilMonoMs: number;
}

export type DeadLetter = Dead<Message>;

export class Mailbox extends Shelf<Message> {
  /** On its way to the receiver's link. */
  readonly #pushed = new Hand<Message>({ isFinal: false });
  /** Of lanes that failed. */
  readonly retries = new Map<string, Retry>();
  /** Copies of sibling traffic, the first to go when it is full (M3). */
  readonly #copies = new Set<MessageId>();
  /** Of the ends of messages (M6): bounded by themselves. */
  readonly #reports = new Set<MessageId>();
  /** Of the kernel's signals, which have a reserve of their own (P8). */
  #signals = 0;
  #signalBytes = 0;
  /** The last signal about each thing. */
  readonly #lastAbout = new Map<string, MessageId>();
  /** Volatile: the seq that the last delivery waits for. A later one must not pass it (M6). */
  deliveryGate: Seq = SEQ_ZERO;

  /** What is under way to its link. */
  get underWay(): number {
    return this.#pushed.size;
  }

  get underWayBytes(): number {
    return this.#pushed.bytes;
  }

  isUnderWay(id: MessageId): boolean {
    return this.handOf(id) === this.#pushed;
  }

  /** Under way, or with a subscriber. */
  isInHand(id: MessageId): boolean {
    return this.handOf(id) !== undefined;
  }

  /** P8: is a place of the reserve for signals free? */
  get hasReserve(): boolean {
    return this.#signals < LIMITS.inboxSignalReserve;
  }

  /** M8: is there room for one more of this size? Signals may use the reserve (P8). */
  hasRoomFor(bytes: number, isSignal: boolean): boolean {
    const reserved = Math.min(this.#signals, LIMITS.inboxSignalReserve);
    if (isSignal && this.hasReserve) return true;
    const hasPlace = this.depth - reserved < LIMITS.inboxMessagesMax;
    return hasPlace && this.bytes - this.#signalBytes + bytes <= LIMITS.inboxBytesMax;
  }

  /** M3: a copy that may be displaced, the oldest. */
  get oldestCopy(): MessageId | undefined {
    for (const id of this.#copies) if (!this.isInHand(id)) return id;
    return undefined;
  }

  get reports(): number {
    return this.#reports.size;
  }

  /** M6: the report that gives way to a new one, the oldest. */
  get oldestReport(): Message | undefined {
    for (const id of this.#reports) if (!this.isInHand(id)) return this.get(id);
    return undefined;
  }

  /** P8: the signal that a new one about the same may take the place of. */
  waitingAbout(about: string): Message | undefined {
    const id = this.#lastAbout.get(about);
    return id === undefined || this.isInHand(id) ? undefined : this.get(id);
  }

  override add(message: Message, expiry: Timer | undefined): void {
    super.add(message, expiry);
    this.#countSignal(message, 1);
    if (message.isCopy) this.#copies.add(message.message);
    if (isReport(message)) this.#reports.add(message.message);
    if (message.about !== undefined) this.#lastAbout.set(message.about, message.message);
  }

  override remove(id: MessageId): Held<Message> | undefined {
    const held = super.remove(id);
    if (held === undefined) return undefined;
    const { message } = held;
    if (this.#copies.size > 0) this.#copies.delete(id);
    if (this.#reports.size > 0) this.#reports.delete(id);
    const { about } = message;
    if (about !== undefined && this.#lastAbout.get(about) === id) this.#lastAbout.delete(about);
    this.#countSignal(message, -1);
    this.#settle(message);
    return held;
  }

  /** Marks the next message as under way, within the window of M6; undefined when none may go. */
  takeNext(): Message | undefined {
    if (this.underWay >= LIMITS.deliveryWindowMessages) return undefined;
    const held = this.next(undefined);
    if (held === undefined) return undefined;
    const after = this.underWayBytes + held.message.content.bytes;
    if (this.underWay > 0 && after > LIMITS.deliveryWindowBytes) return undefined;
    this.take(held, this.#pushed);
    return held.message;
  }

  /** M6: until `startLane` nothing of the lane leaves; what was under way of it waits again. */
  haltLane(lane: LaneName, rearm: (message: Message) => Timer): void {
    for (const held of this.stopLane(lane)) {
      if (held.hand === this.#pushed) this.putBack(held, rearm);
    }
  }

  /** The link is gone: all that was under way to it waits again, in its old order. What stood still
   * does so further. */
  resetDelivery(rearm: (message: Message) => Timer): void {
    for (const held of this.inHandOf(this.#pushed)) this.putBack(held, rearm);
  }

  /** M6: what failed is out of the way, so its lane goes on. */
  #settle(message: Message): void {
    if (this.retries.size === 0) return;
    const lane = laneKey(message);
    if (this.retries.get(lane)?.head !== message.message) return;
    this.retries.delete(lane);
    this.startLane(message);
  }

  #countSignal(message: Message, by: 1 | -1): void {
    if (message.relation !== 'system' || isReport(message)) return;
    this.#signals += by;
    this.#signalBytes += message.content.bytes * by;
  }
}

// Mailboxes: what waits for each process, and what could not be given to it.
//   M4, M6. What waits lies in lanes by sender and priority (lanes.ts).
//   M6. A message stays until its receiver acknowledged it; what is under way is volatile, and
//       waits again when a link is lost.
//   M8. Bounded in messages and bytes; signals of the kernel have a reserve (P8).

import { LIMITS } from '../limits.ts';
import type { DropReason, EventOf } from '../events/event.ts';
import type { Timer } from '../events/timers.ts';
import { SEQ_ZERO, type MessageId, type Pid, type Seq } from '../ids.ts';
import { isReport } from './end-report.ts';
import { laneKey, Lanes, type Held, type LaneName } from './lanes.ts';

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

export interface DeadLetter extends Message {
  readonly whyDead: DropReason;
}

export class Mailbox {
  readonly #held = new Map<MessageId, Held>();
  #lanes = new Lanes();
  /** Of lanes that failed. */
  readonly retries = new Map<string, Retry>();
  /** Copies of sibling traffic, the first to go when it is full (M3). */
  readonly #copies = new Set<MessageId>();
  /** Of the ends of messages (M6): bounded by themselves. */
  readonly #reports = new Set<MessageId>();
  bytes = 0;
  /** Of the kernel's signals, which have a reserve of their own (P8). */
  #signals = 0;
  #signalBytes = 0;
  /** The last signal about each thing. */
  readonly #lastAbout = new Map<string, MessageId>();
  underWay = 0;
  underWayBytes = 0;
  /** Volatile: the seq that the last delivery waits for. A later one must not pass it (M6). */
  deliveryGate: Seq = SEQ_ZERO;
  readonly deadLetters: DeadLetter[] = [];

  get depth(): number {
    return this.#held.size;
  }

  get(id: MessageId): Message | undefined {
    return this.#held.get(id)?.message;
  }

  isUnderWay(id: MessageId): boolean {
    return this.#held.get(id)?.isUnderWay ?? false;
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
    for (const id of this.#copies) if (!this.isUnderWay(id)) return id;
    return undefined;
  }

  get reports(): number {
    return this.#reports.size;
  }

  /** M6: the report that gives way to a new one, the oldest. */
  get oldestReport(): Message | undefined {
    for (const id of this.#reports) if (!this.isUnderWay(id)) return this.get(id);
    return undefined;
  }

  /** P8: the signal that a new one about the same may take the place of. */
  waitingAbout(about: string): Message | undefined {
    const id = this.#lastAbout.get(about);
    return id === undefined || this.isUnderWay(id) ? undefined : this.get(id);
  }

  add(message: Message, expiry: Timer | undefined): void {
    const held: Held = { message, isUnderWay: false, isRemoved: false, expiry };
    this.#held.set(message.message, held);
    this.#lanes.add(held);
    this.#count(message, 1);
    if (message.isCopy) this.#copies.add(message.message);
    if (isReport(message)) this.#reports.add(message.message);
    if (message.about !== undefined) this.#lastAbout.set(message.about, message.message);
  }

  remove(id: MessageId): { message: Message; expiry: Timer | undefined } | undefined {
    const held = this.#held.get(id);
    if (held === undefined) return undefined;
    this.#held.delete(id);
    if (this.#copies.size > 0) this.#copies.delete(id);
    if (this.#reports.size > 0) this.#reports.delete(id);
    const { about } = held.message;
    if (about !== undefined && this.#lastAbout.get(about) === id) this.#lastAbout.delete(about);
    this.#count(held.message, -1);
    if (held.isUnderWay) this.#landed(held);
    this.#lanes.remove(held);
    this.#settle(held.message);
    return { message: held.message, expiry: held.expiry };
  }

  /** Marks the next message as under way, within the window of M6; undefined when none may go. */
  takeNext(): Message | undefined {
    if (this.underWay >= LIMITS.deliveryWindowMessages) return undefined;
    const held = this.#lanes.first;
    if (held === undefined) return undefined;
    const after = this.underWayBytes + held.message.content.bytes;
    if (this.underWay > 0 && after > LIMITS.deliveryWindowBytes) return undefined;
    this.#lanes.takeFirst();
    this.underWay += 1;
    this.underWayBytes = after;
    return held.message;
  }

  /** M6: the lane's oldest, whose tries count. */
  headOf(lane: LaneName): Message | undefined {
    return this.#lanes.oldestOf(lane)?.message;
  }

  /** M6: until `startLane` nothing of the lane leaves; what was under way of it waits again. */
  stopLane(lane: LaneName): void {
    for (const held of this.#lanes.stop(lane)) this.#landed(held);
  }

  startLane(lane: LaneName): void {
    this.#lanes.start(lane);
  }

  /** The link is gone: all that was under way waits again, in its old order; `rearm` makes a new
   * timer for what lived past its TTL under way (M7). What stood still does so further. */
  resetDelivery(rearm: (message: Message) => Timer): void {
    const { stopped } = this.#lanes;
    this.#lanes = new Lanes();
    this.underWay = 0;
    this.underWayBytes = 0;
    for (const held of this.#held.values()) {
      held.isUnderWay = false;
      this.#lanes.add(held);
      if (held.expiry !== undefined && held.expiry.index < 0) held.expiry = rearm(held.message);
    }
    for (const lane of stopped) this.#lanes.stop(lane);
  }

  /** In the order in which they were sent. */
  *messages(): Generator<Message> {
    for (const held of this.#held.values()) yield held.message;
  }

  /** What waits or is under way, in the order of delivery (M4). */
  inOrder(): Message[] {
    return [...this.messages()].sort((a, b) => a.key - b.key || a.seq - b.seq);
  }

  /** The oldest dead letter goes when there are too many. */
  bury(message: Message, whyDead: DropReason): void {
    this.deadLetters.push({ ...message, whyDead });
    if (this.deadLetters.length > LIMITS.deadLettersMax) this.deadLetters.shift();
  }

  deadLetter(id: MessageId): DeadLetter | undefined {
    return this.deadLetters.find(({ message }) => message === id);
  }

  removeLetter(id: MessageId): void {
    const at = this.deadLetters.findIndex(({ message }) => message === id);
    if (at >= 0) this.deadLetters.splice(at, 1);
  }

  /** M6: what failed is out of the way, so its lane goes on. */
  #settle(message: Message): void {
    if (this.retries.size === 0) return;
    const lane = laneKey(message);
    if (this.retries.get(lane)?.head !== message.message) return;
    this.retries.delete(lane);
    this.#lanes.start(message);
  }

  #count(message: Message, by: 1 | -1): void {
    const bytes = message.content.bytes * by;
    this.bytes += bytes;
    if (message.relation !== 'system' || isReport(message)) return;
    this.#signals += by;
    this.#signalBytes += bytes;
  }

  #landed(held: Held): void {
    this.underWay -= 1;
    this.underWayBytes -= held.message.content.bytes;
  }
}

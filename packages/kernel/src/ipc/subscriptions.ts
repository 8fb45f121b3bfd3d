// Subscriptions: who takes messages by itself, instead of having them pushed. A subscription is a
// place to take from (its feed: an inbox, a named queue, topics) with an owner and a channel; it is
// volatile, and everything that it holds goes back when it ends. What waits where is the feeds'.
//   M9. At most so many unconfirmed messages are in the hands of one subscription.
//   Takes that wait are served in order, one message each in turn, so that no subscriber of a
//   source starves another.
//   It ends by its own word, with its channel, or with the run of its process.

import { assert, KernelError } from '../errors.ts';
import type { Delivery, EffectQueue } from '../events/effects.ts';
import type { CallRef } from '../events/event.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { MessageId, Pid, Seq } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { Acknowledgement } from './message-ends.ts';
import type { Posted } from './posted.ts';

/**
 * How a subscription ends. `cancelled`: by its own word; what it was handed had reached it.
 * `slept`: with a run that was to end, so that nothing was tried in vain (S7).
 */
export type SubscriptionEnd = 'cancelled' | 'lost' | 'slept';

export interface Handed {
  readonly delivery: Delivery;
  /** The seq that it may not leave before (D3). */
  readonly gate: Seq;
}

/** Where one subscription takes from. Subscriptions of one place share its `source`. */
export interface Feed {
  readonly source: object;
  /** The next that it may have now: it is in its hands until `settle` or `close`. */
  next(): Handed | undefined;
  /** What is in its hands by this id, where its sender is to be known (M6). */
  find?(message: MessageId): Posted | undefined;
  /** How many are in its hands and not confirmed. */
  readonly held: number;
  /** Before a take: those that went out without a need of a word make room (M9). */
  makeRoom(wanted: number): void;
  /** Its word on a message in its hands; false: it does not hold that one. */
  settle(ack: Acknowledgement): boolean;
  /** Many are accepted at once, as by `settle`; left out: one by one. */
  accept?(messages: readonly MessageId[]): void;
  /** Its end. `returned` never reached the subscriber, whatever the end was. */
  close(end: SubscriptionEnd, returned: ReadonlySet<MessageId>): void;
}

export interface Subscription {
  readonly id: number;
  readonly owner: Pid;
  readonly channel: string;
  readonly feed: Feed;
}

/** A subscription, and its take that waits. */
interface Open extends Subscription {
  readonly line: Line;
  waiting: Waiting | undefined;
}

/** Takes that wait for one source, in the order of their turn. */
interface Line {
  readonly waiting: Set<Waiting>;
  subscriptions: number;
}

/** A take, and what it has by now. */
interface Waiting {
  readonly of: Open;
  readonly ref: CallRef;
  readonly max: number;
  readonly messages: Delivery[];
  /** Of their payloads: the answer has to fit a frame. */
  bytes: number;
  /** D3: the latest of theirs, and of what the take itself changed. */
  gate: Seq;
  timer: Timer | undefined;
}

export class Subscriptions {
  readonly #effects: EffectQueue;
  readonly #timers: Timers;
  readonly #lastSeq: () => Seq;
  readonly #isPaused: (pid: Pid) => boolean;
  readonly #byId = new Map<number, Open>();
  readonly #ofOwner = new Map<Pid, Set<Open>>();
  /** By source. */
  readonly #lines = new Map<object, Line>();
  /** Sources that have something new since the last flush. */
  readonly #stirred = new Set<object>();
  #lastId = 0;

  constructor(options: {
    effects: EffectQueue;
    timers: Timers;
    lastSeq: () => Seq;
    /** S1: who stands still is handed nothing; what it holds stays with it. */
    isPaused: (pid: Pid) => boolean;
  }) {
    this.#effects = options.effects;
    this.#timers = options.timers;
    this.#lastSeq = options.lastSeq;
    this.#isPaused = options.isPaused;
  }

  isSubscriber(pid: Pid): boolean {
    return this.#ofOwner.has(pid);
  }

  /** Asked before a feed is made. Throws `limit_exceeded`. */
  requireRoom({ pid }: ProcessRecord): void {
    const count = this.#ofOwner.get(pid)?.size ?? 0;
    if (count < LIMITS.subscriptionsPerProcessMax) return;
    throw new KernelError(
      'limit_exceeded',
      `Process ${pid} has ${count} subscriptions, the most that one may have. End some of them.`,
      { details: { pid } },
    );
  }

  open(owner: ProcessRecord, channel: string, feed: Feed): Subscription {
    this.#lastId += 1;
    const line = this.#lines.get(feed.source) ?? { waiting: new Set(), subscriptions: 0 };
    line.subscriptions += 1;
    this.#lines.set(feed.source, line);
    const id = this.#lastId;
    const opened: Open = { id, owner: owner.pid, channel, feed, line, waiting: undefined };
    this.#byId.set(id, opened);
    const own = this.#ofOwner.get(owner.pid) ?? new Set<Open>();
    this.#ofOwner.set(owner.pid, own.add(opened));
    return opened;
  }

  /** Of this owner and channel. Throws `not_found`: it never was, or is over. */
  require(id: number, { pid, channel }: Pick<CallRef, 'pid' | 'channel'>): Subscription {
    const found = this.#byId.get(id);
    if (found?.owner === pid && found.channel === channel) return found;
    throw new KernelError('not_found', `There is no subscription ${id} of yours, or it is over.`, {
      details: { field: 'subscription' },
    });
  }

  /**
   * Up to `max` messages, and no more than `deliveryWindowBytes` and one of them: at once where
   * some wait; else undefined, and the answer is an effect. After `requireNoTake`.
   */
  take(
    { id }: Subscription,
    order: { ref: CallRef; max: number; untilMonoMs: number | undefined },
  ): readonly Delivery[] | undefined {
    const of = this.#byId.get(id);
    assert(of !== undefined, `subscription ${id} is open`);
    assert(of.waiting === undefined, 'one take of a subscription waits at a time');
    // Those that wait come first.
    const { feed, line } = of;
    if (this.#stirred.delete(feed.source)) this.#serve(line.waiting);
    const { ref, untilMonoMs } = order;
    const most = LIMITS.subscriberUnconfirmedMax;
    const max = order.max === 0 ? most : Math.min(order.max, most);
    feed.makeRoom(max);
    const nothing = { messages: [], bytes: 0, gate: this.#lastSeq(), timer: undefined };
    const waiting: Waiting = { of, ref, max, ...nothing };
    while (this.#handOne(waiting)) continue;
    if (waiting.messages.length > 0) return waiting.messages;
    of.waiting = waiting;
    line.waiting.add(waiting);
    if (untilMonoMs !== undefined) {
      waiting.timer = this.#timers.arm(untilMonoMs, () => this.#answer(waiting));
    }
    return undefined;
  }

  /** Throws `conflict` where a take of it waits. */
  requireNoTake({ id }: Subscription): void {
    if (this.#byId.get(id)?.waiting === undefined) return;
    throw new KernelError('conflict', 'Another take of this subscription waits already.', {
      details: { field: 'subscription' },
    });
  }

  /** What it does not hold is passed over. */
  accept({ feed }: Subscription, messages: readonly MessageId[]): void {
    if (messages.length === 0) return;
    if (feed.accept !== undefined) {
      feed.accept(messages);
      return;
    }
    for (const message of messages) feed.settle({ message, status: 'accepted', reply: undefined });
  }

  /** What one of its subscriptions holds. */
  find(owner: Pid, message: MessageId): Posted | undefined {
    for (const { feed } of this.#ofOwner.get(owner) ?? []) {
      const found = feed.find?.(message);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The word of a subscriber on something that one of its subscriptions holds; else false. */
  settle(owner: Pid, ack: Acknowledgement): boolean {
    for (const { feed } of this.#ofOwner.get(owner) ?? []) if (feed.settle(ack)) return true;
    return false;
  }

  /** Its take is given up; it goes on. True: there was one. */
  cancelTake(ref: CallRef): boolean {
    for (const { waiting } of this.#ofOwner.get(ref.pid) ?? []) {
      if (waiting?.ref.id !== ref.id || waiting.ref.channel !== ref.channel) continue;
      this.#refuse(waiting, new KernelError('cancelled', 'The take was given up.'));
      return true;
    }
    return false;
  }

  end(
    { id }: Subscription,
    end: SubscriptionEnd,
    returned: ReadonlySet<MessageId> = NOTHING_RETURNED,
  ): void {
    const ended = this.#byId.get(id);
    if (ended === undefined) return;
    this.#byId.delete(id);
    const own = this.#ofOwner.get(ended.owner);
    own?.delete(ended);
    if (own?.size === 0) this.#ofOwner.delete(ended.owner);
    const { feed, line, waiting } = ended;
    if (waiting !== undefined) {
      this.#refuse(waiting, new KernelError('cancelled', 'The subscription is over.'));
    }
    line.subscriptions -= 1;
    if (line.subscriptions === 0) this.#lines.delete(feed.source);
    feed.close(end, returned);
    this.stir(feed.source);
  }

  /** The stream that it fed broke. */
  lost(owner: Pid, id: number): void {
    const found = this.#byId.get(id);
    if (found?.owner === owner) this.end(found, 'lost');
  }

  /** The run of a process is over. */
  endAllOf(owner: Pid, end: 'lost' | 'slept'): void {
    for (const one of [...(this.#ofOwner.get(owner) ?? [])]) this.end(one, end);
  }

  endChannel(channel: string): void {
    for (const one of [...this.#byId.values()]) if (one.channel === channel) this.end(one, 'lost');
  }

  /** Something may be taken from it that could not before. */
  stir(source: object): void {
    this.#stirred.add(source);
  }

  /** It goes on after a pause. */
  stirAllOf(owner: Pid): void {
    for (const { feed } of this.#ofOwner.get(owner) ?? []) this.stir(feed.source);
  }

  /** After a refold: a number that is out in the world does not come to mean another. */
  inherit(from: Subscriptions): void {
    this.#lastId = from.#lastId;
  }

  /** At the end of a pass: one message each in turn, then the answers. */
  flush(): void {
    for (const source of this.#stirred) {
      const waiting = this.#lines.get(source)?.waiting;
      if (waiting !== undefined && waiting.size > 0) this.#serve(waiting);
    }
    this.#stirred.clear();
  }

  #serve(line: ReadonlySet<Waiting>): void {
    const all = [...line];
    let round = all;
    while (round.length > 0) round = round.filter((waiting) => this.#handOne(waiting));
    for (const waiting of all) if (waiting.messages.length > 0) this.#answer(waiting);
  }

  /** An answer fits a frame: it ends with the payload that goes over the bound. */
  #handOne(waiting: Waiting): boolean {
    const { feed, owner } = waiting.of;
    if (this.#isPaused(owner)) return false;
    if (waiting.messages.length >= waiting.max) return false;
    if (waiting.bytes >= LIMITS.deliveryWindowBytes) return false;
    if (feed.held >= LIMITS.subscriberUnconfirmedMax) return false;
    const handed = feed.next();
    if (handed === undefined) return false;
    waiting.messages.push(handed.delivery);
    waiting.bytes += handed.delivery.content.bytes;
    if (handed.gate > waiting.gate) waiting.gate = handed.gate;
    return true;
  }

  #answer(waiting: Waiting): void {
    this.#forget(waiting);
    const result = { ok: true, value: { messages: waiting.messages } } as const;
    this.#effects.pushAfter(waiting.gate, { do: 'reply', to: waiting.ref, result });
  }

  #refuse(waiting: Waiting, error: KernelError): void {
    this.#forget(waiting);
    this.#effects.push({ do: 'reply', to: waiting.ref, result: { ok: false, error } });
  }

  #forget(waiting: Waiting): void {
    this.#timers.cancel(waiting.timer);
    waiting.of.waiting = undefined;
    waiting.of.line.waiting.delete(waiting);
  }
}

const NOTHING_RETURNED: ReadonlySet<MessageId> = new Set();

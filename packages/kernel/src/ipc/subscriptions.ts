// Subscriptions: who takes messages by itself, instead of having them pushed. A subscription is a
// place to take from (its feed: an inbox, a named queue, topics) with an owner and a channel; it is
// volatile, and everything that it holds goes back when it ends. What waits where is the feeds'.
//   M9. At most so many unconfirmed messages are in the hands of one subscription.
//   Takes that wait are served in order, one message each in turn, so that no subscriber of a
//   source starves another.
//   It ends by its own word, with its channel, or with the run of its process.

import { KernelError } from '../errors.ts';
import type { Delivery, EffectQueue } from '../events/effects.ts';
import type { CallRef } from '../events/event.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { MessageId, Pid, Seq } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { Acknowledgement } from './message-ends.ts';

/** How a subscription ends. `cancelled`: by its own word; what it was handed had reached it. */
export type SubscriptionEnd = 'cancelled' | 'lost';

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
  /** How many are in its hands and not confirmed. */
  readonly held: number;
  /** Before a take: those that went out without a need of a word make room (M9). */
  makeRoom(wanted: number): void;
  /** Its word on a message in its hands; false: it does not hold that one. */
  settle(ack: Acknowledgement): boolean;
  /** `accepted` for each that it holds, where that can be said at once; how many there were. */
  settleAll?(messages: readonly MessageId[]): number;
  /** Its end. `returned` never reached the subscriber, whatever the end was. */
  close(end: SubscriptionEnd, returned: ReadonlySet<MessageId>): void;
}

export interface Subscription {
  readonly id: number;
  readonly owner: Pid;
  readonly channel: string;
  readonly feed: Feed;
}

/** A take that waits. */
interface Waiting {
  readonly of: Subscription;
  readonly ref: CallRef;
  readonly max: number;
  readonly batch: Handed[];
  /** Of the batch's payloads. */
  bytes: number;
  timer: Timer | undefined;
}

export class Subscriptions {
  readonly #effects: EffectQueue;
  readonly #timers: Timers;
  readonly #byId = new Map<number, Subscription>();
  readonly #ofOwner = new Map<Pid, Set<Subscription>>();
  /** Takes that wait, by subscription; those of one source in the order of their turn. */
  readonly #takes = new Map<Subscription, Waiting>();
  readonly #turns = new Map<object, Set<Waiting>>();
  /** Sources that have something new since the last flush. */
  readonly #stirred = new Set<object>();
  #lastId = 0;

  constructor(options: { effects: EffectQueue; timers: Timers }) {
    this.#effects = options.effects;
    this.#timers = options.timers;
  }

  /** Before a feed is made for it, since that may change state. Throws `limit_exceeded`. */
  requireRoom({ pid }: ProcessRecord): void {
    const { size = 0 } = this.#ofOwner.get(pid) ?? {};
    if (size < LIMITS.subscriptionsPerProcessMax) return;
    throw new KernelError(
      'limit_exceeded',
      `Process ${pid} has ${size} subscriptions, the most that one may have. End some of them.`,
      { details: { pid } },
    );
  }

  open(owner: ProcessRecord, channel: string, feed: Feed): Subscription {
    const own = this.#ofOwner.get(owner.pid) ?? new Set<Subscription>();
    this.#lastId += 1;
    const subscription = { id: this.#lastId, owner: owner.pid, channel, feed };
    this.#byId.set(subscription.id, subscription);
    this.#ofOwner.set(owner.pid, own.add(subscription));
    return subscription;
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
   * Up to `max` messages: at once where some wait; else undefined, and the answer is an effect.
   * Throws `conflict` where another take of it waits.
   */
  take(
    subscription: Subscription,
    order: { ref: CallRef; max: number; untilMonoMs: number | undefined },
  ): readonly Delivery[] | undefined {
    if (this.#takes.has(subscription)) {
      throw new KernelError('conflict', 'Another take of this subscription waits already.', {
        details: { field: 'subscription' },
      });
    }
    const { ref, untilMonoMs } = order;
    const most = LIMITS.subscriberUnconfirmedMax;
    const max = order.max === 0 ? most : Math.min(order.max, most);
    subscription.feed.makeRoom(max);
    const waiting: Waiting = { of: subscription, ref, max, batch: [], bytes: 0, timer: undefined };
    while (this.#handOne(waiting)) continue;
    if (waiting.batch.length > 0) return waiting.batch.map(({ delivery }) => delivery);
    this.#takes.set(subscription, waiting);
    const turns = this.#turns.get(subscription.feed.source) ?? new Set<Waiting>();
    this.#turns.set(subscription.feed.source, turns.add(waiting));
    if (untilMonoMs !== undefined) {
      waiting.timer = this.#timers.arm(untilMonoMs, () => this.#answer(waiting));
    }
    return undefined;
  }

  /** Said with a take. What it does not hold is passed over. */
  accept({ feed }: Subscription, messages: readonly MessageId[]): void {
    if (feed.settleAll !== undefined) feed.settleAll(messages);
    else {
      for (const message of messages) {
        feed.settle({ message, status: 'accepted', reply: undefined });
      }
    }
  }

  /** The word of a subscriber on something that one of its subscriptions holds; else false. */
  settle(owner: Pid, ack: Acknowledgement): boolean {
    for (const { feed } of this.#ofOwner.get(owner) ?? []) if (feed.settle(ack)) return true;
    return false;
  }

  /** Its take is given up; it goes on. True: there was one. */
  cancelTake(ref: CallRef): boolean {
    for (const waiting of this.#takes.values()) {
      const { id, pid, channel } = waiting.ref;
      if (id !== ref.id || pid !== ref.pid || channel !== ref.channel) continue;
      this.#refuse(waiting, new KernelError('cancelled', 'The take was given up.'));
      return true;
    }
    return false;
  }

  end(
    subscription: Subscription,
    end: SubscriptionEnd,
    returned: ReadonlySet<MessageId> = NOTHING_RETURNED,
  ): void {
    if (!this.#byId.delete(subscription.id)) return;
    const own = this.#ofOwner.get(subscription.owner);
    own?.delete(subscription);
    if (own?.size === 0) this.#ofOwner.delete(subscription.owner);
    const waiting = this.#takes.get(subscription);
    if (waiting !== undefined) {
      this.#refuse(waiting, new KernelError('cancelled', 'The subscription is over.'));
    }
    subscription.feed.close(end, returned);
    this.stir(subscription.feed.source);
  }

  /** The stream that it fed broke. */
  lost(owner: Pid, id: number): void {
    const found = this.#byId.get(id);
    if (found?.owner === owner) this.end(found, 'lost');
  }

  /** The run of a process is over. */
  endAllOf(owner: Pid): void {
    for (const one of [...(this.#ofOwner.get(owner) ?? [])]) this.end(one, 'lost');
  }

  endChannel(channel: string): void {
    for (const one of [...this.#byId.values()]) if (one.channel === channel) this.end(one, 'lost');
  }

  /** Something may be taken from it that could not before. */
  stir(source: object): void {
    this.#stirred.add(source);
  }

  /** At the end of a pass: one message each in turn, then the answers. */
  flush(): void {
    for (const source of this.#stirred) this.#serve(this.#turns.get(source));
    this.#stirred.clear();
  }

  #serve(turns: Set<Waiting> | undefined): void {
    if (turns === undefined) return;
    let round = [...turns];
    while (round.length > 0) round = round.filter((waiting) => this.#handOne(waiting));
    for (const waiting of [...turns]) if (waiting.batch.length > 0) this.#answer(waiting);
  }

  /** An answer fits a frame: it ends with the payload that goes over the bound. */
  #handOne(waiting: Waiting): boolean {
    const { feed } = waiting.of;
    if (waiting.batch.length >= waiting.max) return false;
    if (waiting.bytes >= LIMITS.takenBytesMax) return false;
    if (feed.held >= LIMITS.subscriberUnconfirmedMax) return false;
    const handed = feed.next();
    if (handed === undefined) return false;
    waiting.batch.push(handed);
    waiting.bytes += handed.delivery.content.bytes;
    return true;
  }

  #answer(waiting: Waiting): void {
    this.#forget(waiting);
    const messages = waiting.batch.map(({ delivery }) => delivery);
    const gate = waiting.batch.reduce((most, one) => Math.max(most, one.gate), 0) as Seq;
    const result = { ok: true, value: { messages } } as const;
    this.#effects.pushAfter(gate, { do: 'reply', to: waiting.ref, result });
  }

  #refuse(waiting: Waiting, error: KernelError): void {
    this.#forget(waiting);
    this.#effects.push({ do: 'reply', to: waiting.ref, result: { ok: false, error } });
  }

  #forget(waiting: Waiting): void {
    this.#timers.cancel(waiting.timer);
    this.#takes.delete(waiting.of);
    const { source } = waiting.of.feed;
    const turns = this.#turns.get(source);
    turns?.delete(waiting);
    if (turns?.size === 0) this.#turns.delete(source);
  }
}

const NOTHING_RETURNED: ReadonlySet<MessageId> = new Set();

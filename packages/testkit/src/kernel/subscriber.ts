// A subscriber in a test: it subscribes, takes and says its words through calls, as a real one
// does, and remembers what it was given.

import type {
  AckStatus,
  ArgsOf,
  Content,
  Delivery,
  MessageId,
  Pid,
  Priority,
  SubscribeOrder,
} from '@hivekernel/kernel';
import type { TestKernel, Ticket } from './test-kernel.ts';

export interface SubscriberWish {
  /** A queue's name; left out: the inbox. */
  readonly queue?: string;
  /** A topic, or a pattern over them. */
  readonly topic?: string;
  /** The name of its cursor. */
  readonly durable?: string;
  /** Default: true. */
  readonly withRetained?: boolean;
  readonly type?: string;
  readonly leastUrgent?: Priority;
  /** False: handing out is enough (M9). */
  readonly isAcknowledged?: boolean;
  readonly channel?: string;
}

/** All of an inbox, acknowledged, unless the wish says otherwise. */
export function subscribeOrder(wish: SubscriberWish = {}): SubscribeOrder {
  const { queue = '', type = '', leastUrgent = 3, isAcknowledged = true } = wish;
  return { from: sourceOf(wish, queue), type, leastUrgent, isAcknowledged };
}

function sourceOf(wish: SubscriberWish, queue: string): SubscribeOrder['from'] {
  const { topic: pattern, durable = '', withRetained = true } = wish;
  if (pattern !== undefined) return { source: 'topic', pattern, durable, withRetained };
  return queue === '' ? { source: 'inbox' } : { source: 'queue', name: queue };
}

export class Subscriber {
  readonly #t: TestKernel;
  readonly pid: Pid;
  readonly channel: string;
  readonly subscription: number;

  /** Throws what the subscription is refused with. */
  constructor(t: TestKernel, pid: Pid, wish: SubscriberWish = {}) {
    this.#t = t;
    this.pid = pid;
    this.channel = wish.channel ?? `subscriber-${pid}`;
    this.subscription = t.call('subscribe', subscribeOrder(wish), this.#from).value.subscription;
  }

  get #from() {
    return { pid: this.pid, channel: this.channel };
  }

  /** Answered at once, or when something comes. */
  take(wish: Partial<ArgsOf<'take'>> = {}): Ticket<'take'> {
    return this.#t.call('take', this.#takeOrder(wish), this.#from);
  }

  /** The same without a pass. */
  holdTake(wish: Partial<ArgsOf<'take'>> = {}): Ticket<'take'> {
    return this.#t.hold('take', this.#takeOrder(wish), this.#from);
  }

  /** What there is now; none: it does not wait for more. */
  taken(max = 0, accepted: readonly MessageId[] = []): readonly Delivery[] {
    const ticket = this.take({ max, timeoutMs: 1, accepted });
    if (!ticket.isAnswered) this.#t.advanceMs(1);
    return ticket.value.messages;
  }

  says(message: MessageId, status: AckStatus = 'accepted', reply?: Content): Ticket<'acknowledge'> {
    const args = { pid: this.pid, message, status, reply };
    return this.#t.call('acknowledge', args, this.#from);
  }

  /** Its own word that it is over. */
  cancels(returned: readonly MessageId[] = []): void {
    const args = { subscription: this.subscription, returned };
    void this.#t.call('unsubscribe', args, this.#from).value;
  }

  /** Its stream broke. */
  breaks(): void {
    const { pid, subscription } = this;
    this.#t.fact({ fact: 'subscription_lost', pid, subscription });
  }

  #takeOrder(wish: Partial<ArgsOf<'take'>>): ArgsOf<'take'> {
    return { subscription: this.subscription, max: 0, timeoutMs: 0, accepted: [], ...wish };
  }
}

// Publishers and subscribers of topics in a test kernel: what a test says in one line. Every
// process is virtual and of user `ann`, unless the test says otherwise.

import type { ArgsOf, Delivery, MessageId, Pid, SubscribeOrder } from '@hivekernel/kernel';
import { textContent, textOf } from './orders.ts';
import type { TestKernel, Ticket } from './test-kernel.ts';

type FromTopic = Extract<SubscribeOrder['from'], { source: 'topic' }>;

export type SubscribeWish = Partial<Omit<FromTopic, 'source' | 'pattern'>> &
  Partial<Omit<SubscribeOrder, 'from'>> & { readonly channel?: string };

export type PublishWish = Partial<ArgsOf<'publish'>> & { readonly text?: string };

const LEAST_URGENT = 3;

export class TopicGround {
  readonly t: TestKernel;
  readonly publisher: Pid;

  constructor(t: TestKernel) {
    this.t = t;
    this.publisher = this.spawn('publisher');
  }

  spawn(name: string, user = 'ann'): Pid {
    return this.t.spawn({ name, user });
  }

  publish(topic: string, wish: PublishWish = {}, pid = this.publisher): Ticket<'publish'> {
    const { text = 'hello', ...rest } = wish;
    const content = textContent(text);
    return this.t.call(
      'publish',
      { topic, type: 'note', content, isTransient: false, ...rest },
      { pid },
    );
  }

  /** So many, in one pass; their texts are their numbers from 0 on. */
  publishMany(topic: string, count: number, wish: Partial<ArgsOf<'publish'>> = {}): void {
    for (let i = 0; i < count; i += 1) {
      const content = textContent(`${i}`);
      const args = { topic, type: 'note', content, isTransient: false, ...wish };
      this.t.hold('publish', args, { pid: this.publisher });
    }
    this.t.pass();
  }

  subscribing(pid: Pid, pattern: string, wish: SubscribeWish = {}): Ticket<'subscribe'> {
    const { durable = '', withRetained = true, channel, ...rest } = wish;
    const from = { source: 'topic', pattern, durable, withRetained } as const;
    const plain = { type: '', leastUrgent: LEAST_URGENT, isAcknowledged: false } as const;
    const caller = { pid, ...(channel !== undefined && { channel }) };
    return this.t.call('subscribe', { ...plain, ...rest, from }, caller);
  }

  subscribe(pid: Pid, pattern: string, wish: SubscribeWish = {}): number {
    return this.subscribing(pid, pattern, wish).value.subscription;
  }

  unsubscribe(pid: Pid, subscription: number, returned: readonly MessageId[] = []): void {
    void this.t.call('unsubscribe', { subscription, returned }, { pid }).value;
  }

  /** A take that waits for the first. */
  waiting(pid: Pid, subscription: number, max = 0): Ticket<'take'> {
    const args = { subscription, max, timeoutMs: 0, accepted: [] };
    return this.t.call('take', args, { pid });
  }

  /** What one take gives of what is there. */
  take(
    pid: Pid,
    subscription: number,
    { max = 0, accepted = [] }: { max?: number; accepted?: readonly MessageId[] } = {},
  ): readonly Delivery[] {
    const args = { subscription, max, timeoutMs: 1, accepted };
    const ticket = this.t.call('take', args, { pid });
    if (!ticket.isAnswered) this.t.advanceMs(1);
    return ticket.value.messages;
  }

  /** What takes give until there is no more. */
  takeAll(pid: Pid, subscription: number): Delivery[] {
    const all: Delivery[] = [];
    for (;;) {
      const taken = this.take(pid, subscription);
      if (taken.length === 0) return all;
      all.push(...taken);
    }
  }

  acknowledge(
    pid: Pid,
    message: MessageId,
    how: Partial<ArgsOf<'acknowledge'>> = {},
  ): Ticket<'acknowledge'> {
    const args = { pid, message, status: 'accepted', reply: undefined, ...how } as const;
    return this.t.call('acknowledge', args, { pid });
  }
}

export const textsOf = (deliveries: readonly Delivery[]): string[] =>
  deliveries.map(({ content }) => textOf(content));

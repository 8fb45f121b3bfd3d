// A queue in a test, with one who sends to it and two who may take from it. What it does it does by
// calls, as everybody.

import { asPid, type AnswerOf, type Delivery, type MessageId, type Pid } from '@hivekernel/kernel';
import { messageOrder, textOf } from './orders.ts';
import { Subscriber, type SubscriberWish } from './subscriber.ts';
import type { TestKernel } from './test-kernel.ts';

type Wish = Parameters<typeof messageOrder>[0];

/** king > boss > (one, two): one and two take, boss sends. All virtual. */
export class QueueGround {
  readonly t: TestKernel;
  readonly boss: Pid;
  readonly one: Pid;
  readonly two: Pid;

  constructor(t: TestKernel) {
    this.t = t;
    this.boss = this.t.spawn({ name: 'boss', role: 'lead' });
    this.one = this.t.spawn({ name: 'one' }, { pid: this.boss });
    this.two = this.t.spawn({ name: 'two' }, { pid: this.boss });
  }

  sent(wish: Wish = {}): MessageId {
    const order = messageOrder({ queue: 'jobs', ...wish });
    return this.t.call('send', order, { pid: this.boss }).value.message;
  }

  many(count: number, wish: Wish = {}): MessageId[] {
    return Array.from({ length: count }, () => this.sent(wish));
  }

  consumer(pid = this.one, wish: SubscriberWish = {}): Subscriber {
    return new Subscriber(this.t, pid, { queue: 'jobs', ...wish });
  }

  look(): AnswerOf<'list_inbox'> {
    return this.t.call('list_inbox', { pid: asPid(0), queue: 'jobs' }, { pid: this.boss }).value;
  }

  inbox(pid: Pid): readonly Delivery[] {
    return this.t.call('list_inbox', { pid }).value.messages;
  }

  reports(): Record<string, unknown>[] {
    const all = this.inbox(this.boss).filter(({ type }) => type === 'ack');
    return all.map(({ content }) => JSON.parse(textOf(content)) as Record<string, unknown>);
  }

  tries(): number[] {
    return this.t.eventsOf('queue.returned').map(({ body }) => body.tries);
  }
}

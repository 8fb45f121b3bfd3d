import { messageOrder, Subscriber, testKernel, textContent } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { MessageId, Pid } from '../ids.ts';

const send = (t: TestKernel, pid: Pid, wish: Parameters<typeof messageOrder>[0] = {}) =>
  t.call('send', messageOrder({ queue: 'jobs', ...wish }), { pid });

const sent = (...args: Parameters<typeof send>): MessageId => send(...args).value.message;

const ids = (deliveries: readonly { message: MessageId }[]) => deliveries.map((one) => one.message);

describe('a named queue', () => {
  it('gives each message to one consumer, until it says a word (M1)', () => {
    const t = testKernel();
    const boss = t.spawn({ name: 'boss', role: 'lead' });
    const worker = t.spawn({ name: 'hand' }, { pid: boss });
    const first = sent(t, boss, { type: 'job', content: textContent('a') });
    const one = new Subscriber(t, worker, { queue: 'jobs' });
    const two = new Subscriber(t, boss, { queue: 'jobs' });
    const [job] = one.taken();
    expect(job).toMatchObject({ message: first, from: boss, relation: 'parent', queue: 'jobs' });
    expect(two.taken()).toEqual([]);
    const waiting = two.take();
    one.says(first);
    const second = sent(t, boss);
    expect(ids(waiting.value.messages)).toEqual([second]);
    expect(one.says(first).refusal.code).toBe('not_found');
    expect(t.eventsOf('queue.acked').map(({ body }) => body)).toMatchObject([
      { user: 'root', queue: 'jobs', pid: worker, messages: [first], senders: [boss] },
    ]);
  });
});

describe('an inbox that is subscribed to', () => {
  it('is not pushed, and is again at the end of the subscription (M9)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    const subscriber = new Subscriber(t, pid);
    const message = t.call('send', messageOrder({ to: pid })).value.message;
    expect(t.runtime.agent(pid).delivered).toEqual([]);
    expect(ids(subscriber.taken())).toEqual([message]);
    subscriber.cancels();
    expect(ids(t.runtime.agent(pid).delivered)).toEqual([message]);
  });
});

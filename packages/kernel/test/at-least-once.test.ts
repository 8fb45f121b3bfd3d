import type { MessageId, Pid, Priority } from '@hivekernel/kernel';
import { messageOrder, TestKernel } from '@hivekernel/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

// Random senders and receivers, broken deliveries, crashes and restarts, the kernel's included.
// What the kernel accepted is handled once or a dead letter, in order within its lane; a key that
// is used again makes no second message.

interface Step {
  readonly do: 'send' | 'handle' | 'fail' | 'refuse' | 'crash' | 'reboot' | 'wait';
  readonly a: number;
  readonly b: number;
}

const RECEIVERS = 2;
const SENDERS = 3;

class Ground {
  readonly t = new TestKernel();
  readonly #senders: Pid[];
  readonly #receivers: Pid[];
  readonly accepted = new Map<MessageId, { to: Pid; lane: string }>();
  readonly #keys = new Map<string, MessageId>();
  /** As a runtime does: each id once, in the order in which it was given first. */
  readonly handled: MessageId[] = [];

  constructor() {
    const spawn = (name: string, image: string): Pid =>
      this.t.spawn({ name, image, restart: 'permanent' });
    this.#receivers = Array.from({ length: RECEIVERS }, (_, i) => spawn(`to-${i}`, 'deaf'));
    this.#senders = Array.from({ length: SENDERS }, (_, i) => this.t.spawn({ name: `by-${i}` }));
  }

  run({ do: what, a, b }: Step): void {
    const to = this.#receivers[a % RECEIVERS] as Pid;
    if (what === 'send') this.#send(to, a, b);
    if (what === 'handle') this.#say(to, 1 + (b % 3), 'accepted');
    if (what === 'refuse') this.#say(to, 1, 'rejected');
    if (what === 'fail') this.#fail(to, b);
    if (what === 'crash' && this.t.runtime.agents.has(to)) this.t.runtime.exits(to);
    if (what === 'reboot' && b % 2 === 0) this.t.takeSnapshot();
    if (what === 'reboot') this.t.reboot();
    if (what === 'wait') this.t.advanceMs(b * 100);
    this.t.pass();
  }

  /** Everybody is well, and takes what comes. */
  settle(): void {
    for (let round = 0; round < 40; round += 1) {
      this.t.advanceMs(60_000);
      for (const pid of this.#receivers) this.#say(pid, Infinity, 'accepted');
    }
  }

  get deadLetters(): MessageId[] {
    const { boxes } = this.t.kernel.state.office;
    return this.#receivers.flatMap((pid) => {
      return boxes.get(pid)?.deadLetters.map(({ message }) => message) ?? [];
    });
  }

  #send(to: Pid, a: number, b: number): void {
    const from = this.#senders[b % SENDERS] as Pid;
    const priority = (a % 4) as Priority;
    const idempotencyKey = b % 3 === 0 ? `k${b % 7}` : '';
    const order = messageOrder({ to, priority, idempotencyKey, requiresAck: a % 2 === 0 });
    const { result } = this.t.call('send', order, { pid: from });
    // The same key for another receiver is a conflict.
    if (result?.ok !== true) return;
    const { message } = result.value as { message: MessageId };
    const key = `${from} ${idempotencyKey}`;
    if (idempotencyKey !== '') {
      expect(this.#keys.get(key) ?? message).toBe(message);
      this.#keys.set(key, message);
    }
    const sent = this.t.eventsOf('message.sent').find(({ body }) => body.message === message);
    this.accepted.set(message, { to, lane: `${to} ${from} ${sent?.body.priority}` });
  }

  /** Of what was given to it and is still under way, the first so many in the order of delivery. */
  #say(pid: Pid, count: number, status: 'accepted' | 'rejected'): void {
    const acks = this.#underWay(pid).slice(0, count);
    for (const message of acks) if (!this.handled.includes(message)) this.handled.push(message);
    const all = acks.map((message) => ({ message, status, reply: undefined }));
    this.t.fact({ fact: 'acked', pid, acks: all });
  }

  #fail(pid: Pid, b: number): void {
    const messages = this.#underWay(pid).filter((_, i) => (i + b) % 2 === 0);
    this.t.fact({ fact: 'delivery_failed', pid, messages, why: 'broken' });
  }

  #underWay(pid: Pid): MessageId[] {
    const box = this.t.kernel.state.office.box(pid);
    const given = new Set(this.t.runtime.agents.get(pid)?.delivered.map(({ message }) => message));
    const waiting = box?.inOrder().map(({ message }) => message) ?? [];
    return waiting.filter((message) => given.has(message) && box?.isUnderWay(message) === true);
  }
}

const steps = fc.array(
  fc.record({
    do: fc.constantFrom<Step['do']>(
      ...(['send', 'send', 'send', 'send', 'handle', 'handle', 'fail', 'fail'] as const),
      ...(['refuse', 'crash', 'reboot', 'wait', 'wait'] as const),
    ),
    a: fc.nat({ max: 60 }),
    b: fc.nat({ max: 60 }),
  }),
  { minLength: 1, maxLength: 80, size: 'max' },
);

describe('every accepted message', () => {
  it('is handled once or a dead letter, in order in its lane, whatever breaks (M5, M6)', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const ground = new Ground();
        for (const step of list) ground.run(step);
        ground.settle();
        ground.t.check();
        const { handled, deadLetters, accepted } = ground;
        const ended = new Set([...handled, ...deadLetters]);
        const ours = [...accepted.keys()];
        expect(ours.filter((message) => !ended.has(message))).toEqual([]);
        expect(new Set(handled).size).toBe(handled.length);
        const lanes = new Map<string, MessageId[]>();
        for (const message of handled) {
          const lane = accepted.get(message)?.lane;
          if (lane !== undefined) lanes.set(lane, [...(lanes.get(lane) ?? []), message]);
        }
        for (const inLane of lanes.values()) {
          expect(inLane).toEqual(inLane.toSorted((x, y) => x - y));
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

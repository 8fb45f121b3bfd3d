import type { MessageId, Pid, Priority } from '@hivekernel/kernel';
import { messageOrder, Subscriber, TestKernel } from '@hivekernel/testkit';
import type { SubscriberWish } from '@hivekernel/testkit';
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

/**
 * The same through a named queue and a subscribed inbox: consumers come and go, say what they like
 * or nothing, and lose their streams.
 */
interface Deed {
  readonly do:
    'send' | 'subscribe' | 'take' | 'say' | 'break' | 'cancel' | 'crash' | 'reboot' | 'wait';
  readonly a: number;
  readonly b: number;
}

const PLACES = 2;
const WISHES: readonly SubscriberWish[] = [
  {},
  { isAcknowledged: false },
  { type: 'a' },
  { leastUrgent: 1, isAcknowledged: false },
];

/** Who subscribed, and what its subscriber has that is not confirmed. */
interface Taker {
  readonly subscriber: Subscriber;
  readonly isAcknowledged: boolean;
  readonly hand: Set<MessageId>;
}

class Market {
  readonly t = new TestKernel({ settings: { consumerTimeoutMs: 4_000 } });
  readonly #senders: Pid[];
  readonly #keeper: Pid;
  readonly #consumers: Pid[];
  #takers: Taker[] = [];
  readonly accepted = new Map<MessageId, { place: number }>();
  readonly #keys = new Map<string, MessageId>();

  constructor() {
    const spawn = (name: string): Pid =>
      this.t.spawn({ name, image: 'deaf', restart: 'permanent' });
    this.#keeper = spawn('keeper');
    this.#consumers = [spawn('one'), spawn('two')];
    this.#senders = [this.t.spawn({ name: 'by-0' }), this.t.spawn({ name: 'by-1' })];
  }

  run({ do: what, a, b }: Deed): void {
    const taker = this.#takers[a % Math.max(1, this.#takers.length)];
    if (what === 'send') this.#send(a, b);
    if (what === 'subscribe') this.#subscribe(a, b);
    if (what === 'take' && taker !== undefined) this.#take(taker, b);
    if (what === 'say' && taker !== undefined) this.#say(taker, b);
    if (what === 'break' && taker !== undefined) this.#end(taker, (one) => one.breaks());
    if (what === 'cancel' && taker !== undefined) this.#cancel(taker, b);
    if (what === 'crash') this.#crash([this.#keeper, ...this.#consumers][a % 3] as Pid);
    if (what === 'reboot') this.#reboot(b % 2 === 0);
    if (what === 'wait') this.t.advanceMs(b * 100);
  }

  /** One good taker of each place, who says yes to all. */
  settle(): void {
    for (const taker of [...this.#takers]) this.#end(taker, (one) => one.breaks());
    this.t.advanceMs(60_000);
    for (let place = 0; place < PLACES; place += 1) {
      const taker = this.#open(place, {});
      if (taker === undefined) throw new Error('nobody takes what is left');
      for (let got = taker.subscriber.taken(); got.length > 0; got = taker.subscriber.taken()) {
        for (const { message } of got) taker.subscriber.says(message);
      }
    }
    this.#answerPushed();
  }

  /** What was pushed before anybody subscribed is the link's to answer. */
  #answerPushed(): void {
    const pid = this.#keeper;
    const box = this.t.kernel.state.office.box(pid);
    const all = box?.inOrder().filter(({ message }) => box.isUnderWay(message)) ?? [];
    const said = { status: 'accepted', reply: undefined } as const;
    this.t.fact({ fact: 'acked', pid, acks: all.map(({ message }) => ({ message, ...said })) });
  }

  /** By what the journal says: how each ended. */
  get ends(): Map<MessageId, string[]> {
    const ends = new Map<MessageId, string[]>();
    const note = (message: MessageId, end: string): void => {
      ends.set(message, [...(ends.get(message) ?? []), end]);
    };
    for (const { kind, body } of this.t.events) {
      if (kind === 'queue.acked' || kind === 'message.acked') {
        for (const message of body.messages) note(message, 'handled');
      }
      if (kind === 'queue.dropped' || kind === 'message.dropped') note(body.message, body.why);
    }
    return ends;
  }

  #send(a: number, b: number): void {
    const place = a % PLACES;
    const from = this.#senders[b % 2] as Pid;
    const where = place === 0 ? { queue: 'jobs' } : { to: this.#keeper };
    const idempotencyKey = b % 3 === 0 ? `k${b % 7}` : '';
    const type = a % 3 === 0 ? 'a' : 'b';
    const priority = (b % 4) as Priority;
    const wish = { ...where, type, priority, idempotencyKey, requiresAck: true };
    const { result } = this.t.call('send', messageOrder(wish), { pid: from });
    if (result?.ok !== true) return;
    const { message } = result.value as { message: MessageId };
    const key = `${from} ${idempotencyKey}`;
    if (idempotencyKey !== '') {
      expect(this.#keys.get(key) ?? message).toBe(message);
      this.#keys.set(key, message);
    }
    this.accepted.set(message, { place });
  }

  #subscribe(a: number, b: number): void {
    this.#open(a % PLACES, WISHES[b % WISHES.length] as SubscriberWish, b);
  }

  #open(place: number, wish: SubscriberWish, b = 0): Taker | undefined {
    const pid = place === 1 ? this.#keeper : (this.#consumers[b % 2] as Pid);
    if (!['idle', 'running'].includes(this.t.view(pid).state)) return undefined;
    const where = place === 0 ? { queue: 'jobs' } : {};
    const subscriber = new Subscriber(this.t, pid, { ...where, ...wish });
    const taker = {
      subscriber,
      isAcknowledged: wish.isAcknowledged ?? true,
      hand: new Set<MessageId>(),
    };
    this.#takers.push(taker);
    return taker;
  }

  #take({ subscriber, isAcknowledged, hand }: Taker, b: number): void {
    const accepted = isAcknowledged && b % 2 === 0 ? [...hand].slice(0, 2) : [];
    for (const message of accepted) hand.delete(message);
    for (const { message } of subscriber.taken(1 + (b % 4), accepted)) hand.add(message);
  }

  #say({ subscriber, hand }: Taker, b: number): void {
    const [message] = hand;
    if (message === undefined) return;
    hand.delete(message);
    const { result } = subscriber.says(message, b % 5 === 0 ? 'rejected' : 'accepted');
    // It may have lost it meanwhile, and is told so.
    if (result?.ok === false) expect(result.error.code).toBe('not_found');
  }

  #cancel(taker: Taker, b: number): void {
    const returned = [...taker.hand].slice(-(b % 3));
    this.#end(taker, (one) => one.cancels(returned));
  }

  #end(taker: Taker, how: (subscriber: Subscriber) => void): void {
    how(taker.subscriber);
    this.#takers = this.#takers.filter((other) => other !== taker);
  }

  #crash(pid: Pid): void {
    if (!['idle', 'running'].includes(this.t.view(pid).state)) return;
    this.t.ends(pid);
    this.#takers = this.#takers.filter(({ subscriber }) => subscriber.pid !== pid);
  }

  #reboot(isFromSnapshot: boolean): void {
    if (isFromSnapshot) this.t.takeSnapshot();
    this.t.reboot();
    this.#takers = [];
    this.t.advanceMs(2_000);
  }
}

const deeds = fc.array(
  fc.record({
    do: fc.constantFrom<Deed['do']>(
      ...([
        'send',
        'send',
        'send',
        'send',
        'subscribe',
        'subscribe',
        'take',
        'take',
        'take',
      ] as const),
      ...(['say', 'say', 'break', 'cancel', 'crash', 'reboot', 'wait'] as const),
    ),
    a: fc.nat({ max: 60 }),
    b: fc.nat({ max: 60 }),
  }),
  { minLength: 1, maxLength: 80, size: 'max' },
);

describe('every message of a queue or a subscribed inbox', () => {
  it('ends once, handled or dead, whatever its consumers do (M5, M6, M9)', () => {
    fc.assert(
      fc.property(deeds, (list) => {
        const market = new Market();
        for (const deed of list) market.run(deed);
        market.settle();
        market.t.check();
        const { ends, accepted } = market;
        for (const message of accepted.keys()) expect(ends.get(message)).toHaveLength(1);
        const waiting = [...market.t.kernel.state.queueTable.all()].map(({ depth }) => depth);
        expect(waiting.every((depth) => depth === 0)).toBe(true);
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('comes in order of sender and priority to who takes alone, whatever breaks (M6)', () => {
    const orders = fc.array(
      fc.record({
        do: fc.constantFrom('send', 'send', 'send', 'take', 'break', 'reboot', 'cancel'),
        a: fc.nat({ max: 20 }),
        b: fc.nat({ max: 20 }),
      }),
      { minLength: 1, maxLength: 60, size: 'max' },
    );
    fc.assert(
      fc.property(orders, (list) => {
        const t = new TestKernel();
        const consumer = t.spawn({ name: 'alone' });
        const senders = [t.spawn({ name: 'by-0' }), t.spawn({ name: 'by-1' })];
        const lanes = new Map<MessageId, string>();
        const handled: MessageId[] = [];
        let taker = new Subscriber(t, consumer, { queue: 'jobs' });
        const takeAll = (max: number): void => {
          for (const { message } of taker.taken(max)) {
            handled.push(message);
            expect(taker.says(message).result?.ok).toBe(true);
          }
        };
        for (const { do: what, a, b } of list) {
          if (what === 'send') {
            const priority = (b % 4) as Priority;
            const pid = senders[a % 2] as Pid;
            const order = messageOrder({ queue: 'jobs', priority });
            const { message } = t.call('send', order, { pid }).value;
            lanes.set(message, `${pid} ${priority}`);
            t.advanceMs(a * 100);
          }
          if (what === 'take') takeAll(1 + (a % 3));
          // Taken and given back, or lost: it comes again in its place.
          if (what === 'break' || what === 'cancel') {
            taker.taken(1 + (b % 3));
            if (what === 'break') taker.breaks();
            else taker.cancels();
          }
          if (what === 'reboot') t.reboot();
          if (['break', 'cancel', 'reboot'].includes(what)) {
            taker = new Subscriber(t, consumer, { queue: 'jobs' });
          }
        }
        takeAll(0);
        t.check();
        const dead = t.eventsOf('queue.dropped').map(({ body }) => body.message);
        expect(new Set([...handled, ...dead])).toEqual(new Set(lanes.keys()));
        expect(new Set(handled).size).toBe(handled.length);
        for (const lane of new Set(lanes.values())) {
          const inLane = handled.filter((message) => lanes.get(message) === lane);
          expect(inLane).toEqual(inLane.toSorted((x, y) => x - y));
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

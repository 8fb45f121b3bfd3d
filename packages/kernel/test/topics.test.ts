import type { Delivery, MessageId, Pid } from '@hivekernel/kernel';
import { bulkContent, TestKernel, TopicGround } from '@hivekernel/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

// Random publishers, live and durable subscribers, streams that break, restarts of processes and of
// the kernel. Whoever subscribes gets all that was published since it began, in order and at least
// once, or is told exactly how many it missed.

interface Step {
  readonly do:
    | 'publish'
    | 'burst'
    | 'clear'
    | 'begin'
    | 'take'
    | 'say'
    | 'cancel'
    | 'break'
    | 'crash'
    | 'reboot';
  readonly a: number;
  readonly b: number;
}

const TOPICS = ['a', 'a.b', 'b'] as const;
const PATTERNS = ['a', 'a*', '*b', '*'] as const;
/** So large that bounds are reached soon: 256 of them are more than a cursor holds. */
const CONTENT = bulkContent(1024 * 1024 - 1);
const TYPE = 'note';

/** One who subscribes again and again, and what there was to get. */
class Reader {
  readonly pid: Pid;
  readonly pattern: string;
  readonly durable: string;
  readonly isAcknowledged: boolean;
  /** Matching publications since it began, last values first. */
  expected: MessageId[] = [];
  /** First receipts, as indices of `expected`. */
  #newest = -1;
  readonly #missedBefore = new Map<MessageId, number>();
  subscription: number | undefined;
  inHand: MessageId[] = [];

  constructor(options: { pid: Pid; pattern: string; durable: string; isAcknowledged: boolean }) {
    this.pid = options.pid;
    this.pattern = options.pattern;
    this.durable = options.durable;
    this.isAcknowledged = options.isAcknowledged;
  }

  begins(retained: MessageId[]): void {
    this.expected = retained;
    this.#newest = -1;
    this.#missedBefore.clear();
  }

  receives({ message, missed = 0 }: Delivery): void {
    const at = this.expected.indexOf(message);
    expect(at).toBeGreaterThanOrEqual(0);
    const before = this.#missedBefore.get(message);
    if (before === undefined) {
      expect(at - this.#newest - 1).toBe(missed);
      this.#newest = at;
      this.#missedBefore.set(message, missed);
    } else {
      expect(this.durable).not.toBe('');
      expect(missed).toBe(before);
    }
    this.inHand.push(message);
  }

  get hasAll(): boolean {
    return this.#newest === this.expected.length - 1;
  }
}

const isMatched = (pattern: string, topic: string): boolean =>
  new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(topic);

class Ground {
  readonly t = new TestKernel();
  readonly #g = new TopicGround(this.t);
  readonly readers: Reader[];
  readonly #agent: Pid;
  /** Last values: by topic, in the order in which they were published. */
  readonly #last = new Map<string, MessageId>();

  constructor() {
    const image = 'deaf';
    this.#agent = this.t.spawn({ name: 'agent', user: 'ann', image, restart: 'permanent' });
    const owners = [this.#agent, this.#g.spawn('reader')];
    this.readers = PATTERNS.flatMap((pattern, i) => {
      const pid = owners[i % 2] as Pid;
      return [
        new Reader({ pid, pattern, durable: `d${i}`, isAcknowledged: true }),
        new Reader({ pid, pattern, durable: `p${i}`, isAcknowledged: false }),
        new Reader({ pid, pattern, durable: '', isAcknowledged: i % 2 === 0 }),
      ];
    });
  }

  run({ do: what, a, b }: Step): void {
    const reader = this.readers[a % this.readers.length] as Reader;
    const topic = TOPICS[a % TOPICS.length] as string;
    if (what === 'publish') this.#publish(topic, b % 4 === 0);
    if (what === 'burst') for (let i = 0; i < b * 3; i += 1) this.#publish(topic, i % 4 === 0);
    if (what === 'clear') this.#clear(topic);
    if (what === 'begin') this.begin(reader);
    if (what === 'take') this.#take(reader, b);
    if (what === 'say') this.#say(reader, b);
    if (what === 'cancel') this.#cancel(reader);
    if (what === 'break') this.#break(reader);
    if (what === 'crash' && this.#lives) this.#crash();
    if (what === 'reboot') this.#reboot(b % 2 === 0);
  }

  /** All are there again, and take what there is. */
  settle(): void {
    for (let i = 0; i < 20 && !this.#lives; i += 1) this.t.advanceMs(60_000);
    expect(this.#lives).toBe(true);
    for (const reader of this.readers) {
      this.begin(reader);
      while (this.#take(reader, 0) > 0) this.#say(reader, 0);
    }
  }

  get #lives(): boolean {
    return ['idle', 'running', 'blocked'].includes(this.t.view(this.#agent).state);
  }

  #publish(topic: string, isTransient: boolean): void {
    const { message } = this.#g.publish(topic, { type: TYPE, content: CONTENT, isTransient }).value;
    for (const reader of this.readers) {
      const hasBegun = reader.durable !== '' || reader.subscription !== undefined;
      if (hasBegun && isMatched(reader.pattern, topic)) reader.expected.push(message);
    }
    if (isTransient) return;
    this.#last.delete(topic);
    this.#last.set(topic, message);
  }

  #clear(topic: string): void {
    if (!this.#last.delete(topic)) return;
    void this.t.call('clear_topic', { topic }, { pid: this.#g.publisher }).value;
  }

  begin(reader: Reader): void {
    if (reader.subscription !== undefined || (reader.pid === this.#agent && !this.#lives)) return;
    const { pid, pattern, durable, isAcknowledged } = reader;
    const isNew = durable === '' || this.t.kernel.state.topics.cursor(pid, durable) === undefined;
    // A live one that was not asked yet may never get a last value that is replaced meanwhile.
    const withRetained = durable !== '';
    const wish = { durable, isAcknowledged, withRetained, type: TYPE };
    reader.subscription = this.#g.subscribe(pid, pattern, wish);
    reader.inHand = [];
    if (!isNew) return;
    const last = [...this.#last].filter(([topic]) => isMatched(pattern, topic));
    reader.begins(withRetained ? last.map(([, message]) => message) : []);
  }

  #take(reader: Reader, max: number): number {
    if (reader.subscription === undefined) return 0;
    const taken = this.#g.take(reader.pid, reader.subscription, { max });
    for (const delivery of taken) reader.receives(delivery);
    return taken.length;
  }

  /** Words on some of what is in its hands; 0: on all. */
  #say(reader: Reader, b: number): void {
    if (!reader.isAcknowledged || reader.subscription === undefined) return;
    const said = reader.inHand.filter((_, i) => b === 0 || (i + b) % 3 === 0);
    reader.inHand = reader.inHand.filter((message) => !said.includes(message));
    const accepted = said.slice(0, 64);
    const args = { subscription: reader.subscription, max: 1, timeoutMs: 1, accepted };
    const ticket = this.t.call('take', args, { pid: reader.pid });
    if (!ticket.isAnswered) this.t.advanceMs(1);
    for (const delivery of ticket.value.messages) reader.receives(delivery);
  }

  #cancel(reader: Reader): void {
    if (reader.subscription === undefined) return;
    this.#g.unsubscribe(reader.pid, reader.subscription);
    reader.subscription = undefined;
  }

  #break(reader: Reader): void {
    if (reader.subscription === undefined) return;
    const { pid, subscription } = reader;
    this.t.fact({ fact: 'subscription_lost', pid, subscription });
    reader.subscription = undefined;
  }

  #crash(): void {
    this.t.ends(this.#agent);
    for (const reader of this.readers) {
      if (reader.pid === this.#agent) reader.subscription = undefined;
    }
    this.t.advanceMs(1_500);
  }

  #reboot(isFromSnapshot: boolean): void {
    if (isFromSnapshot) this.t.takeSnapshot();
    this.t.reboot();
    for (const reader of this.readers) reader.subscription = undefined;
    this.t.advanceMs(1_500);
  }
}

const steps = fc.array(
  fc.record({
    do: fc.constantFrom<Step['do']>(
      ...(['publish', 'publish', 'burst', 'burst', 'clear', 'begin', 'begin', 'begin'] as const),
      ...(['take', 'take', 'take', 'take', 'say', 'say', 'cancel', 'break', 'crash'] as const),
      'reboot',
    ),
    a: fc.nat({ max: 60 }),
    b: fc.nat({ max: 60 }),
  }),
  { minLength: 1, maxLength: 80, size: 'max' },
);

describe('every subscriber', () => {
  it('gets all since it began, in order, or is told what it missed, whatever breaks (M10)', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const ground = new Ground();
        for (const reader of ground.readers) ground.begin(reader);
        for (const step of list) ground.run(step);
        ground.settle();
        expect(ground.readers.every((reader) => reader.hasAll)).toBe(true);
        ground.t.check();
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

// The engine of subscriptions against a kernel that the test plays: what it tells when, and what
// becomes of a subscription that is lost. With a real one it is in the tests of the whole.
import { agent } from '@hivekernel/protocol';
import { make } from '@hivekernel/protocol/messages';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { HiveError } from '../hive-error.ts';
import type { KernelPort } from '../kernel-port.ts';
import { Caller } from './caller.ts';
import { LongWait } from './long-wait.ts';
import type { Patiently } from './long-wait.ts';
import { PullLoop } from './pull-loop.ts';
import { Subscription } from './subscription.ts';

const REQUEST = {
  queue: 'jobs',
  typeFilter: '',
  minPriority: 0,
  topic: '',
  durable: '',
  withAck: true,
  skipRetained: false,
} as const;

interface CallFields {
  readonly subscription?: number;
  readonly timeoutMs?: number;
  readonly acceptedIds?: readonly string[];
  readonly messageId?: string;
}

type Batch = readonly string[] | HiveError;

interface Play {
  /** Of the takes, one after the other; then they wait. */
  readonly takes: readonly Batch[];
  /** What the next words are refused with; undefined, and all later ones: they are taken. */
  readonly refusals?: readonly (HiveError | undefined)[];
  readonly prefetch?: number;
  readonly ends?: AbortSignal;
  readonly cancels?: AbortSignal;
  readonly patiently?: Patiently;
}

/** `lines`: what the kernel was asked. */
function start({
  takes,
  refusals = [],
  prefetch = 1,
  ends,
  cancels,
  patiently = (work) => work(),
}: Play) {
  const lines: string[] = [];
  const batches = [...takes];
  const refused = [...refusals];
  let lastId = 0;
  let refuseTake: (() => void) | undefined;
  const answer = (kind: string, value: CallFields): unknown => {
    if (kind === 'unsubscribe') refuseTake?.();
    if (kind === 'subscribe') return { subscription: (lastId += 1) };
    const refusal = kind === 'acknowledge' ? refused.shift() : undefined;
    if (refusal !== undefined) throw refusal;
    if (kind !== 'take') return {};
    const batch = batches.shift();
    if (batch === undefined) return value.timeoutMs === 0 ? undefined : { messages: [] };
    if (batch instanceof HiveError) throw batch;
    return { messages: batch.map((messageId) => make(agent.AgentMessage, { messageId })) };
  };
  const call = (kind: string, value: CallFields, how?: object) => {
    lines.push(lineOf(kind, value));
    return new Promise((resolve, reject) => {
      const { signal } = { signal: undefined, ...how } as { signal: AbortSignal | undefined };
      const onAbort = (): void => reject(new HiveError('cancelled', 'given up'));
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        const reply = answer(kind, value);
        if (reply !== undefined) setImmediate(resolve, reply);
        else refuseTake = onAbort;
      } catch (error) {
        setImmediate(reject, error);
      }
    });
  };
  const caller = new Caller({ call: call as KernelPort['call'] });
  const wait = new LongWait(patiently);
  const loop = new PullLoop({ caller, wait, ends, cancels }, { request: REQUEST, prefetch });
  return { lines, loop, subscription: new Subscription(loop, ({ messageId }) => messageId) };
}

function lineOf(kind: string, { subscription, acceptedIds = [], messageId }: CallFields): string {
  if (kind === 'take') return `take ${subscription} ${acceptedIds.join()}`.trim();
  if (kind === 'acknowledge') return `acknowledge ${messageId}`;
  return kind === 'subscribe' ? kind : `${kind} ${subscription}`;
}

async function first(subscription: Subscription<string>, count: number): Promise<string[]> {
  const seen: string[] = [];
  for await (const id of subscription) if (seen.push(id) === count) break;
  return seen;
}

const FULL = new HiveError('queue_full', 'the inbox is full');
const LOST = new HiveError('not_found', 'no such subscription');

describe('a pull loop', () => {
  it('accepts a message with the take of the next one, and gives the last one back', async () => {
    const { lines, subscription } = start({ takes: [['a'], ['b']] });
    expect(await first(subscription, 2)).toEqual(['a', 'b']);
    expect(lines).toEqual(['subscribe', 'take 1', 'take 1 a', 'unsubscribe 1']);
  });

  it('has a message in hand yet whose word was refused, and may say another (M8)', async () => {
    const refusals = [FULL, undefined, FULL];
    const { lines, loop } = start({ takes: [['a'], ['b'], ['c']], refusals });
    await loop.next();
    await expect(loop.say('a', 'accepted', 'answer')).rejects.toThrow(FULL);
    await loop.say('a', 'rejected');
    await loop.next();
    await expect(loop.say('b', 'accepted', 'answer')).rejects.toThrow(FULL);
    await loop.next();
    const words = ['acknowledge a', 'acknowledge a', 'take 1', 'acknowledge b', 'take 1 b'];
    expect(lines.slice(2)).toEqual(words);
  });

  it('accepts what it has gone past when its word is refused', async () => {
    const { lines, loop } = start({ takes: [['a'], ['b'], ['c']], refusals: [FULL] });
    await loop.next();
    const word = loop.say('a', 'accepted', 'answer');
    const next = loop.next();
    await expect(word).rejects.toThrow(FULL);
    await next;
    await expect(loop.say('a', 'accepted')).rejects.toMatchObject({ code: 'wrong_state' });
    await loop.next();
    expect(lines.at(-1)).toMatch(/^take 1 (a,b|b,a)$/);
  });

  it('tells what the kernel may not know before it ends', async () => {
    const end = new AbortController();
    const { lines, subscription } = start({ takes: [['a']], ends: end.signal });
    const seen: string[] = [];
    for await (const id of subscription) {
      seen.push(id);
      setImmediate(() => end.abort());
    }
    expect(seen).toEqual(['a']);
    expect(lines.slice(2)).toEqual(['take 1 a', 'acknowledge a', 'unsubscribe 1']);
  });

  it('tells beside the work what it has gone past, where several are in hand', async () => {
    const { lines, subscription } = start({ takes: [['a', 'b', 'c'], [], ['d']], prefetch: 3 });
    const seen: string[] = [];
    for await (const id of subscription) {
      seen.push(id);
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      if (id === 'c') break;
    }
    expect(lines).toEqual(['subscribe', 'take 1', 'take 1 a', 'take 1 b', 'unsubscribe 1']);
  });

  it('throws what cancels it, after the message that it had is told', async () => {
    const cancel = new AbortController();
    const { lines, subscription } = start({ takes: [['a']], cancels: cancel.signal });
    const loop = async (): Promise<void> => {
      for await (const _ of subscription) {
        setImmediate(() => cancel.abort(new HiveError('cancelled', 'no more')));
      }
    };
    await expect(loop()).rejects.toMatchObject({ code: 'cancelled' });
    expect(lines.slice(-2)).toEqual(['acknowledge a', 'unsubscribe 1']);
  });
});

describe('a pull loop that waits', () => {
  it('is over when it is closed, and another one may begin', async () => {
    const { lines, subscription } = start({ takes: [] });
    const seen = first(subscription, 1);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await subscription.close();
    expect(await seen).toEqual([]);
    await subscription.ready();
    await subscription.close();
    const once = (n: number) => ['subscribe', `unsubscribe ${n}`];
    expect(lines.filter((line) => !line.startsWith('take'))).toEqual([...once(1), ...once(2)]);
  });

  it('says so to the kernel once that has lasted, until it is over (S6)', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const end = new AbortController();
    const waits: string[] = [];
    const patiently: Patiently = async (work) => {
      waits.push('waits');
      await work();
      waits.push('over');
    };
    const { subscription, lines } = start({ takes: [], ends: end.signal, patiently });
    const seen = first(subscription, 1);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(lines).toContain('take 1');
    vi.advanceTimersByTime(999);
    expect(waits).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(waits).toEqual(['waits']);
    end.abort();
    expect(await seen).toEqual([]);
    expect(waits).toEqual(['waits', 'over']);
  });
});

describe('a pull loop whose subscription is lost', () => {
  function withoutPauses(): void {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const forward = setInterval(() => vi.advanceTimersByTime(10_000), 1);
    onTestFinished(() => clearInterval(forward));
  }

  it('subscribes again, and passes over what it had done with before', async () => {
    withoutPauses();
    const takes = [['a'], LOST, ['a'], ['b']];
    const { lines, subscription } = start({ takes });
    expect(await first(subscription, 2)).toEqual(['a', 'b']);
    expect(lines).toEqual([
      'subscribe',
      'take 1',
      'take 1 a',
      'unsubscribe 1',
      'subscribe',
      'take 2',
      'take 2 a',
      'unsubscribe 2',
    ]);
  });

  it('does so at most five times in a row', async () => {
    withoutPauses();
    const unavailable = new HiveError('unavailable', 'the journal could not be written');
    const { lines, subscription } = start({ takes: Array(9).fill(unavailable) as Batch[] });
    await expect(first(subscription, 1)).rejects.toMatchObject({ code: 'unavailable' });
    expect(lines.filter((line) => line === 'subscribe')).toHaveLength(6);
    expect(lines.at(-1)).toBe('unsubscribe 6');
  });

  it('throws what no new subscription would mend', async () => {
    const { lines, subscription } = start({ takes: [new HiveError('conflict', 'another waits')] });
    await expect(first(subscription, 1)).rejects.toMatchObject({ code: 'conflict' });
    expect(lines).toEqual(['subscribe', 'take 1', 'unsubscribe 1']);
  });
});

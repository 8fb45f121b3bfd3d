// Subscriptions as loops: messages of a named queue, publications under topics (M9, M10).
//   1. A message of a queue, or of a durable watch, is this loop's alone until a word is said on
//      it. `accept` and `reject` say it at once; going on to the next one accepts it, which is told
//      with the next take. Leaving the loop in the middle of one (break, throw) gives it back.
//   2. A subscription lives in one connection. Where that is lost the loop throws `unavailable`;
//      what it had in hand the kernel gives back, and it comes again: at least once.
//   3. Aborting `signal` ends the loop silently, between two messages.

import { core, make } from '@hivekernel/protocol/messages';
import type { agent } from '@hivekernel/protocol/messages';
import { toInboxMessage } from './answers.ts';
import type { InboxMessage } from './answers.ts';
import { HiveClientError } from './client-error.ts';
import type { CallKernel, CallPatience } from './client-link.ts';
import { named } from './orders.ts';
import { ACK } from './words.ts';
import type { AckStatus } from './words.ts';

export interface TakenMessage extends InboxMessage {
  /** Resolves when that is durable. A reply goes back to the sender as a message. */
  accept(reply?: string): Promise<void>;
  /** For good: its sender is told, and it is a dead letter where its end was asked for (M6). */
  reject(why?: string): Promise<void>;
}

export interface Publication extends InboxMessage {
  readonly topic: string;
  /** It is the topic's last value from before this watch. */
  readonly isRetained: boolean;
  /** Publications before this one that the watch was too slow for. */
  readonly missed: number;
  /** Of a durable watch: the cursor goes on past it. */
  accept(): Promise<void>;
}

interface LoopOrder {
  /** Only these: a type, or the beginning of types, `task.*`. */
  readonly type?: string;
  readonly signal?: AbortSignal;
  /** In whose name; left out: the king's. */
  readonly as?: number;
}

export interface TakeOrder extends LoopOrder {
  /** For each next one, then the loop ends; 0: only what waits by now. Left out: without end. */
  readonly waitMs?: number;
  /** How many to have in hand at once; nobody else gets these meanwhile. Default 1, at most 64. */
  readonly ahead?: number;
}

export interface WatchOrder extends LoopOrder {
  /** Begin with the last values from before. Default true. */
  readonly retained?: boolean;
  /** The cursor of this name, which keeps its place while nobody watches. Left out: from now on. */
  readonly durable?: string;
}

/** A connection to stay in. */
type Pin = () => Promise<CallKernel>;

/** The wire's longest wait, seven weeks. */
const WAIT_MS_MAX = 2 ** 32 - 1;
/** What waits by now is there at once; 0 of the wire is without end. */
const WAIT_MS_MIN = 1;

export async function* takeFromQueue(
  pin: Pin,
  order: TakeOrder & { readonly queue: string },
): AsyncGenerator<TakenMessage, void, undefined> {
  const { type: typeFilter = '', waitMs, ahead = 1, ...rest } = order;
  const queue = named(order.queue, 'queue');
  const request = make(core.SubscribeRequest, { queue, typeFilter, withAck: true });
  for await (const held of hold(pin, { request, waitMs, max: ahead, ...rest })) {
    yield {
      ...toInboxMessage(held.message),
      accept: (reply) => held.say('accepted', reply),
      reject: (why) => held.say('rejected', why),
    };
  }
}

export async function* watchTopics(
  pin: Pin,
  order: WatchOrder & { readonly pattern: string },
): AsyncGenerator<Publication, void, undefined> {
  const { type: typeFilter = '', retained = true, durable = '', ...rest } = order;
  const topic = named(order.pattern, 'topic');
  const isDurable = durable !== '';
  const wish = { topic, typeFilter, durable, withAck: isDurable, skipRetained: !retained };
  const request = make(core.SubscribeRequest, wish);
  for await (const held of hold(pin, { request, waitMs: undefined, max: 0, ...rest })) {
    const { message } = held;
    yield {
      ...toInboxMessage(message),
      topic: message.topic,
      isRetained: message.retained,
      missed: message.missed,
      accept: () => (isDurable ? held.say('accepted') : Promise.resolve()),
    };
  }
}

interface Wish extends LoopOrder {
  readonly request: core.SubscribeRequest;
  readonly waitMs: number | undefined;
  /** 0: as many as may be. */
  readonly max: number;
}

async function* hold(pin: Pin, wish: Wish): AsyncGenerator<Held, void, undefined> {
  const { signal } = wish;
  if (signal?.aborted) return;
  const subscription = await Subscription.open(await pin(), wish);
  try {
    yield* handOut(subscription, signal);
  } catch (error) {
    if (!(signal?.aborted && isCancelled(error))) throw error;
  } finally {
    await subscription.end();
  }
}

async function* handOut(
  subscription: Subscription,
  signal: AbortSignal | undefined,
): AsyncGenerator<Held, void, undefined> {
  for (;;) {
    const messages = await subscription.take();
    if (messages.length === 0) return;
    for (const message of messages) {
      if (signal?.aborted) return;
      const held = new Held(subscription, message);
      yield held;
      held.pass();
    }
  }
}

const isCancelled = (error: unknown): boolean =>
  error instanceof HiveClientError && error.code === 'cancelled';

class Subscription {
  readonly #call: CallKernel;
  readonly #wish: Wish;
  readonly #id: number;
  /** Not told yet. */
  #accepted: string[] = [];

  static async open(call: CallKernel, wish: Wish): Promise<Subscription> {
    const { subscription } = await call('subscribe', wish.request, inNameOf(wish));
    return new Subscription(call, wish, subscription);
  }

  private constructor(call: CallKernel, wish: Wish, id: number) {
    this.#call = call;
    this.#wish = wish;
    this.#id = id;
  }

  /** None: the time was over. */
  async take(): Promise<readonly agent.AgentMessage[]> {
    const { waitMs, max, signal } = this.#wish;
    const acceptedIds = this.#accepted;
    this.#accepted = [];
    const timeoutMs =
      waitMs === undefined ? 0 : Math.min(Math.max(Math.ceil(waitMs), WAIT_MS_MIN), WAIT_MS_MAX);
    const order = { subscription: this.#id, max, timeoutMs, acceptedIds };
    const how = { ...inNameOf(this.#wish), ...(signal === undefined ? {} : { signal }) };
    try {
      return (await this.#call('take', order, how)).messages;
    } catch (error) {
      // Given up, maybe before it was sent: `end` tells them again.
      this.#accepted = acceptedIds;
      throw error;
    }
  }

  /** With the next take. */
  accept(message: string): void {
    if (this.#wish.request.withAck) this.#accepted.push(message);
  }

  async acknowledge(messageId: string, status: AckStatus, reply: string): Promise<void> {
    const value = { targetPid: 0, messageId, status: ACK.toWire(status, 'status'), reply };
    await this.#call('acknowledge', value, inNameOf(this.#wish));
  }

  /** What fails here was told before, or the connection is lost and the subscription with it. */
  async end(): Promise<void> {
    const ends = this.#accepted.map((id) => this.acknowledge(id, 'accepted', ''));
    await Promise.allSettled(ends);
    const over = this.#call('unsubscribe', { subscription: this.#id }, inNameOf(this.#wish));
    await over.catch(() => undefined);
  }
}

const inNameOf = ({ as }: LoopOrder): CallPatience => (as === undefined ? {} : { as });

/** One message in the hands of a loop. */
class Held {
  readonly message: agent.AgentMessage;
  readonly #subscription: Subscription;
  #hasWord = false;

  constructor(subscription: Subscription, message: agent.AgentMessage) {
    this.#subscription = subscription;
    this.message = message;
  }

  /** Throws `wrong_state` where a word was said before. */
  async say(status: AckStatus, reply = ''): Promise<void> {
    const { messageId } = this.message;
    if (this.#hasWord) {
      throw new HiveClientError('wrong_state', `A word was said on ${messageId} before.`);
    }
    this.#hasWord = true;
    await this.#subscription.acknowledge(messageId, status, reply);
  }

  /** The loop goes on. */
  pass(): void {
    if (!this.#hasWord) this.#subscription.accept(this.message.messageId);
    this.#hasWord = true;
  }
}

// What an agent shares with the others of its user by name: queues, of which each message is for
// one, and topics, of which each publication is for all who subscribe. Part of the context.
//   M10. A publication is durable, and its last value is kept for those who subscribe later. A
//        durable subscriber gets all, also what was published while it did not run.
//   C1. A loop that is begun ends with the task or process; see pull-loop.ts.
import type { core, link } from '@hivekernel/protocol';
import { patience } from '../deadline.ts';
import type { CallOptions } from '../deadline.ts';
import { HiveError } from '../hive-error.ts';
import { bytesOf } from '../payload.ts';
import type { Payload } from '../payload.ts';
import { LongWait } from './long-wait.ts';
import { MailCalls } from './mail.ts';
import { Publication, topicsFromWire } from './publication.ts';
import type { TopicsInfo } from './publication.ts';
import { PullLoop } from './pull-loop.ts';
import type { PullGround } from './pull-loop.ts';
import { Queue } from './queue.ts';
import type { QueueInfo } from './queue.ts';
import { Subscription } from './subscription.ts';

export interface PublishOptions extends CallOptions {
  /** Default: `message`. */
  readonly type?: string | undefined;
  /** For those only who subscribe by now; the last value stays what it is. */
  readonly transient?: boolean | undefined;
}

export interface Published {
  readonly id: string;
  /** How many it went to or waits for: live subscribers and durable ones. */
  readonly subscribers: number;
}

export interface SubscribeOptions {
  /** Keeps its place under this name, of this process: nothing is missed between two loops. */
  readonly durable?: string | undefined;
  /** Only these: a type, or the beginning of types, `price.*`. */
  readonly type?: string | undefined;
  /** Begin with the last values from before; a durable one does it once. Default: true. */
  readonly retained?: boolean | undefined;
  /** How many are fetched at once, 1 to 64. Default: 64. */
  readonly prefetch?: number | undefined;
  /** Ends the loop, between two publications. */
  readonly signal?: AbortSignal | undefined;
}

const PREFETCH = 64;

export abstract class TopicCalls extends MailCalls {
  /** The named queue of this user; it is there once something is in it. */
  queue(name: string): Queue {
    requireName(name, 'queue');
    return new Queue(name, {
      send: (queue, payload, details) =>
        this.send({ ...details, queue, payload }, patience(details)),
      loop: (signal) => this.#groundOf(this.loopSignals(signal)),
      wait: (signal) => this.#groundOf({ ends: undefined, cancels: this.waitSignal(signal) }),
      patiently: (maxMs, work) => this.patiently(maxMs, work),
    });
  }

  /** Those that hold something, or that somebody takes from. */
  async queues(prefix = '', options?: CallOptions): Promise<readonly QueueInfo[]> {
    const { queues } = await this.caller.call('listQueues', { prefix }, options);
    return queues.map(queueFromWire);
  }

  /** Tells all who subscribe to the topic. Nobody need: it resolves when it is durable. */
  async publish(topic: string, payload: Payload, options: PublishOptions = {}): Promise<Published> {
    const { type = 'message', transient = false } = options;
    const value = { topic, type, payload: bytesOf(payload), transient };
    const reply = await this.caller.call('publish', value, patience(options));
    return { id: reply.messageId, subscribers: reply.subscribers };
  }

  /**
   * What is published under topics that match, for `for await`: `*` is any run of characters. A
   * slow loop that is not durable misses the oldest, and the next one says how many. A durable one
   * confirms a publication by going on to the next; what it did not confirm comes again. The loop
   * ends as that of `Queue.messages`.
   */
  subscribe(pattern: string, options: SubscribeOptions = {}): Subscription<Publication> {
    const { prefetch = PREFETCH, signal } = options;
    requireName(pattern, 'topic');
    const request = requestOf(pattern, options);
    const loop = new PullLoop(this.#groundOf(this.loopSignals(signal)), { request, prefetch });
    return new Subscription(loop, (message) => new Publication(message));
  }

  /** Topics and durable subscriptions that match; left out: all. */
  async topics(pattern = '', options?: CallOptions): Promise<TopicsInfo> {
    return topicsFromWire(await this.caller.call('listTopics', { pattern }, options));
  }

  /** Forgets the last value, and the topic with it. Throws `not_found`. */
  async clearTopic(topic: string, options?: CallOptions): Promise<void> {
    await this.caller.call('clearTopic', { topic }, options);
  }

  /** Ends a durable subscription of this process. Throws `conflict` while a loop reads from it. */
  async forgetCursor(name: string, options?: CallOptions): Promise<void> {
    await this.caller.call('forgetCursor', { name }, options);
  }

  /** What ends a loop in silence, and what makes it throw. */
  protected loopSignals(asked: AbortSignal | undefined): Pick<PullGround, 'ends' | 'cancels'> {
    return { ends: this.waitSignal(asked), cancels: undefined };
  }

  #groundOf(signals: Pick<PullGround, 'ends' | 'cancels'>): PullGround {
    const wait = new LongWait((work) => this.patiently(undefined, work));
    return { caller: this.caller, wait, ...signals };
  }
}

/** On the wire, without a name of either, it would be the own inbox. */
function requireName(name: string, what: string): void {
  if (name === '') throw new HiveError('invalid_argument', `The name of a ${what} is empty.`);
}

function requestOf(pattern: string, options: SubscribeOptions): core.SubscribeRequest {
  const { durable = '', type = '', retained = true } = options;
  return {
    queue: '',
    typeFilter: type,
    minPriority: 0,
    topic: pattern,
    durable,
    withAck: durable !== '',
    skipRetained: !retained,
  };
}

function queueFromWire({ oldestMs, ...info }: link.QueueInfo): QueueInfo {
  return { ...info, oldest: oldestMs === 0 ? undefined : new Date(oldestMs) };
}

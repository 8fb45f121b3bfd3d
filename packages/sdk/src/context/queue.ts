// A named queue of the user: whoever takes a message from it has it alone. `ctx.queue('jobs')`.
//   M1. All processes of a user share it by its name. M8. A send that resolves is durable.
//   M6. A message that was taken is its consumer's until a word is said on it. One whose consumer
//       is gone comes again, to whoever takes next, and after five tries it is a dead letter.
import type { agent as wire, core } from '@hivekernel/protocol';
import type { CallOptions } from '../deadline.ts';
import { HiveError } from '../hive-error.ts';
import type { JsonValue, Payload } from '../payload.ts';
import { numberOf, PRIORITIES, wordOf } from '../words.ts';
import type { Priority } from '../words.ts';
import { Letter } from './letter.ts';
import { PullLoop } from './pull-loop.ts';
import type { PullGround } from './pull-loop.ts';
import type { SendOptions } from './requests.ts';
import { Subscription } from './subscription.ts';

export interface QueueInfo {
  readonly user: string;
  readonly name: string;
  /** Messages that wait, and their bytes. */
  readonly waiting: number;
  readonly bytes: number;
  /** Beside them: taken, without a word so far. */
  readonly inHand: number;
  readonly consumers: number;
  readonly deadLetters: number;
  /** Of the one that waits longest; `undefined`: none waits. */
  readonly oldest: Date | undefined;
}

interface Choice {
  /** Only these: a type, or the beginning of types, `image.*`. */
  readonly type?: string | undefined;
  /** Only these, and more urgent ones. Left out: all. */
  readonly minPriority?: Exclude<Priority, 'critical'> | undefined;
}

export interface QueueMessagesOptions extends Choice {
  /** How many to have in hand at once, 1 to 64; nobody else gets these meanwhile. Default: 1. */
  readonly prefetch?: number | undefined;
  /** Ends the loop, between two messages. */
  readonly signal?: AbortSignal | undefined;
}

export interface QueueTakeOptions extends Choice {
  /** Left out: until one comes, or the task or process ends. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** All of a message but where it goes and what is in it. */
export type QueueSendDetails = Omit<SendOptions, 'to' | 'queue' | 'payload'> & CallOptions;

/** What a queue needs of the context that it is named by. */
export interface QueueGround {
  send(queue: string, payload: Payload, details: QueueSendDetails): Promise<string>;
  /** Of a loop that `signal` ends. */
  loop(signal: AbortSignal | undefined): PullGround;
  /** Of one wait, which is given up by `signal`. */
  wait(signal: AbortSignal | undefined): PullGround;
  patiently<T>(maxMs: number | undefined, work: () => Promise<T>): Promise<T>;
}

/** What came out of a queue. */
export class TakenMessage extends Letter {
  readonly queue: string;
  readonly priority: Priority;
  /** How often it was handed out before, in vain. */
  readonly tries: number;
  /** Its sender is told its end. */
  readonly requiresAck: boolean;
  /** Of a request: until when an answer is waited for. */
  readonly deadline: Date | undefined;

  constructor(message: wire.AgentMessage) {
    super(message);
    this.queue = message.queue;
    this.priority = wordOf(PRIORITIES, message.priority);
    this.tries = message.tries;
    this.requiresAck = message.requiresAck;
    this.deadline = message.deadlineMs === 0 ? undefined : new Date(message.deadlineMs);
  }
}

/** In the hands of one consumer, until a word is said on it. */
export class QueueMessage extends TakenMessage {
  readonly #loop: PullLoop;

  constructor(message: wire.AgentMessage, loop: PullLoop) {
    super(message);
    this.#loop = loop;
  }

  /** It is done with; resolves when that is durable. Throws `wrong_state` after another word. */
  accept(): Promise<void> {
    return this.#loop.say(this.id, 'accepted');
  }

  /** For good: its sender is told, and it is a dead letter where that asked for its end (M6). */
  reject(): Promise<void> {
    return this.#loop.say(this.id, 'rejected');
  }

  /** Accepts it; its sender gets the answer as a message, if there is one still. */
  reply(answer: JsonValue): Promise<void> {
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    return this.#loop.say(this.id, 'accepted', text);
  }
}

export class Queue {
  readonly name: string;
  readonly #ground: QueueGround;

  /** For contexts. */
  constructor(name: string, ground: QueueGround) {
    this.name = name;
    this.#ground = ground;
  }

  /** Resolves to the message's id once it is durable. `queue_full`: see M8. */
  send(payload: Payload, details: QueueSendDetails = {}): Promise<string> {
    return this.#ground.send(this.name, payload, details);
  }

  /**
   * What is in the queue and comes into it, for `for await`. Going on to the next message accepts
   * the one before; leaving the loop in the middle of one gives it back, unless a word was said on
   * it. The loop ends with `signal`, and when the process is to end; in a task it throws
   * `cancelled` when that is cancelled.
   */
  messages(options: QueueMessagesOptions = {}): Subscription<QueueMessage> {
    const { prefetch = 1, signal } = options;
    const request = this.#request(options);
    const loop = new PullLoop(this.#ground.loop(signal), { request, prefetch });
    return new Subscription(loop, (message) => new QueueMessage(message, loop));
  }

  /**
   * Takes one message, which is accepted then. `timed_out` and a fired signal leave what is there
   * where it is.
   */
  async take(options: QueueTakeOptions = {}): Promise<TakenMessage> {
    const { timeoutMs, signal } = options;
    const order = { request: this.#request(options), prefetch: 1 };
    const untilMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
    const loop = new PullLoop(this.#ground.wait(signal), order);
    try {
      const message = await this.#ground.patiently(timeoutMs, () => loop.next(untilMs));
      if (message !== undefined) {
        await loop.say(message.messageId, 'accepted');
        return new TakenMessage(message);
      }
    } finally {
      await loop.close();
    }
    const where = `the queue "${this.name}"`;
    throw new HiveError('timed_out', `No message came to ${where} within ${timeoutMs} ms.`);
  }

  #request({ type = '', minPriority }: Choice): core.SubscribeRequest {
    const least = minPriority === undefined ? 0 : numberOf(PRIORITIES, minPriority);
    if (minPriority !== undefined && least === 0) {
      // On the wire 0 is every one.
      const message = 'No subscription is of "critical" messages alone; "high" takes both.';
      throw new HiveError('invalid_argument', message);
    }
    return {
      queue: this.name,
      typeFilter: type,
      minPriority: least,
      topic: '',
      durable: '',
      withAck: true,
      skipRetained: false,
    };
  }
}

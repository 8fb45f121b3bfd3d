// What the processes of the test kernel share by name: its queues and topics, and who takes from
// them. One method a call. It keeps the kernel's rules: it passes the suite that the kernel passes.
import type { agent as wire } from '@hivekernel/protocol';
import { HiveError } from '../hive-error.ts';
import type { CallValue, ReplyValueOf } from '../kernel-port.ts';
import { numberOf, PRIORITIES, RELATIONS } from '../words.ts';
import { TestQueues } from './test-queues.ts';
import { TestSubscriptions } from './test-subscriptions.ts';
import type { By } from './test-subscriptions.ts';
import { TestTopics } from './test-topics.ts';

/** What it asks of the processes. */
export interface Census {
  id(prefix: string): string;
  nameOf(pid: number): string;
  /** Passed over where it cannot take it. */
  post(to: number, message: Partial<wire.AgentMessage>): void;
}

const OK = { error: '', errorCode: '' };

export class TestExchange {
  readonly #census: Census;
  readonly #subscriptions = new TestSubscriptions();
  readonly #topics = new TestTopics((source) => this.#subscriptions.stir(source));
  readonly #queues = new TestQueues({
    stir: (source) => this.#subscriptions.stir(source),
    report: (message, status) => this.#report(message, status),
    reply: (message, from, text) => this.#reply(message, { from, text }),
  });

  constructor(census: Census) {
    this.#census = census;
  }

  send(request: wire.SendMessageRequest, { pid }: By): wire.SendMessageResponse {
    const { toQueue: queue, type, priority, payload, requiresAck, replyTo, deadlineMs } = request;
    const what = { type, priority, payload, requiresAck, replyTo, deadlineMs };
    const message = this.#message(pid, { ...what, queue });
    this.#queues.put(queue, message);
    return { delivered: true, messageId: message.messageId, ...OK };
  }

  subscribe(request: CallValue<'subscribe'>, by: By): ReplyValueOf<'subscribe'> {
    const { topic, queue } = request;
    if (topic === '' && queue === '') {
      throw new HiveError('unimplemented', 'The test kernel hands out no inbox; see ctx.receive.');
    }
    const place = topic === '' ? this.#queues : this.#topics;
    return this.#subscriptions.open(by.pid, place.open(request, by));
  }

  take(call: CallValue<'take'>, by: By): Promise<ReplyValueOf<'take'>> {
    return this.#subscriptions.take(call, by);
  }

  unsubscribe(call: CallValue<'unsubscribe'>, by: By): void {
    this.#subscriptions.unsubscribe(call, by);
  }

  acknowledge(call: CallValue<'acknowledge'>, by: By): void {
    this.#subscriptions.acknowledge(call, by);
  }

  listQueue({ queue }: CallValue<'listInbox'>): ReplyValueOf<'listInbox'> {
    const { waiting: messages, dead: deadLetters } = this.#queues.look(queue);
    const [total, deadTotal] = [messages.length, deadLetters.length];
    return { messages, total, deadLetters, deadTotal };
  }

  listQueues(call: CallValue<'listQueues'>): ReplyValueOf<'listQueues'> {
    return { queues: this.#queues.list(call) };
  }

  publish(call: CallValue<'publish'>, { pid }: By): ReplyValueOf<'publish'> {
    const { transient: isTransient, ...what } = call;
    const message = this.#message(pid, what);
    const subscribers = this.#topics.publish(message, { isTransient });
    return { messageId: message.messageId, subscribers };
  }

  listTopics(call: CallValue<'listTopics'>): ReplyValueOf<'listTopics'> {
    return this.#topics.list(call);
  }

  clearTopic(call: CallValue<'clearTopic'>): void {
    this.#topics.clear(call);
  }

  forgetCursor(call: CallValue<'forgetCursor'>, by: By): void {
    this.#topics.forget(call, by);
  }

  /** A run of it is over. */
  endAllOf(pid: number): void {
    this.#subscriptions.endAllOf(pid);
  }

  #report({ messageId: replyTo, fromPid }: wire.AgentMessage, status: string): void {
    const body = JSON.stringify({ message: replyTo, status, detail: `${status} in a queue` });
    const payload = new TextEncoder().encode(body);
    const relation = numberOf(RELATIONS, 'system');
    this.#census.post(fromPid, { type: 'ack', relation, priority: 0, replyTo, payload });
  }

  #reply(message: wire.AgentMessage, { from, text }: { from: number; text: string }): void {
    const payload = new TextEncoder().encode(text);
    const { messageId: replyTo, fromPid } = message;
    this.#census.post(fromPid, { type: 'reply', ...this.#sender(from), replyTo, payload });
  }

  #sender(pid: number): Pick<wire.AgentMessage, 'fromPid' | 'fromName' | 'fromAddress'> {
    const fromName = this.#census.nameOf(pid);
    const fromAddress = fromName === 'king' ? '/king' : `/king/${fromName}`;
    return { fromPid: pid, fromName, fromAddress };
  }

  #message(from: number, what: Partial<wire.AgentMessage>): wire.AgentMessage {
    return {
      messageId: this.#census.id('m'),
      ...this.#sender(from),
      relation: numberOf(RELATIONS, 'sibling'),
      type: 'message',
      priority: numberOf(PRIORITIES, 'normal'),
      payload: new Uint8Array(),
      timestamp: 0,
      requiresAck: false,
      replyTo: '',
      deadlineMs: 0,
      whyDead: '',
      queue: '',
      topic: '',
      retained: false,
      missed: 0,
      tries: 0,
      ...what,
    };
  }
}

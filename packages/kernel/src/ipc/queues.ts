// Named queues: who may put what into one, who takes from it, who looks (M1, M5 to M9).
//   A1. A queue is a user's: its processes share it by its name, and nobody else sees it but the
//       king, who lists all. Each message goes to one consumer.
//   M4. Priority is the asked one, with aging as in an inbox: no relation lifts it.
//   M8. Bounded as an inbox, and in number: refused, never into nowhere. What waits outlives its
//       sender.
// Rights are asked where the calls are; what an end means is in queue-ends.ts.

import { KernelError } from '../errors.ts';
import type { BodyOf, Once } from '../events/event.ts';
import type { Log } from '../events/log.ts';
import type { Timers } from '../events/timers.ts';
import { asMessageId, formatId, type MessageId, type Pid, type Seq } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import type { KernelSettings } from '../settings.ts';
import { queuedDeliveryOf } from './delivery-view.ts';
import type { NamedQueue, QueuedMessage, QueueLetter } from './named-queue.ts';
import { checkOutgoing, expiryOf, type OutgoingMessage } from './outgoing.ts';
import type { QueueEnds } from './queue-ends.ts';
import { checkQueueName } from './queue-name.ts';
import type { QueueTable } from './queue-table.ts';
import { ShelfFeed, type Manner, type Outlet } from './shelf-feed.ts';
import type { Feed } from './subscriptions.ts';
import type { InboxView, QueueView } from './views.ts';

/** Who looks: what it reads is gated (DESIGN §3, read gate). */
export interface Looker {
  readonly caller: ProcessRecord;
  read(seq: Seq, by: Pid): void;
}

export class Queues {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #queues: QueueTable;
  readonly #timers: Timers;
  readonly #ends: QueueEnds;
  readonly #stir: (source: object) => void;
  readonly #consumerTimeoutMs: number;
  readonly #isStopping: () => boolean;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    queues: QueueTable;
    timers: Timers;
    ends: QueueEnds;
    stir: (source: object) => void;
    settings: Pick<KernelSettings, 'consumerTimeoutMs'>;
    /** Who ends with the kernel has tried nothing in vain. */
    isStopping: () => boolean;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#queues = options.queues;
    this.#timers = options.timers;
    this.#ends = options.ends;
    this.#stir = options.stir;
    this.#consumerTimeoutMs = options.settings.consumerTimeoutMs;
    this.#isStopping = options.isStopping;
  }

  /**
   * Throws `invalid_argument` for what can be no name, `too_large`, `timed_out`, `queue_full`, and
   * `limit_exceeded` for one queue too many.
   */
  send(sent: {
    from: ProcessRecord;
    name: string;
    message: OutgoingMessage;
    once: Once | undefined;
  }): MessageId {
    const { from, name, message, once } = sent;
    const { user } = from.spec;
    checkQueueName(name);
    checkOutgoing(message, this.#log);
    this.#requireRoom(user, name, message.content.bytes);
    const { type, priority, content, requiresAck, replyTo, deadlineMs = 0 } = message;
    const body: BodyOf<'queue.sent'> = {
      message: asMessageId(this.#log.nextSeq),
      user,
      queue: name,
      from: from.pid,
      fromName: from.spec.name,
      priority,
      type,
      content,
      requiresAck,
      expiresMonoMs: expiryOf(message, this.#log),
      replyTo,
    };
    if (deadlineMs === 0 && once === undefined) return this.#put(body);
    return this.#put({ ...body, ...(deadlineMs > 0 && { deadlineMs }), ...(once && { once }) });
  }

  /** Throws `invalid_argument`, `limit_exceeded`. */
  open(by: ProcessRecord, name: string, manner: Manner): Feed {
    checkQueueName(name);
    const { pid, spec } = by;
    const known = this.#queues.find(spec.user, name);
    if (known !== undefined && known.consumers >= LIMITS.consumersPerSourceMax) {
      throw tooManyConsumers(known);
    }
    if (known === undefined && this.#queues.count(spec.user) >= LIMITS.queuesPerUserMax) {
      throw tooManyQueues(spec.user);
    }
    const queue = this.#queues.attend(spec.user, name);
    const outlet: Outlet<QueuedMessage> = {
      source: queue,
      shelf: queue,
      show: (message) => this.#show(queue, message, this.#table.find(pid)),
      shownSeq: ({ message, seq }) => (queue.triesOf(message) > 0 ? queue.changedSeq : seq),
      acknowledge: (acks) => this.#ends.acknowledge(queue, pid, acks),
      rearm: this.#queues.arm,
      stir: () => this.#stir(queue),
      leave: () => this.#queues.leave(queue),
      patience: {
        timers: this.#timers,
        wordWithinMs: this.#consumerTimeoutMs,
        nowMonoMs: () => this.#log.monoMs,
        fail: (message, why) => {
          if (!this.#isStopping()) this.#ends.fail(queue, message, { pid, why });
        },
      },
    };
    return new ShelfFeed(outlet, manner);
  }

  /** In the order in which they would be handed out, and the newest dead letters. */
  look(by: Looker, name: string, max: number): InboxView {
    checkQueueName(name);
    const { user } = by.caller.spec;
    const queue = this.#queues.find(user, name);
    for (const change of this.#queues.closed(user)) by.read(change.changedSeq, change.changedBy);
    if (queue === undefined) return { messages: [], total: 0, deadLetters: [], deadTotal: 0 };
    by.read(queue.changedSeq, queue.changedBy);
    for (const { seq, by: author } of queue.messages()) by.read(seq, author);
    const show = (message: QueuedMessage) => this.#show(queue, message, by.caller);
    const waiting = queue.listed();
    const { deadLetters } = queue;
    return {
      messages: waiting.slice(0, max).map(show),
      total: waiting.length,
      deadLetters: deadLetters.slice(-max).map((letter) => {
        return { ...show(letter), whyDead: letter.whyDead };
      }),
      deadTotal: deadLetters.length,
    };
  }

  /** Of the caller's user, of the king all; by user and name. Throws `limit_exceeded`. */
  list(by: Looker, prefix: string): readonly QueueView[] {
    const { caller } = by;
    const isKing = caller.parent === undefined;
    const all = isKing ? this.#queues.all() : this.#queues.of(caller.spec.user);
    const found = [...all].filter(({ name }) => name.startsWith(prefix));
    if (found.length > LIMITS.queuesListedMax) throw tooManyListed(found.length);
    const closed = this.#queues.closed(isKing ? undefined : caller.spec.user);
    for (const { changedSeq, changedBy } of [...found, ...closed]) by.read(changedSeq, changedBy);
    return found.map(viewOf).sort((a, b) => compare(a.user, b.user) || compare(a.name, b.name));
  }

  /** M6: a dead letter waits again, as a message of its own that nobody has handled. */
  requeue(by: ProcessRecord, name: string, message: MessageId): MessageId {
    const { queue, letter } = this.#letterOf(by, name, message);
    const { user } = queue;
    this.#requireRoom(user, name, letter.content.bytes);
    const { from, fromName, priority, type, content, requiresAck, replyTo } = letter;
    this.#log.emit('queue.letter_removed', { user, queue: name, message, why: 'requeued' });
    const what = { from, fromName, priority, type, content, requiresAck, replyTo };
    const origin = letter.origin ?? message;
    const id = asMessageId(this.#log.nextSeq);
    return this.#put({ message: id, user, queue: name, ...what, expiresMonoMs: 0, origin });
  }

  dropLetter(by: ProcessRecord, name: string, message: MessageId): void {
    const { user } = this.#letterOf(by, name, message).queue;
    this.#log.emit('queue.letter_removed', { user, queue: name, message, why: 'dropped' });
  }

  /** M7: in the queue. What a consumer has in hand is so until it comes back. */
  expire(message: QueuedMessage): void {
    const queue = this.#queues.find(message.user, message.queue);
    if (queue?.handOf(message.message) === undefined) this.#ends.expire(message);
  }

  #put(body: BodyOf<'queue.sent'>): MessageId {
    this.#log.emit('queue.sent', body);
    const queue = this.#queues.find(body.user, body.queue);
    if (queue !== undefined && queue.consumers > 0) this.#stir(queue);
    return body.message;
  }

  #show(queue: NamedQueue, message: QueuedMessage, reader: ProcessRecord | undefined) {
    const tries = queue.triesOf(message.message);
    return queuedDeliveryOf(message, { reader, tries, table: this.#table });
  }

  #requireRoom(user: string, name: string, bytes: number): void {
    if (this.#queues.bytes(user) + bytes > LIMITS.queueBytesPerUserMax) throw queuesFull(user);
    const queue = this.#queues.find(user, name);
    if (queue === undefined || queue.isEmpty) {
      if (this.#queues.holding(user) >= LIMITS.queuesPerUserMax) throw tooManyQueues(user);
    } else if (!queue.hasRoomFor(bytes)) throw queueFull(queue);
  }

  #letterOf(
    by: ProcessRecord,
    name: string,
    message: MessageId,
  ): { queue: NamedQueue; letter: QueueLetter } {
    checkQueueName(name);
    const queue = this.#queues.find(by.spec.user, name);
    const letter = queue?.deadLetter(message);
    if (queue !== undefined && letter !== undefined) return { queue, letter };
    const id = formatId('m', this.#table.partition, message);
    throw new KernelError(
      'not_found',
      `The queue "${name}" of user ${by.spec.user} has no message ${id} among its dead letters.`,
      { details: { queue: name } },
    );
  }
}

const viewOf = (queue: NamedQueue): QueueView => ({
  user: queue.user,
  name: queue.name,
  waiting: queue.depth - queue.inHand,
  bytes: queue.bytes,
  inHand: queue.inHand,
  consumers: queue.consumers,
  deadLetters: queue.deadLetters.length,
  oldestWallMs: queue.oldest?.wallMs ?? 0,
});

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const queueFull = ({ name, depth, bytes }: NamedQueue): KernelError =>
  new KernelError(
    'queue_full',
    `The queue "${name}" is full: ${depth} messages, ${bytes} bytes (M8). ` +
      'Try again when some are taken.',
    { details: { queue: name, depth } },
  );

const queuesFull = (user: string): KernelError =>
  new KernelError(
    'queue_full',
    `The queues of user ${user} hold ${LIMITS.queueBytesPerUserMax} bytes in all, the most that ` +
      'they may (M8). Try again when some are taken; large contents belong in artifacts.',
    { details: { field: 'queue' } },
  );

const tooManyListed = (count: number): KernelError =>
  new KernelError(
    'limit_exceeded',
    `${count} queues are more than one answer tells of, ${LIMITS.queuesListedMax}. ` +
      'Ask for a longer beginning of their names.',
    { details: { field: 'prefix' } },
  );

const tooManyQueues = (user: string): KernelError =>
  new KernelError(
    'limit_exceeded',
    `User ${user} has ${LIMITS.queuesPerUserMax} queues, the most that one may have. ` +
      'Take what waits in some of them, drop their dead letters, or end consumers of empty ones.',
    { details: { field: 'queue' } },
  );

const tooManyConsumers = ({ name, consumers }: NamedQueue): KernelError =>
  new KernelError(
    'limit_exceeded',
    `The queue "${name}" has ${consumers} consumers, the most that it may have. End some of them.`,
    { details: { queue: name } },
  );

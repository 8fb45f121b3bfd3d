// The table of named queues, and the fold of the `queue.*` events. It records; Queues decides.
//   A queue comes to be with its first message or its first consumer, and is no more when there is
//   nothing in it and nobody takes from it. Consumers are volatile, so what is durable of a queue
//   is only what it holds.
//   M7. A message with a TTL has a timer, made anew at a restore.

import type { EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { MessageId, Pid, Seq } from '../ids.ts';
import { NamedQueue, type QueuedMessage, type QueueImage } from './named-queue.ts';

type QueueEvent = EventOf<
  'queue.sent' | 'queue.acked' | 'queue.dropped' | 'queue.returned' | 'queue.letter_removed'
>;

/** For the read gate (DESIGN §3). */
interface Change {
  readonly changedSeq: Seq;
  readonly changedBy: Pid;
}

export class QueueTable {
  readonly #timers: Timers;
  readonly #agingMsPerLevel: () => number;
  readonly #onExpired: (message: QueuedMessage) => void;
  readonly #byUser = new Map<string, Map<string, NamedQueue>>();
  /** How many of a user hold something. */
  readonly #holding = new Map<string, number>();
  /** M8: what waits in all queues of a user. */
  readonly #bytes = new Map<string, number>();
  /** The last change of a queue that is no more, by user: who sees that it is gone reads that. */
  readonly #closed = new Map<string, Change>();

  constructor(options: {
    timers: Timers;
    /** M4: of the boot that the events are of. */
    agingMsPerLevel: () => number;
    /** What to do when a TTL runs out. */
    onExpired: (message: QueuedMessage) => void;
  }) {
    this.#timers = options.timers;
    this.#agingMsPerLevel = options.agingMsPerLevel;
    this.#onExpired = options.onExpired;
  }

  find(user: string, name: string): NamedQueue | undefined {
    return this.#byUser.get(user)?.get(name);
  }

  holding(user: string): number {
    return this.#holding.get(user) ?? 0;
  }

  bytes(user: string): number {
    return this.#bytes.get(user) ?? 0;
  }

  /** How many of a user there are, with those that somebody only waits at. */
  count(user: string): number {
    return this.#byUser.get(user)?.size ?? 0;
  }

  /** Of queues that are no more; left out: of all users. */
  *closed(user?: string): Generator<Change> {
    if (user === undefined) yield* this.#closed.values();
    else yield* [this.#closed.get(user)].filter((change) => change !== undefined);
  }

  *all(): Generator<NamedQueue> {
    for (const queues of this.#byUser.values()) yield* queues.values();
  }

  of(user: string): Iterable<NamedQueue> {
    return this.#byUser.get(user)?.values() ?? [];
  }

  /** One more takes from it. */
  attend(user: string, name: string): NamedQueue {
    const queue = this.#open(user, name);
    queue.consumers += 1;
    return queue;
  }

  leave(queue: NamedQueue): void {
    queue.consumers -= 1;
    this.#closeIfOver(queue);
  }

  /** M7: for what waits, or waits again. */
  readonly arm = (message: QueuedMessage): Timer =>
    this.#timers.arm(message.expiresMonoMs, () => this.#onExpired(message));

  handlers(): Handlers {
    return {
      'queue.sent': (event) => this.#change(event, (queue) => this.#sent(queue, event)),
      'queue.acked': (event) =>
        this.#change(event, (queue) => {
          for (const id of event.body.messages) this.#remove(queue, id);
        }),
      'queue.dropped': (event) =>
        this.#change(event, (queue) => {
          const message = this.#remove(queue, event.body.message);
          if (message === undefined || !event.body.toDeadLetters) return;
          queue.bury(message, event.body.why);
        }),
      'queue.returned': (event) =>
        this.#change(event, (queue) => queue.noteTries(event.body.message, event.body.tries)),
      'queue.letter_removed': (event) =>
        this.#change(event, (queue) => queue.removeLetter(event.body.message)),
    };
  }

  /** What a snapshot holds, in an order that follows from it. */
  image(): QueueImage[] {
    const images = [...this.all()].filter(({ isEmpty }) => !isEmpty).map((one) => one.image());
    return images.sort((a, b) => compare(a.user, b.user) || compare(a.name, b.name));
  }

  /** At a restore. */
  restore({ user, name, waiting, dead, tries }: QueueImage): void {
    const queue = this.#open(user, name);
    for (const message of waiting) this.#add(queue, message);
    queue.deadLetters.push(...dead);
    for (const [id, count] of tries) queue.noteTries(id, count);
    this.#countBytes(user, queue.bytes);
    if (!queue.isEmpty) this.#countHolding(user, 1);
  }

  #change(event: QueueEvent, apply: (queue: NamedQueue) => void): void {
    const { user, queue: name } = event.body;
    const queue = this.#open(user, name);
    const { isEmpty: wasEmpty, bytes } = queue;
    apply(queue);
    queue.noteChange(event);
    this.#countBytes(user, queue.bytes - bytes);
    const { isEmpty } = queue;
    if (wasEmpty !== isEmpty) this.#countHolding(user, isEmpty ? -1 : 1);
    if (isEmpty) this.#closeIfOver(queue);
  }

  #sent(queue: NamedQueue, event: EventOf<'queue.sent'>): void {
    const { body } = event;
    const { deadlineMs, origin } = body;
    const message: QueuedMessage = {
      message: body.message,
      user: body.user,
      queue: body.queue,
      from: body.from,
      fromName: body.fromName,
      priority: body.priority,
      type: body.type,
      content: body.content,
      requiresAck: body.requiresAck,
      expiresMonoMs: body.expiresMonoMs,
      replyTo: body.replyTo,
      seq: event.seq,
      by: event.by,
      wallMs: event.wallMs,
      key: body.priority * this.#agingMsPerLevel() + event.monoMs,
    };
    const isPlain = deadlineMs === undefined && origin === undefined;
    this.#add(queue, isPlain ? message : { ...message, ...extrasOf(body) });
  }

  #add(queue: NamedQueue, message: QueuedMessage): void {
    queue.add(message, message.expiresMonoMs > 0 ? this.arm(message) : undefined);
  }

  #remove(queue: NamedQueue, id: MessageId): QueuedMessage | undefined {
    const removed = queue.remove(id);
    if (removed === undefined) return undefined;
    this.#timers.cancel(removed.expiry);
    return removed.message;
  }

  #open(user: string, name: string): NamedQueue {
    let queues = this.#byUser.get(user);
    if (queues === undefined) {
      queues = new Map();
      this.#byUser.set(user, queues);
    }
    let queue = queues.get(name);
    if (queue === undefined) {
      queue = new NamedQueue({ user, name });
      queues.set(name, queue);
    }
    return queue;
  }

  #closeIfOver(queue: NamedQueue): void {
    const { user, name, isEmpty, consumers } = queue;
    if (!isEmpty || consumers > 0) return;
    this.#noteClosed(queue);
    const queues = this.#byUser.get(user);
    queues?.delete(name);
    if (queues?.size === 0) this.#byUser.delete(user);
  }

  #noteClosed({ user, changedSeq, changedBy }: NamedQueue): void {
    const known = this.#closed.get(user)?.changedSeq ?? 0;
    if (changedSeq > known) this.#closed.set(user, { changedSeq, changedBy });
  }

  #countBytes(user: string, by: number): void {
    if (by !== 0) this.#bytes.set(user, this.bytes(user) + by);
    if (this.bytes(user) === 0) this.#bytes.delete(user);
  }

  #countHolding(user: string, by: 1 | -1): void {
    const holding = this.holding(user) + by;
    if (holding === 0) this.#holding.delete(user);
    else this.#holding.set(user, holding);
  }
}

const extrasOf = ({ deadlineMs, origin }: EventOf<'queue.sent'>['body']) => ({
  ...(deadlineMs !== undefined && { deadlineMs }),
  ...(origin !== undefined && { origin }),
});

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

// A named queue: what waits in it, what was handed out in vain and how often, and what nobody took.
//   A1. It is a user's, by its name. M8. Bounded as an inbox.
//   M6. Tries are durable; who takes from it is volatile.

import type { BodyOf, EventOf } from '../events/event.ts';
import { NO_PID, SEQ_ZERO, type MessageId, type Pid, type Seq } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { Held } from './hand.ts';
import type { Dead } from './posted.ts';
import { Shelf } from './shelf.ts';

export type QueuedMessage = Omit<BodyOf<'queue.sent'>, 'once'> & {
  readonly seq: Seq;
  readonly by: Pid;
  readonly wallMs: number;
  readonly key: number;
};

export type QueueLetter = Dead<QueuedMessage>;

/** What a snapshot holds of a queue. */
export interface QueueImage {
  readonly user: string;
  readonly name: string;
  readonly waiting: readonly QueuedMessage[];
  readonly dead: readonly QueueLetter[];
  readonly tries: readonly (readonly [MessageId, number])[];
}

export class NamedQueue extends Shelf<QueuedMessage> {
  readonly user: string;
  readonly name: string;
  readonly #tries = new Map<MessageId, number>();
  /** Volatile. */
  consumers = 0;
  /** The read gate's: since the start of this kernel, the last change and its author. */
  changedSeq: Seq = SEQ_ZERO;
  changedBy: Pid = NO_PID;

  constructor(name: { user: string; name: string }) {
    super();
    this.user = name.user;
    this.name = name.name;
  }

  /** Nothing in it is worth to be kept. */
  get isEmpty(): boolean {
    return this.depth === 0 && this.deadLetters.length === 0;
  }

  /** M8 */
  hasRoomFor(bytes: number): boolean {
    return this.depth < LIMITS.inboxMessagesMax && this.bytes + bytes <= LIMITS.inboxBytesMax;
  }

  /** The one that waits longest. */
  get oldest(): QueuedMessage | undefined {
    for (const message of this.messages()) {
      if (this.handOf(message.message) === undefined) return message;
    }
    return undefined;
  }

  triesOf(id: MessageId): number {
    return this.#tries.get(id) ?? 0;
  }

  noteTries(id: MessageId, tries: number): void {
    if (this.get(id) !== undefined) this.#tries.set(id, tries);
  }

  override remove(id: MessageId): Held<QueuedMessage> | undefined {
    if (this.#tries.size > 0) this.#tries.delete(id);
    return super.remove(id);
  }

  noteChange({ seq, by }: Pick<EventOf<'queue.sent'>, 'seq' | 'by'>): void {
    this.changedSeq = seq;
    this.changedBy = by;
  }

  image(): QueueImage {
    const { user, name, deadLetters: dead } = this;
    return { user, name, waiting: [...this.messages()], dead, tries: [...this.#tries] };
  }
}

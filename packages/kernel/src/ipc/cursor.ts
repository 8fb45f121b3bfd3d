// Cursors: the places of durable subscribers (M10). What is published under a cursor's pattern waits
// for its owner until it is confirmed, whether or not anybody subscribes just then.
//   M10. Bounded as an inbox. The oldest go first, and the next one tells how many they were.

import type { EventOf } from '../events/event.ts';
import { SEQ_ZERO, type MessageId, type Pid, type Seq } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { Copy, Publication } from './publication.ts';
import { matches } from './topic-name.ts';

export interface CursorName {
  readonly owner: Pid;
  readonly user: string;
  readonly name: string;
  readonly pattern: string;
  /** Empty: every one; `x*`: all that begin so. */
  readonly type: string;
}

interface Pending extends Copy {
  missed: number;
}

/** What a snapshot holds; the publications stand beside, once each. */
export interface CursorImage extends CursorName {
  readonly pending: readonly (readonly [MessageId, boolean, number])[];
  readonly missed: number;
}

export class Cursor implements CursorName {
  readonly owner: Pid;
  readonly user: string;
  readonly name: string;
  readonly pattern: string;
  readonly type: string;
  /** In the order of publication; those in the hand of a subscriber among them. */
  readonly #pending = new Map<MessageId, Pending>();
  #bytes = 0;
  /** In all. */
  missed = 0;
  /** Volatile: somebody subscribes through it. */
  isLive = false;
  changedSeq: Seq = SEQ_ZERO;
  changedBy: Pid;

  constructor(what: CursorName) {
    this.owner = what.owner;
    this.user = what.user;
    this.name = what.name;
    this.pattern = what.pattern;
    this.type = what.type;
    this.changedBy = what.owner;
  }

  get waiting(): number {
    return this.#pending.size;
  }

  has(id: MessageId): boolean {
    return this.#pending.has(id);
  }

  /** The first that is not among `held`. */
  firstBeside(held: ReadonlyMap<MessageId, unknown>): Copy | undefined {
    for (const [id, pending] of this.#pending) if (!held.has(id)) return pending;
    return undefined;
  }

  *publications(): Generator<Publication> {
    for (const { publication } of this.#pending.values()) yield publication;
  }

  wants({ topic, type }: Pick<Publication, 'topic' | 'type'>): boolean {
    if (!matches(this.pattern, topic)) return false;
    if (this.type.endsWith('*')) return type.startsWith(this.type.slice(0, -1));
    return this.type === '' || this.type === type;
  }

  add(publication: Publication, isRetained: boolean): void {
    this.#put({ publication, isRetained, missed: 0 });
    while (this.#isOver) this.#dropOldest();
  }

  confirm(id: MessageId): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#bytes -= pending.publication.content.bytes;
  }

  noteChange({ seq, by }: Pick<EventOf<'cursor.moved'>, 'seq' | 'by'>): void {
    this.changedSeq = seq;
    this.changedBy = by;
  }

  image(): CursorImage {
    const { owner, user, name, pattern, type, missed } = this;
    const pending = [...this.#pending.values()].map(
      (one) => [one.publication.message, one.isRetained, one.missed] as const,
    );
    return { owner, user, name, pattern, type, pending, missed };
  }

  /** At a restore. */
  restore({ pending, missed }: CursorImage, known: ReadonlyMap<MessageId, Publication>): void {
    this.missed = missed;
    for (const [id, isRetained, before] of pending) {
      const publication = known.get(id);
      if (publication !== undefined) this.#put({ publication, isRetained, missed: before });
    }
  }

  get #isOver(): boolean {
    if (this.#pending.size > LIMITS.inboxMessagesMax) return true;
    return this.#bytes > LIMITS.inboxBytesMax && this.#pending.size > 1;
  }

  #put(pending: Pending): void {
    this.#pending.set(pending.publication.message, pending);
    this.#bytes += pending.publication.content.bytes;
  }

  #dropOldest(): void {
    const [oldest, next] = this.#pending.values();
    if (oldest === undefined || next === undefined) return;
    next.missed += oldest.missed + 1;
    this.missed += 1;
    this.confirm(oldest.publication.message);
  }
}

// The topics and the cursors: the fold of what is published (M10). It records; topics.ts decides.
//   Topics belong to (user, name), cursors to (owner, name). A topic is known while it has a last
//   value. A publication that nobody waits for and that no topic keeps is gone at once.
//   A publication is one object, whoever needs it, and stands in a snapshot once.

import type { EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import { asSeq, type MessageId, type Pid, type Seq } from '../ids.ts';
import { Cursor, type CursorImage } from './cursor.ts';
import type { Publication } from './publication.ts';
import { TopicIndex } from './topic-index.ts';
import type { TopicPattern } from './topic-pattern.ts';
import { isTypeWanted } from './wants.ts';

export interface Topic {
  /** Of the last that was not transient. */
  last: Publication;
  /** Transient ones too, since it is known. */
  publications: number;
  /** Of the newest of them. Not kept: what is restored is durable. */
  changedSeq: Seq;
  changedBy: Pid;
}

/** What a snapshot holds. */
export interface TopicsImage {
  /** In their order. */
  readonly publications: readonly Publication[];
  /** The last value, and how many there were. */
  readonly topics: readonly (readonly [MessageId, number])[];
  readonly cursors: readonly CursorImage[];
}

interface OfUser {
  readonly topics: Map<string, Topic>;
  bytes: number;
}

export class TopicTable {
  readonly #byUser = new Map<string, OfUser>();
  readonly #cursors = new Map<Pid, Map<string, Cursor>>();
  readonly #interested = new TopicIndex<Cursor>();

  handlers(): Handlers {
    return {
      'topic.published': (event) => this.#published(event),
      'topic.cleared': ({ body }) => this.#forget(body.user, body.topic),
      'cursor.opened': (event) => this.#opened(event),
      'cursor.moved': ({ seq, body: { owner, name, messages } }) => {
        const cursor = this.cursor(owner, name);
        if (cursor === undefined) return;
        cursor.confirm(messages);
        cursor.changedSeq = seq;
        cursor.changedBy = owner;
      },
      'cursor.closed': ({ body }) => this.#close(this.cursor(body.owner, body.name)),
      'process.gone': ({ body }) => this.#closeAllOf(body.pid),
      'process.start_failed': ({ body }) => this.#closeAllOf(body.pid),
      'process.removed': ({ body }) => this.#closeAllOf(body.pid),
    };
  }

  topic(user: string, name: string): Topic | undefined {
    return this.#byUser.get(user)?.topics.get(name);
  }

  *topicsOf(user: string): Generator<Topic> {
    yield* this.#byUser.get(user)?.topics.values() ?? [];
  }

  get users(): Iterable<string> {
    return this.#byUser.keys();
  }

  /** Topics with a last value, and what these hold. */
  heldBy(user: string): { topics: number; bytes: number } {
    const own = this.#byUser.get(user);
    return { topics: own?.topics.size ?? 0, bytes: own?.bytes ?? 0 };
  }

  cursor(owner: Pid, name: string): Cursor | undefined {
    return this.#cursors.get(owner)?.get(name);
  }

  countOf(owner: Pid): number {
    return this.#cursors.get(owner)?.size ?? 0;
  }

  *cursors(): Generator<Cursor> {
    for (const own of this.#cursors.values()) yield* own.values();
  }

  forEachCursor(user: string, topic: string, tell: (cursor: Cursor) => void): void {
    this.#interested.forEach(user, topic, tell);
  }

  countCursors(user: string, topic: string): number {
    return this.#interested.count(user, topic);
  }

  /** The last values that a pattern matches, oldest first. */
  retained(user: string, pattern: TopicPattern, type: string): Publication[] {
    const found: Publication[] = [];
    const look = (topic: Topic | undefined): void => {
      if (topic !== undefined && isTypeWanted(type, topic.last.type)) found.push(topic.last);
    };
    if (pattern.isName) look(this.topic(user, pattern.text));
    else {
      for (const topic of this.topicsOf(user)) if (pattern.matches(topic.last.topic)) look(topic);
    }
    return found.sort((a, b) => a.message - b.message);
  }

  /** All that somebody still needs, each once. */
  publications(): Set<Publication> {
    const needed = new Set<Publication>();
    for (const { topics } of this.#byUser.values()) {
      for (const { last } of topics.values()) needed.add(last);
    }
    for (const cursor of this.cursors()) for (const one of cursor.pending()) needed.add(one);
    return needed;
  }

  image(): TopicsImage {
    const topics = [...this.#byUser.values()].flatMap((own) => [...own.topics.values()]);
    return {
      publications: [...this.publications()].sort((a, b) => a.message - b.message),
      topics: topics
        .map(({ last, publications }) => [last.message, publications] as const)
        .sort(([a], [b]) => a - b),
      cursors: [...this.cursors()]
        .map((cursor) => cursor.image())
        .sort((a, b) => a.since - b.since),
    };
  }

  restore(image: TopicsImage): void {
    const byId = new Map(image.publications.map((one) => [one.message, one]));
    const known = (id: MessageId): Publication[] => {
      const found = byId.get(id);
      return found === undefined ? [] : [found];
    };
    for (const [id, count] of image.topics) {
      for (const last of known(id)) this.#keep(last).publications = count;
    }
    for (const one of image.cursors) {
      const cursor = new Cursor(one, one.since);
      cursor.refill(one, one.pending.flatMap(known));
      this.#enter(cursor);
    }
  }

  #published({ wallMs, body }: EventOf<'topic.published'>): void {
    const { isTransient, ...rest } = body;
    const publication: Publication = { ...rest, wallMs };
    const { user, topic: name, type, message, from } = publication;
    const seq = asSeq(message);
    this.#interested.forEach(user, name, (cursor) => {
      if (!isTypeWanted(cursor.type, type)) return;
      cursor.add(publication);
      cursor.changedSeq = seq;
      cursor.changedBy = from;
    });
    const topic = isTransient ? this.topic(user, name) : this.#keep(publication);
    if (topic === undefined) return;
    topic.publications += 1;
    topic.changedSeq = seq;
    topic.changedBy = from;
  }

  #keep(publication: Publication): Topic {
    const { user, topic: name, message, from, content } = publication;
    let own = this.#byUser.get(user);
    if (own === undefined) {
      own = { topics: new Map(), bytes: 0 };
      this.#byUser.set(user, own);
    }
    own.bytes += content.bytes;
    const known = own.topics.get(name);
    if (known !== undefined) {
      own.bytes -= known.last.content.bytes;
      known.last = publication;
      return known;
    }
    const changedSeq = asSeq(message);
    const topic: Topic = { last: publication, publications: 0, changedSeq, changedBy: from };
    own.topics.set(name, topic);
    return topic;
  }

  #forget(user: string, name: string): void {
    const own = this.#byUser.get(user);
    const topic = own?.topics.get(name);
    if (own === undefined || topic === undefined) return;
    own.topics.delete(name);
    own.bytes -= topic.last.content.bytes;
    if (own.topics.size === 0) this.#byUser.delete(user);
  }

  #opened({ seq, body }: EventOf<'cursor.opened'>): void {
    const cursor = new Cursor(body, seq);
    if (body.withRetained) {
      for (const last of this.retained(body.user, cursor.pattern, body.type)) cursor.add(last);
    }
    this.#enter(cursor);
  }

  #enter(cursor: Cursor): void {
    const own = this.#cursors.get(cursor.owner) ?? new Map<string, Cursor>();
    this.#cursors.set(cursor.owner, own.set(cursor.name, cursor));
    this.#interested.add(cursor.user, cursor.pattern, cursor);
  }

  #close(cursor: Cursor | undefined): void {
    if (cursor === undefined) return;
    this.#interested.delete(cursor.user, cursor.pattern, cursor);
    const own = this.#cursors.get(cursor.owner);
    own?.delete(cursor.name);
    if (own?.size === 0) this.#cursors.delete(cursor.owner);
  }

  #closeAllOf(owner: Pid): void {
    for (const cursor of [...(this.#cursors.get(owner)?.values() ?? [])]) this.#close(cursor);
  }
}

// The table of topics and cursors, and the fold of the `topic.*` and `cursor.*` events. It records;
// Topics decides.
//   M10. A topic is known while its last value is kept; that outlives its publisher. A cursor ends
//        with its owner, for good.
//   What is published is stored once, however many wait for it. Live subscribers are no part of
//   this: they are volatile.

import type { EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { MessageId, Pid } from '../ids.ts';
import { Cursor, type CursorImage } from './cursor.ts';
import type { Publication } from './publication.ts';
import { isPattern, matches } from './topic-name.ts';

export interface Topic {
  readonly name: string;
  last: Publication;
  publications: number;
}

export interface TopicsImage {
  /** All that is kept, once each, by id. */
  readonly publications: readonly Publication[];
  readonly topics: readonly (readonly [string, string, MessageId, number])[];
  readonly cursors: readonly CursorImage[];
}

interface OfUser {
  readonly topics: Map<string, Topic>;
  /** Of the last values. */
  bytes: number;
  readonly exact: Map<string, Set<Cursor>>;
  readonly patterns: Set<Cursor>;
}

export class TopicTable {
  readonly #byUser = new Map<string, OfUser>();
  readonly #cursors = new Map<Pid, Map<string, Cursor>>();

  find(user: string, topic: string): Topic | undefined {
    return this.#byUser.get(user)?.topics.get(topic);
  }

  users(): Iterable<string> {
    return this.#byUser.keys();
  }

  topicsOf(user: string): Iterable<Topic> {
    return this.#byUser.get(user)?.topics.values() ?? [];
  }

  /** How many have a last value, and what these hold. */
  held(user: string): { topics: number; bytes: number } {
    const own = this.#byUser.get(user);
    return { topics: own?.topics.size ?? 0, bytes: own?.bytes ?? 0 };
  }

  /** Their last values, the oldest first. */
  lastOf(user: string, pattern: string): Publication[] {
    const own = this.#byUser.get(user);
    if (own === undefined) return [];
    if (!isPattern(pattern)) {
      const topic = own.topics.get(pattern);
      return topic === undefined ? [] : [topic.last];
    }
    const found: Publication[] = [];
    for (const { name, last } of own.topics.values()) if (matches(pattern, name)) found.push(last);
    return found.sort((a, b) => a.seq - b.seq);
  }

  cursor(owner: Pid, name: string): Cursor | undefined {
    return this.#cursors.get(owner)?.get(name);
  }

  cursorsOf(owner: Pid): number {
    return this.#cursors.get(owner)?.size ?? 0;
  }

  *cursors(): Generator<Cursor> {
    for (const own of this.#cursors.values()) yield* own.values();
  }

  /** Those for whom a publication under the topic waits. */
  *cursorsOn(user: string, topic: string): Generator<Cursor> {
    const own = this.#byUser.get(user);
    if (own === undefined) return;
    yield* own.exact.get(topic) ?? [];
    for (const cursor of own.patterns) if (matches(cursor.pattern, topic)) yield cursor;
  }

  handlers(): Handlers {
    return {
      'topic.published': (event) => this.#published(event),
      'topic.cleared': ({ body: { user, topic } }) => {
        const own = this.#byUser.get(user);
        const known = own?.topics.get(topic);
        if (own === undefined || known === undefined) return;
        own.topics.delete(topic);
        own.bytes -= known.last.content.bytes;
        this.#closeIfOver(user);
      },
      'cursor.opened': (event) => this.#opened(event),
      'cursor.moved': (event) => {
        const cursor = this.cursor(event.body.owner, event.body.name);
        for (const id of event.body.messages) cursor?.confirm(id);
        cursor?.noteChange(event);
      },
      'cursor.closed': ({ body: { owner, name } }) => this.#forget(this.cursor(owner, name)),
      'process.gone': ({ body: { pid } }) => this.#forgetAll(pid),
      'process.start_failed': ({ body: { pid } }) => this.#forgetAll(pid),
      'process.removed': ({ body: { pid } }) => this.#forgetAll(pid),
    };
  }

  image(): TopicsImage {
    const kept = new Map<MessageId, Publication>();
    for (const publication of this.kept()) kept.set(publication.message, publication);
    const topics = [...this.#byUser].flatMap(([user, own]) =>
      [...own.topics.values()].map(({ name, last, publications }) => {
        return [user, name, last.message, publications] as const;
      }),
    );
    const cursors = [...this.cursors()].map((cursor) => cursor.image());
    return {
      publications: [...kept.values()].sort((a, b) => a.message - b.message),
      topics: topics.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1])),
      cursors: cursors.sort((a, b) => a.owner - b.owner || compare(a.name, b.name)),
    };
  }

  /** At a restore. */
  restore({ publications, topics, cursors }: TopicsImage): void {
    const known = new Map(publications.map((one) => [one.message, one]));
    for (const [user, name, id, count] of topics) {
      const last = known.get(id);
      if (last === undefined) continue;
      const own = this.#open(user);
      own.topics.set(name, { name, last, publications: count });
      own.bytes += last.content.bytes;
    }
    for (const image of cursors) {
      const cursor = new Cursor(image);
      cursor.restore(image, known);
      this.#enter(cursor);
    }
  }

  /** Some of them more than once. */
  *kept(): Generator<Publication> {
    for (const { topics } of this.#byUser.values()) {
      for (const { last } of topics.values()) yield last;
    }
    for (const cursor of this.cursors()) yield* cursor.publications();
  }

  #published(event: EventOf<'topic.published'>): void {
    const { user, isTransient, ...body } = event.body;
    const { seq, by, wallMs } = event;
    const publication: Publication = { ...body, seq, by, wallMs };
    const { topic: name } = body;
    for (const cursor of this.cursorsOn(user, name)) {
      if (!cursor.wants(publication)) continue;
      cursor.add(publication, false);
      cursor.noteChange(event);
    }
    const known = this.find(user, name);
    if (known !== undefined) known.publications += 1;
    if (isTransient === true) return;
    const own = this.#open(user);
    own.bytes += publication.content.bytes - (known?.last.content.bytes ?? 0);
    if (known !== undefined) known.last = publication;
    else own.topics.set(name, { name, last: publication, publications: 1 });
  }

  #opened(event: EventOf<'cursor.opened'>): void {
    const { withRetained, ...what } = event.body;
    const cursor = new Cursor(what);
    cursor.noteChange(event);
    this.#enter(cursor);
    if (!withRetained) return;
    for (const last of this.lastOf(what.user, what.pattern)) {
      if (cursor.wants(last)) cursor.add(last, true);
    }
  }

  #enter(cursor: Cursor): void {
    const { owner, user, name, pattern } = cursor;
    const own = this.#cursors.get(owner) ?? new Map<string, Cursor>();
    this.#cursors.set(owner, own.set(name, cursor));
    const { exact, patterns } = this.#open(user);
    if (isPattern(pattern)) patterns.add(cursor);
    else exact.set(pattern, (exact.get(pattern) ?? new Set()).add(cursor));
  }

  #forget(cursor: Cursor | undefined): void {
    if (cursor === undefined) return;
    const { owner, user, name, pattern } = cursor;
    const own = this.#cursors.get(owner);
    own?.delete(name);
    if (own?.size === 0) this.#cursors.delete(owner);
    const ofUser = this.#byUser.get(user);
    ofUser?.patterns.delete(cursor);
    const exact = ofUser?.exact.get(pattern);
    exact?.delete(cursor);
    if (exact?.size === 0) ofUser?.exact.delete(pattern);
    this.#closeIfOver(user);
  }

  #forgetAll(owner: Pid): void {
    for (const cursor of [...(this.#cursors.get(owner)?.values() ?? [])]) this.#forget(cursor);
  }

  #open(user: string): OfUser {
    let own = this.#byUser.get(user);
    if (own === undefined) {
      own = { topics: new Map(), bytes: 0, exact: new Map(), patterns: new Set() };
      this.#byUser.set(user, own);
    }
    return own;
  }

  #closeIfOver(user: string): void {
    const own = this.#byUser.get(user);
    if (own === undefined) return;
    if (own.topics.size + own.exact.size + own.patterns.size === 0) this.#byUser.delete(user);
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

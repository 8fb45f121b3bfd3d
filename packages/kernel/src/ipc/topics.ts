// Topics: publish and subscribe by name (M10). Here it is decided what may be published, subscribed
// to and forgotten; what is kept is topic-table.ts, who takes it live-feed.ts and cursor-feed.ts.
//   A publication is durable before its publisher hears of it. It goes to whoever subscribes by
//   then, and to cursors; nobody is asked for room, and nobody is waited for.
//   Users are apart: a process publishes and subscribes as its own user.

import { KernelError } from '../errors.ts';
import type { Content } from '../events/content.ts';
import type { Log } from '../events/log.ts';
import { asMessageId, type MessageId, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { CursorFeed } from './cursor-feed.ts';
import type { Cursor } from './cursor.ts';
import { LiveFeed } from './live-feed.ts';
import { deliveryOfPublication, type Publication } from './publication.ts';
import type { Looker } from './queues.ts';
import type { Feed } from './subscriptions.ts';
import { TopicIndex } from './topic-index.ts';
import { requireCursorName, requirePattern, requireTopic, TopicPattern } from './topic-pattern.ts';
import type { Topic, TopicTable } from './topic-table.ts';
import type { CursorView, TopicListing, TopicView } from './views.ts';
import { isTypeWanted, type Wants } from './wants.ts';

export interface TopicWish {
  readonly pattern: string;
  readonly durable: string;
  readonly withRetained: boolean;
}

/** A subscription as it is to be. */
interface Opening {
  readonly subscriber: ProcessRecord;
  readonly pattern: TopicPattern;
  readonly type: string;
  readonly isAcknowledged: boolean;
  readonly withRetained: boolean;
}

interface Published {
  readonly topic: string;
  readonly type: string;
  readonly content: Content;
  readonly isTransient: boolean;
}

export class Topics {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #topics: TopicTable;
  readonly #stir: (source: object) => void;
  readonly #live = new TopicIndex<LiveFeed>();
  /** Cursors that somebody takes from. */
  readonly #feeds = new Map<Cursor, CursorFeed>();

  constructor(options: {
    log: Log;
    table: ProcessTable;
    topics: TopicTable;
    stir: (source: object) => void;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#topics = options.topics;
    this.#stir = options.stir;
  }

  /**
   * Throws `invalid_argument`; of a durable one `conflict`, where somebody takes from it already or
   * it is of something else, and `limit_exceeded`.
   */
  open(
    by: ProcessRecord,
    wish: TopicWish,
    { wants, isAcknowledged }: { wants: Wants; isAcknowledged: boolean },
  ): Feed {
    requirePattern(wish.pattern);
    requireNoUrgency(wants);
    const pattern = new TopicPattern(wish.pattern);
    const { withRetained, durable } = wish;
    const opening = { subscriber: by, pattern, type: wants.type, isAcknowledged, withRetained };
    return durable === '' ? this.#openLive(opening) : this.#openCursor(durable, opening);
  }

  /** Throws `invalid_argument`, `too_large`, `limit_exceeded`. */
  publish(by: ProcessRecord, what: Published): { message: MessageId; subscribers: number } {
    const { topic, type, content, isTransient } = what;
    const { user, name: fromName } = by.spec;
    requireTopic(topic);
    requireSize(content);
    if (!isTransient) this.#requireRoom(user, topic, content.bytes);
    const message = asMessageId(this.#log.nextSeq);
    const body = { message, user, topic, from: by.pid, fromName, type, content };
    this.#log.emit('topic.published', { ...body, isTransient });
    return { message, subscribers: this.#tell({ ...body, wallMs: this.#log.wallMs }) };
  }

  /** Of the looker's user; the king sees all. A cursor is found by its pattern's text. */
  list(by: Looker, pattern: string): TopicListing {
    const { caller } = by;
    const isSeen = (user: string): boolean =>
      caller.parent === undefined || user === caller.spec.user;
    const wanted = new TopicPattern(pattern === '' ? '*' : pattern);
    const topics = [...this.#topics.users]
      .filter(isSeen)
      .flatMap((user) => [...this.#topics.topicsOf(user)])
      .filter(({ last }) => wanted.matches(last.topic))
      .sort((a, b) => inOrder(a.last.user, b.last.user) || inOrder(a.last.topic, b.last.topic));
    const cursors = [...this.#topics.cursors()]
      .filter(({ user }) => isSeen(user))
      .filter((cursor) => wanted.matches(cursor.pattern.text))
      .sort((a, b) => inOrder(a.user, b.user) || inOrder(a.name, b.name) || a.owner - b.owner);
    for (const { changedSeq, changedBy } of [...topics, ...cursors]) by.read(changedSeq, changedBy);
    const most = LIMITS.topicsListedMax;
    return {
      topics: topics.slice(0, most).map((topic) => this.#viewOf(topic, caller)),
      topicsTotal: topics.length,
      cursors: cursors.slice(0, most).map((cursor) => this.#viewOfCursor(cursor)),
      cursorsTotal: cursors.length,
    };
  }

  /** Throws `not_found`. */
  clear(by: ProcessRecord, topic: string): void {
    requireTopic(topic);
    const { user } = by.spec;
    if (this.#topics.topic(user, topic) === undefined) {
      throw new KernelError(
        'not_found',
        `No topic "${topic}" of user "${user}" has a value (M10).`,
        {
          details: { field: 'topic' },
        },
      );
    }
    this.#log.emit('topic.cleared', { user, topic });
  }

  /** Throws `not_found`, and `conflict` while somebody takes from it. */
  forgetCursor(by: ProcessRecord, name: string): void {
    const cursor = this.#topics.cursor(by.pid, name);
    if (cursor === undefined) {
      const what = `${describeProcess(by)} has no durable subscription "${name}" (M10).`;
      throw new KernelError('not_found', what, { details: { field: 'name' } });
    }
    this.#requireFree(cursor);
    const { owner, user } = cursor;
    this.#log.emit('cursor.closed', { owner, user, name });
  }

  #openLive({ subscriber, pattern, type, isAcknowledged, withRetained }: Opening): LiveFeed {
    const { user } = subscriber.spec;
    const retained = withRetained ? this.#topics.retained(user, pattern, type) : [];
    const feed = new LiveFeed({
      subscriber,
      type,
      isAcknowledged,
      since: this.#log.nextSeq,
      retained: retained.map(({ topic }) => topic),
      lastOf: (topic) => this.#topics.topic(user, topic)?.last,
      table: this.#table,
      stir: this.#stir,
      onClosed: (closed) => this.#live.delete(user, pattern, closed),
    });
    this.#live.add(user, pattern, feed);
    return feed;
  }

  #openCursor(name: string, opening: Opening): CursorFeed {
    requireCursorName(name);
    const { subscriber, isAcknowledged } = opening;
    const known = this.#topics.cursor(subscriber.pid, name);
    if (known === undefined) this.#beginCursor(name, opening);
    else {
      requireSame(known, opening);
      this.#requireFree(known);
    }
    const cursor = this.#topics.cursor(subscriber.pid, name) as Cursor;
    const feed = new CursorFeed({
      subscriber,
      cursor,
      isAcknowledged,
      table: this.#table,
      stir: this.#stir,
      onConfirmed: ({ owner, name: moved }, messages) =>
        this.#log.emit('cursor.moved', { owner, name: moved, messages }),
      onClosed: (closed) => this.#feeds.delete(closed),
    });
    this.#feeds.set(cursor, feed);
    return feed;
  }

  #beginCursor(name: string, { subscriber, pattern, type, withRetained }: Opening): void {
    const { pid: owner } = subscriber;
    const { user } = subscriber.spec;
    const count = this.#topics.countOf(owner);
    if (count >= LIMITS.cursorsPerProcessMax) throw tooManyCursors(owner, count);
    this.#log.emit('cursor.opened', {
      owner,
      user,
      name,
      pattern: pattern.text,
      type,
      withRetained,
    });
  }

  #requireFree(cursor: Cursor): void {
    if (!this.#feeds.has(cursor)) return;
    throw new KernelError(
      'conflict',
      `Somebody takes from the durable subscription "${cursor.name}" already: one at a time (M10).`,
      { details: { field: 'durable' } },
    );
  }

  /** What is put in the place of another value may be as large as that. */
  #requireRoom(user: string, topic: string, bytes: number): void {
    const held = this.#topics.heldBy(user);
    const before = this.#topics.topic(user, topic)?.last.content.bytes;
    if (before === undefined && held.topics >= LIMITS.topicsPerUserMax) {
      throw full(user, `${held.topics} topics with a last value`);
    }
    const more = bytes - (before ?? 0);
    if (more <= 0 || held.bytes + more <= LIMITS.topicBytesPerUserMax) return;
    throw full(user, `last values of ${held.bytes} bytes, and this needs ${more} more`);
  }

  /** How many got it. */
  #tell(publication: Publication): number {
    const { user, topic, type } = publication;
    let subscribers = 0;
    this.#live.forEach(user, topic, (feed) => {
      if (feed.offer(publication)) subscribers += 1;
    });
    this.#topics.forEachCursor(user, topic, (cursor) => {
      if (!isTypeWanted(cursor.type, type)) return;
      subscribers += 1;
      const feed = this.#feeds.get(cursor);
      if (feed !== undefined) this.#stir(feed.source);
    });
    return subscribers;
  }

  #viewOf({ last, publications }: Topic, subscriber: ProcessRecord): TopicView {
    const { user, topic } = last;
    const live = this.#live.count(user, topic);
    return {
      user,
      topic,
      last: deliveryOfPublication(last, { subscriber, table: this.#table }),
      publications,
      subscribers: live + this.#topics.countCursors(user, topic),
    };
  }

  #viewOfCursor(cursor: Cursor): CursorView {
    const { user, name, owner, waiting, missed } = cursor;
    const pattern = cursor.pattern.text;
    return { user, name, pattern, owner, waiting, missed, isLive: this.#feeds.has(cursor) };
  }
}

function requireNoUrgency({ leastUrgent }: Wants): void {
  if (leastUrgent === 3) return;
  throw new KernelError('invalid_argument', 'Publications have no priority to choose by (M10).', {
    details: { field: 'min_priority' },
  });
}

function requireSize({ bytes }: Content): void {
  if (bytes <= LIMITS.messagePayloadBytesMax) return;
  throw new KernelError(
    'too_large',
    `The payload has ${bytes} bytes, at most ${LIMITS.messagePayloadBytesMax} are allowed (M8). ` +
      'Store it as an artifact and publish its key.',
    { details: { bytes } },
  );
}

function requireSame(cursor: Cursor, { pattern, type }: Opening): void {
  if (cursor.pattern.text === pattern.text && cursor.type === type) return;
  const ofType = cursor.type === '' ? '' : ` and type "${cursor.type}"`;
  throw new KernelError(
    'conflict',
    `The durable subscription "${cursor.name}" is of "${cursor.pattern.text}"${ofType}: ` +
      'forget it first, or take another name (M10).',
    { details: { field: 'durable' } },
  );
}

const tooManyCursors = (owner: Pid, count: number): KernelError =>
  new KernelError(
    'limit_exceeded',
    `Process ${owner} has ${count} durable subscriptions, the most that one may have (M10).`,
    { details: { pid: owner } },
  );

const full = (user: string, what: string): KernelError =>
  new KernelError(
    'limit_exceeded',
    `User "${user}" has ${what} (M10). Clear some, or publish it as transient.`,
    { details: { user } },
  );

const inOrder = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

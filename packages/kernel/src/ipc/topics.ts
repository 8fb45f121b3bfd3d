// Topics: who publishes what, and who gets it (M10).
//   A1. A topic is a user's: its processes share it by its name, and nobody else sees it but the
//       king, who lists all.
//   M10. A publication is durable, and its last value is kept for those who come later, unless it
//        is transient. It goes to whoever subscribes live, and waits for every cursor. Without
//        subscribers it succeeds all the same: it is told how many there were.
// Who may publish is asked by dispatch.

import { KernelError } from '../errors.ts';
import type { Content } from '../events/content.ts';
import type { Log } from '../events/log.ts';
import { asMessageId, type MessageId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { CursorFeed } from './cursor-feed.ts';
import type { Cursor } from './cursor.ts';
import { LiveFeed } from './live-feed.ts';
import { LiveSubscribers } from './live-subscribers.ts';
import { publicationOf, type Copy, type Publication } from './publication.ts';
import type { Looker } from './queues.ts';
import type { Manner } from './shelf-feed.ts';
import type { Feed } from './subscriptions.ts';
import { checkCursorName, checkPattern, checkTopic, matches } from './topic-name.ts';
import type { Topic, TopicTable } from './topic-table.ts';
import type { CursorView, TopicView } from './views.ts';
import { isWanted } from './wants.ts';

export interface TopicWish {
  readonly pattern: string;
  readonly durable: string;
  readonly withRetained: boolean;
}

export interface PublishOrder {
  readonly topic: string;
  readonly type: string;
  readonly content: Content;
  readonly isTransient: boolean;
}

/** A listing fits a frame. */
const LISTED_MAX = 1_000;

export class Topics {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #topics: TopicTable;
  readonly #stir: (source: object) => void;
  readonly #live = new LiveSubscribers();

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

  /** Throws `invalid_argument`, `conflict`, `limit_exceeded`. */
  open(by: ProcessRecord, wish: TopicWish, manner: Manner): Feed {
    checkPattern(wish.pattern);
    const show = (copy: Copy) =>
      publicationOf(copy, { reader: this.#table.find(by.pid), table: this.#table });
    const { isAcknowledged } = manner;
    if (wish.durable === '') return this.#openLive(by, wish, { ...manner, show });
    const cursor = this.#cursorOf(by, wish, manner);
    return new CursorFeed({ log: this.#log, cursor, isAcknowledged, show });
  }

  /** Throws `invalid_argument`, `too_large`, `limit_exceeded`. */
  publish(by: ProcessRecord, order: PublishOrder): { message: MessageId; subscribers: number } {
    const { topic, type, content, isTransient } = order;
    const { user } = by.spec;
    checkTopic(topic);
    checkContent(content);
    if (!isTransient) this.#requireRoom(user, order);
    const message = asMessageId(this.#log.nextSeq);
    const what = { message, user, topic, from: by.pid, fromName: by.spec.name, type, content };
    const transient = isTransient && { isTransient: true as const };
    const seq = this.#log.emit('topic.published', { ...what, ...transient });
    const { wallMs } = this.#log;
    return { message, subscribers: this.#tell(user, { ...what, seq, by: by.pid, wallMs }) };
  }

  /** Of the caller's user, of the king all; by user and name. */
  list(
    by: Looker,
    pattern: string,
  ): { topics: readonly TopicView[]; cursors: readonly CursorView[] } {
    const { caller } = by;
    const isKing = caller.parent === undefined;
    const users = isKing ? [...this.#topics.users()].sort() : [caller.spec.user];
    const isMeant = (text: string): boolean => pattern === '' || matches(pattern, text);
    const topics: TopicView[] = [];
    for (const user of users) {
      for (const topic of this.#topics.topicsOf(user)) {
        if (topics.length >= LISTED_MAX) break;
        if (!isMeant(topic.name)) continue;
        by.read(topic.last.seq, topic.last.by);
        topics.push(this.#viewOf(user, topic, caller));
      }
    }
    const all = [...this.#topics.cursors()].filter(
      (one) => users.includes(one.user) && isMeant(one.pattern),
    );
    for (const { changedSeq, changedBy } of all) by.read(changedSeq, changedBy);
    return { topics: topics.sort(byName), cursors: all.slice(0, LISTED_MAX).map(cursorView) };
  }

  clear(by: ProcessRecord, topic: string): void {
    const { user } = by.spec;
    if (this.#topics.find(user, topic) === undefined) {
      throw new KernelError('not_found', `User ${user} has no topic "${topic}" (M10).`, {
        details: { field: 'topic' },
      });
    }
    this.#log.emit('topic.cleared', { user, topic });
  }

  /** A subscription that takes from it gets nothing more. */
  forgetCursor(by: ProcessRecord, name: string): void {
    const cursor = this.#topics.cursor(by.pid, name);
    if (cursor === undefined) {
      throw new KernelError(
        'not_found',
        `Process ${by.pid} has no durable subscription "${name}" (M10).`,
        { details: { field: 'name' } },
      );
    }
    if (cursor.isLive) throw isTaken(cursor);
    this.#log.emit('cursor.closed', { owner: by.pid, name });
  }

  #openLive(
    by: ProcessRecord,
    { pattern, withRetained }: TopicWish,
    how: Manner & { show: (copy: Copy) => ReturnType<typeof publicationOf> },
  ): Feed {
    const { user } = by.spec;
    this.#live.requireRoom(user, pattern);
    const { wants, isAcknowledged, show } = how;
    const last = withRetained ? this.#topics.lastOf(user, pattern) : [];
    const retained = last.filter((one) => isWanted(wants, { ...one, priority: 0 }));
    const onClosed = (feed: LiveFeed): void => this.#live.delete({ user, pattern }, feed);
    const feed = new LiveFeed({ retained, isAcknowledged, show, onClosed });
    this.#live.add({ user, pattern, wants }, feed);
    return feed;
  }

  #cursorOf(by: ProcessRecord, wish: TopicWish, { wants: { type } }: Manner): Cursor {
    const { pattern, durable: name, withRetained } = wish;
    checkCursorName(name);
    const { pid: owner } = by;
    const known = this.#topics.cursor(owner, name);
    if (known === undefined) {
      if (this.#topics.cursorsOf(owner) >= LIMITS.cursorsPerProcessMax) throw tooManyCursors(by);
      const { user } = by.spec;
      this.#log.emit('cursor.opened', { owner, user, name, pattern, type, withRetained });
      return this.#topics.cursor(owner, name) as Cursor;
    }
    if (known.isLive) throw isTaken(known);
    if (known.pattern !== pattern || known.type !== type) throw isAnother(known);
    return known;
  }

  #tell(user: string, publication: Publication): number {
    let count = 0;
    for (const feed of this.#live.of(user, publication)) {
      feed.offer(publication);
      this.#stir(feed.source);
      count += 1;
    }
    for (const cursor of this.#topics.cursorsOn(user, publication.topic)) {
      if (!cursor.wants(publication)) continue;
      if (cursor.isLive) this.#stir(cursor);
      count += 1;
    }
    return count;
  }

  #viewOf(user: string, { name, last, publications }: Topic, reader: ProcessRecord): TopicView {
    const copy = { publication: last, isRetained: true, missed: 0 };
    const cursors = [...this.#topics.cursorsOn(user, name)].length;
    const subscribers = cursors + this.#live.count(user, name);
    const shown = publicationOf(copy, { reader, table: this.#table });
    return { user, topic: name, last: shown, publications, subscribers };
  }

  /** Of last values; one that takes the place of another needs none but for what it is larger. */
  #requireRoom(user: string, { topic, content }: PublishOrder): void {
    const known = this.#topics.find(user, topic);
    const { topics, bytes } = this.#topics.held(user);
    const after = bytes + content.bytes - (known?.last.content.bytes ?? 0);
    const isOver = known === undefined && topics >= LIMITS.topicsPerUserMax;
    const isTooMuch = after > LIMITS.topicBytesPerUserMax && after > bytes;
    if (!isOver && !isTooMuch) return;
    throw new KernelError(
      'limit_exceeded',
      `The last values of the topics of user ${user}, ${topics} topics of ${bytes} bytes, leave no ` +
        'room for this one (M10). Clear some, or publish it as transient.',
      { details: { topics, bytes } },
    );
  }
}

const cursorView = (cursor: Cursor): CursorView => ({
  user: cursor.user,
  name: cursor.name,
  pattern: cursor.pattern,
  owner: cursor.owner,
  waiting: cursor.waiting,
  missed: cursor.missed,
  isLive: cursor.isLive,
});

const byName = (a: TopicView, b: TopicView): number =>
  compare(a.user, b.user) || compare(a.topic, b.topic);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function checkContent(content: Content): void {
  if (content.bytes <= LIMITS.messagePayloadBytesMax) return;
  throw new KernelError(
    'too_large',
    `The payload has ${content.bytes} bytes, at most ${LIMITS.messagePayloadBytesMax} are allowed ` +
      '(M8). Store it as an artifact and publish its key.',
    { details: { bytes: content.bytes } },
  );
}

const isTaken = ({ name }: Cursor): KernelError =>
  new KernelError(
    'conflict',
    `The durable subscription "${name}" is open already: one at a time takes from it (M10).`,
    { details: { field: 'durable' } },
  );

const isAnother = ({ name, pattern, type }: Cursor): KernelError =>
  new KernelError(
    'conflict',
    `The durable subscription "${name}" is of "${pattern}"${type === '' ? '' : `, type ${type}`} ` +
      '(M10). Forget it first, or choose another name.',
    { details: { field: 'durable', pattern } },
  );

const tooManyCursors = ({ pid }: ProcessRecord): KernelError =>
  new KernelError(
    'limit_exceeded',
    `Process ${pid} has ${LIMITS.cursorsPerProcessMax} durable subscriptions, the most that one ` +
      'may have. Forget some of them.',
    { details: { pid } },
  );

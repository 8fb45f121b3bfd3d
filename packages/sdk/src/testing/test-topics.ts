// The topics of the test kernel: last values, live subscribers, and the cursors of durable ones.
// All processes are of one user.
//   M10. A live subscriber is behind by 256 at most and is told how many it missed; a cursor keeps
//   what is not confirmed, and one subscription at a time takes from it.
import type { agent as wire, link } from '@hivekernel/protocol';
import { HiveError } from '../hive-error.ts';
import type { CallValue } from '../kernel-port.ts';
import { isType } from './test-subscriptions.ts';
import type { By, TestFeed } from './test-subscriptions.ts';

interface Topic {
  last: wire.AgentMessage;
  publications: number;
}

interface Wish {
  readonly pattern: string;
  readonly type: string;
}

interface Live extends Wish {
  readonly source: object;
  readonly backlog: wire.AgentMessage[];
  missed: number;
}

interface Cursor extends Wish {
  readonly owner: number;
  readonly name: string;
  readonly pending: wire.AgentMessage[];
  isLive: boolean;
}

const BACKLOG_MAX = 256;

export class TestTopics {
  readonly #stir: (source: object) => void;
  readonly #byName = new Map<string, Topic>();
  readonly #live = new Set<Live>();
  #cursors: Cursor[] = [];

  constructor(stir: (source: object) => void) {
    this.#stir = stir;
  }

  /** How many it is for. */
  publish(message: wire.AgentMessage, { isTransient }: { readonly isTransient: boolean }): number {
    const { topic } = message;
    checkPattern(topic);
    if (topic.includes('*')) throw noTopic('"*" stands in patterns only');
    const publications = (this.#byName.get(topic)?.publications ?? 0) + 1;
    if (!isTransient) this.#byName.set(topic, { last: message, publications });
    const live = [...this.#live].filter((one) => isWanted(one, message));
    for (const one of live) {
      one.backlog.push(message);
      if (one.backlog.length > BACKLOG_MAX) one.missed += one.backlog.splice(0, 1).length;
      this.#stir(one.source);
    }
    const cursors = this.#cursors.filter((one) => isWanted(one, message));
    for (const cursor of cursors) {
      cursor.pending.push(message);
      this.#stir(cursor);
    }
    return live.length + cursors.length;
  }

  open(request: CallValue<'subscribe'>, by: By): TestFeed {
    checkPattern(request.topic);
    return request.durable === '' ? this.#openLive(request) : this.#openCursor(request, by);
  }

  list({ pattern }: CallValue<'listTopics'>): link.ListTopicsReply {
    const isMeant = (text: string): boolean => pattern === '' || matches(pattern, text);
    const subscribers = (topic: string): number =>
      [...this.#live, ...this.#cursors].filter((one) => matches(one.pattern, topic)).length;
    const topics = [...this.#byName]
      .filter(([topic]) => isMeant(topic))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([topic, { last, publications }]) => {
        const kept = { ...last, retained: true };
        return { user: 'root', topic, last: kept, publications, subscribers: subscribers(topic) };
      });
    const cursors = this.#cursors.filter((one) => isMeant(one.pattern)).map(infoOf);
    return { topics, cursors, topicsTotal: topics.length, cursorsTotal: cursors.length };
  }

  clear({ topic }: CallValue<'clearTopic'>): void {
    if (this.#byName.delete(topic)) return;
    throw new HiveError('not_found', `There is no topic "${topic}".`);
  }

  forget({ name }: CallValue<'forgetCursor'>, { pid }: By): void {
    const cursor = this.#cursorOf(pid, name);
    if (cursor === undefined) {
      throw new HiveError('not_found', `You have no durable subscription "${name}".`);
    }
    if (cursor.isLive) throw isTaken(name);
    this.#cursors = this.#cursors.filter((one) => one !== cursor);
  }

  #openLive(request: CallValue<'subscribe'>): TestFeed {
    const retained = this.#retained(request);
    const wish = { pattern: request.topic, type: request.typeFilter };
    const live: Live = { ...wish, source: {}, backlog: [], missed: 0 };
    this.#live.add(live);
    return {
      source: live.source,
      next: () => {
        // One that a newer one has replaced is not told: that one is behind it.
        for (let first = retained.shift(); first !== undefined; first = retained.shift()) {
          const { topic, messageId } = first;
          if (this.#byName.get(topic)?.last.messageId === messageId) return first;
        }
        const message = live.backlog.shift();
        if (message === undefined) return undefined;
        const { missed } = live;
        live.missed = 0;
        return { ...message, missed };
      },
      settle: () => false,
      close: () => void this.#live.delete(live),
    };
  }

  #openCursor(request: CallValue<'subscribe'>, { pid }: By): TestFeed {
    const { durable: name, topic: pattern, typeFilter: type } = request;
    const known = this.#cursorOf(pid, name);
    if (known?.isLive) throw isTaken(name);
    if (known !== undefined && (known.pattern !== pattern || known.type !== type)) {
      throw new HiveError('conflict', `The durable subscription "${name}" is of another topic.`);
    }
    const isLive = true;
    const pending = this.#retained(request);
    const cursor = known ?? { owner: pid, name, pattern, type, pending, isLive };
    if (known === undefined) this.#cursors.push(cursor);
    cursor.isLive = true;
    const held = new Set<string>();
    return {
      source: cursor,
      next: () => {
        const message = cursor.pending.find(({ messageId }) => !held.has(messageId));
        if (message !== undefined) held.add(message.messageId);
        return message;
      },
      settle: ({ messageId }) => {
        if (!held.delete(messageId)) return false;
        const at = cursor.pending.findIndex((one) => one.messageId === messageId);
        cursor.pending.splice(at, 1);
        return true;
      },
      close: () => (cursor.isLive = false),
    };
  }

  #retained({ topic, typeFilter, skipRetained }: CallValue<'subscribe'>): wire.AgentMessage[] {
    if (skipRetained) return [];
    const wish = { pattern: topic, type: typeFilter };
    const last = [...this.#byName.values()].map((one) => ({ ...one.last, retained: true }));
    return last.filter((message) => isWanted(wish, message)).sort(inOrder);
  }

  #cursorOf(pid: number, name: string): Cursor | undefined {
    return this.#cursors.find((one) => one.owner === pid && one.name === name);
  }
}

const isWanted = ({ pattern, type }: Wish, message: wire.AgentMessage): boolean =>
  matches(pattern, message.topic) && isType(type, message.type);

/** Of publication. */
const inOrder = (a: wire.AgentMessage, b: wire.AgentMessage): number =>
  Number(a.messageId.slice(1)) - Number(b.messageId.slice(1));

/** `*` is any run of characters. */
function matches(pattern: string, topic: string): boolean {
  const parts = pattern.split('*').map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(topic);
}

function checkPattern(pattern: string): void {
  if (pattern === '') throw noTopic('it is empty');
}

const infoOf = ({ owner, name, pattern, pending, isLive }: Cursor): link.CursorInfo => {
  const place = { user: 'root', name, pattern, ownerPid: owner };
  return { ...place, waiting: pending.length, missed: 0, live: isLive };
};

const noTopic = (why: string): HiveError =>
  new HiveError('invalid_argument', `This is no topic: ${why}.`);

const isTaken = (name: string): HiveError =>
  new HiveError('conflict', `The durable subscription "${name}" is open already.`);

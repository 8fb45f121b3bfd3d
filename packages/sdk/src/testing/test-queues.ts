// The named queues of the test kernel. All processes are of one user.
//   M4. More urgent ones first, then in their order; nothing ages here.
//   M6. A message whose consumer was lost comes again, in its old place; after five tries it is a
//       dead letter. A consumer may take as long as it likes.
import type { agent as wire, link } from '@hivekernel/protocol';
import { HiveError } from '../hive-error.ts';
import type { CallValue } from '../kernel-port.ts';
import { ACKS, wordOf } from '../words.ts';
import { isType } from './test-subscriptions.ts';
import type { By, TestFeed, Word } from './test-subscriptions.ts';

/** What it asks of the rest. */
export interface QueueWorld {
  /** Something waits. */
  stir(source: object): void;
  /** Of the end of a message, where that is told. */
  report(message: wire.AgentMessage, status: string): void;
  reply(message: wire.AgentMessage, from: number, text: string): void;
}

interface Entry {
  readonly message: wire.AgentMessage;
  readonly atMs: number;
  tries: number;
  holder: TestFeed | undefined;
}

interface TestQueue {
  readonly name: string;
  /** In the order in which they are handed out. */
  readonly entries: Entry[];
  readonly dead: wire.AgentMessage[];
  consumers: number;
}

const TRIES_MAX = 5;
const DEAD_PREFIX = 'dead:';
const LEAST_URGENT = 3;

export class TestQueues {
  readonly #world: QueueWorld;
  readonly #byName = new Map<string, TestQueue>();

  constructor(world: QueueWorld) {
    this.#world = world;
  }

  put(name: string, message: wire.AgentMessage): void {
    const queue = this.#attend(name);
    const { entries } = queue;
    const before = entries.findLastIndex((one) => one.message.priority <= message.priority);
    const entry = { message, atMs: Date.now(), tries: 0, holder: undefined };
    entries.splice(before + 1, 0, entry);
    this.#world.stir(queue);
  }

  open(request: CallValue<'subscribe'>, { pid }: By): TestFeed {
    const queue = this.#attend(request.queue);
    const least = request.minPriority === 0 ? LEAST_URGENT : request.minPriority;
    const isWanted = ({ message, holder }: Entry): boolean =>
      holder === undefined && message.priority <= least && isType(request.typeFilter, message.type);
    queue.consumers += 1;
    const feed: TestFeed = {
      source: queue,
      next: () => {
        const entry = queue.entries.find(isWanted);
        if (entry === undefined) return undefined;
        const message = { ...entry.message, tries: entry.tries };
        // Who says no words is done with what it is handed.
        if (request.withAck) entry.holder = feed;
        else remove(queue, entry);
        return message;
      },
      settle: (word) => this.#settle({ queue, feed, pid }, word),
      close: (isLost) => {
        queue.consumers -= 1;
        for (const entry of queue.entries.filter(({ holder }) => holder === feed)) {
          entry.holder = undefined;
          if (isLost) this.#fail(queue, entry);
        }
      },
    };
    return feed;
  }

  look(name: string): {
    readonly waiting: wire.AgentMessage[];
    readonly dead: wire.AgentMessage[];
  } {
    const { entries, dead } = this.#attend(name);
    const waiting = entries.filter(({ holder }) => holder === undefined);
    return { waiting: waiting.map(({ message, tries }) => ({ ...message, tries })), dead };
  }

  list({ prefix }: CallValue<'listQueues'>): link.QueueInfo[] {
    const isThere = ({ entries, dead, consumers }: TestQueue): boolean =>
      entries.length + dead.length + consumers > 0;
    return [...this.#byName.values()]
      .filter((queue) => isThere(queue) && queue.name.startsWith(prefix))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(infoOf);
  }

  #attend(name: string): TestQueue {
    if (name === '' || name.startsWith(DEAD_PREFIX)) {
      throw new HiveError('invalid_argument', `"${name}" is no name for a queue.`);
    }
    const queue = this.#byName.get(name) ?? { name, entries: [], dead: [], consumers: 0 };
    this.#byName.set(name, queue);
    return queue;
  }

  #settle(
    { queue, feed, pid }: { queue: TestQueue; feed: TestFeed; pid: number },
    { messageId, status, reply }: Word,
  ): boolean {
    const isIt = (one: Entry): boolean =>
      one.holder === feed && one.message.messageId === messageId;
    const entry = queue.entries.find(isIt);
    if (entry === undefined) return false;
    const { message } = entry;
    const word = wordOf(ACKS, status);
    remove(queue, entry);
    if (word === 'rejected' && message.requiresAck) queue.dead.push({ ...message, whyDead: word });
    if (word === 'rejected' || message.requiresAck) this.#world.report(message, word);
    if (reply !== '') this.#world.reply(message, pid, reply);
    return true;
  }

  #fail(queue: TestQueue, entry: Entry): void {
    entry.tries += 1;
    if (entry.tries < TRIES_MAX) return;
    remove(queue, entry);
    const whyDead = 'undeliverable';
    queue.dead.push({ ...entry.message, tries: entry.tries, whyDead });
    if (entry.message.requiresAck) this.#world.report(entry.message, whyDead);
  }
}

function remove({ entries }: TestQueue, entry: Entry): void {
  entries.splice(entries.indexOf(entry), 1);
}

function infoOf({ name, entries, dead, consumers }: TestQueue): link.QueueInfo {
  const waiting = entries.filter(({ holder }) => holder === undefined);
  return {
    user: 'root',
    name,
    waiting: waiting.length,
    bytes: entries.reduce((sum, { message }) => sum + message.payload.length, 0),
    inHand: entries.length - waiting.length,
    consumers,
    deadLetters: dead.length,
    oldestMs: waiting.length === 0 ? 0 : Math.min(...waiting.map(({ atMs }) => atMs)),
  };
}

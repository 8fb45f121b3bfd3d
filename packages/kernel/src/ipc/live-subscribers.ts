// Who subscribes to topics just now, found by topic: names by themselves, patterns one by one.
// Volatile; what each has waiting is its feed's.

import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { LiveFeed } from './live-feed.ts';
import type { Publication } from './publication.ts';
import { isPattern, matches } from './topic-name.ts';
import { isWanted, type Wants } from './wants.ts';

interface Place {
  readonly user: string;
  readonly pattern: string;
}

interface OfUser {
  /** By pattern; one without `*` is the name of a topic. */
  readonly exact: Map<string, Map<LiveFeed, Wants>>;
  readonly patterns: Map<string, Map<LiveFeed, Wants>>;
}

export class LiveSubscribers {
  readonly #byUser = new Map<string, OfUser>();

  /** Each publication is held against every pattern. Throws `limit_exceeded`. */
  requireRoom(user: string, pattern: string): void {
    const patterns = this.#byUser.get(user)?.patterns;
    if (!isPattern(pattern) || patterns === undefined || patterns.has(pattern)) return;
    if (patterns.size < LIMITS.topicPatternsPerUserMax) return;
    throw new KernelError(
      'limit_exceeded',
      `User ${user} subscribes by ${patterns.size} different patterns, the most that there may be ` +
        '(M10). End some of them, or name the topics.',
      { details: { field: 'topic' } },
    );
  }

  add({ user, pattern, wants }: Place & { wants: Wants }, feed: LiveFeed): void {
    const own = this.#byUser.get(user) ?? { exact: new Map(), patterns: new Map() };
    this.#byUser.set(user, own);
    const index = isPattern(pattern) ? own.patterns : own.exact;
    index.set(pattern, (index.get(pattern) ?? new Map<LiveFeed, Wants>()).set(feed, wants));
  }

  delete({ user, pattern }: Place, feed: LiveFeed): void {
    const own = this.#byUser.get(user);
    if (own === undefined) return;
    const index = isPattern(pattern) ? own.patterns : own.exact;
    const feeds = index.get(pattern);
    feeds?.delete(feed);
    if (feeds?.size === 0) index.delete(pattern);
    if (own.exact.size + own.patterns.size === 0) this.#byUser.delete(user);
  }

  *of(user: string, publication: Publication): Generator<LiveFeed> {
    const { topic, type } = publication;
    for (const feeds of this.#on(user, topic)) {
      for (const [feed, wants] of feeds) if (isWanted(wants, { type, priority: 0 })) yield feed;
    }
  }

  count(user: string, topic: string): number {
    let count = 0;
    for (const feeds of this.#on(user, topic)) count += feeds.size;
    return count;
  }

  *#on(user: string, topic: string): Generator<Map<LiveFeed, Wants>> {
    const own = this.#byUser.get(user);
    const exact = own?.exact.get(topic);
    if (exact !== undefined) yield exact;
    for (const [pattern, feeds] of own?.patterns ?? []) if (matches(pattern, topic)) yield feeds;
  }
}

// Who is interested in which topics, by user: exact names in a map, patterns beside them, each text
// once. What a publication costs is the patterns of its user, and who gets it.

import type { TopicPattern } from './topic-pattern.ts';

interface Interest<T> {
  readonly pattern: TopicPattern;
  readonly items: Set<T>;
}

interface OfUser<T> {
  readonly names: Map<string, Interest<T>>;
  readonly patterns: Map<string, Interest<T>>;
}

export class TopicIndex<T> {
  readonly #byUser = new Map<string, OfUser<T>>();

  add(user: string, pattern: TopicPattern, item: T): void {
    let own = this.#byUser.get(user);
    if (own === undefined) {
      own = { names: new Map(), patterns: new Map() };
      this.#byUser.set(user, own);
    }
    const interests = pattern.isName ? own.names : own.patterns;
    const interest = interests.get(pattern.text);
    if (interest === undefined) interests.set(pattern.text, { pattern, items: new Set([item]) });
    else interest.items.add(item);
  }

  delete(user: string, pattern: TopicPattern, item: T): void {
    const own = this.#byUser.get(user);
    const interests = pattern.isName ? own?.names : own?.patterns;
    const interest = interests?.get(pattern.text);
    if (own === undefined || interest === undefined) return;
    interest.items.delete(item);
    if (interest.items.size > 0) return;
    interests?.delete(pattern.text);
    if (own.names.size + own.patterns.size === 0) this.#byUser.delete(user);
  }

  forEach(user: string, topic: string, tell: (item: T) => void): void {
    const own = this.#byUser.get(user);
    if (own === undefined) return;
    own.names.get(topic)?.items.forEach(tell);
    for (const { pattern, items } of own.patterns.values()) {
      if (pattern.matches(topic)) items.forEach(tell);
    }
  }

  count(user: string, topic: string): number {
    const own = this.#byUser.get(user);
    if (own === undefined) return 0;
    let count = own.names.get(topic)?.items.size ?? 0;
    for (const { pattern, items } of own.patterns.values()) {
      if (pattern.matches(topic)) count += items.size;
    }
    return count;
  }
}

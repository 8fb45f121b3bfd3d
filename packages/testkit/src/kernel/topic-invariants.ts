// What holds of topics and cursors in every state of the kernel (M10), recomputed from scratch.
// Each finding is a sentence, as in kernel-invariants.ts.

import { LIMITS, type Kernel } from '@hivekernel/kernel';

type State = Kernel['state'];
type Cursor = NonNullable<ReturnType<State['topics']['cursor']>>;

export function brokenTopics(state: State): string[] {
  const { topics } = state;
  const found: string[] = [];
  for (const user of topics.users) {
    const lasts = [...topics.topicsOf(user)].map(({ last }) => last);
    const bytes = lasts.reduce((sum, { content }) => sum + content.bytes, 0);
    const held = topics.heldBy(user);
    if (held.topics !== lasts.length) found.push(`topics of ${user} are counted wrong (M10)`);
    if (held.bytes !== bytes) found.push(`bytes of the topics of ${user} are counted wrong (M10)`);
    if (lasts.length === 0) found.push(`user ${user} is kept without a topic`);
    for (const last of lasts) {
      if (topics.topic(user, last.topic)?.last !== last || last.user !== user) {
        found.push(`topic "${last.topic}" of ${user} has a last value that is not its own`);
      }
    }
  }
  for (const cursor of topics.cursors()) found.push(...brokenCursor(state, cursor));
  return found;
}

function brokenCursor(state: State, cursor: Cursor): string[] {
  const found: string[] = [];
  const { owner, name, user, pattern } = cursor;
  const say = (what: string): number => found.push(`cursor "${name}" of ${owner} ${what} (M10)`);
  const pending = [...cursor.pending()];
  const record = state.table.find(owner);
  if (record === undefined || record.isGone) say('has no living owner');
  if (state.topics.cursor(owner, name) !== cursor) say('is not found by its name');
  if (cursor.waiting !== pending.length) say('counts wrong what waits');
  if (pending.length > LIMITS.cursorPendingMax) say('holds more than it may');
  const head = Math.min(pending.length, LIMITS.subscriberUnconfirmedMax);
  const isFull = (head === 0 || cursor.at(head - 1) !== undefined) && cursor.at(head) === undefined;
  if (!isFull) say('has a head that is not full, or too long');
  const behind = pending.slice(head).reduce((sum, { content }) => sum + content.bytes, 0);
  if (behind > LIMITS.cursorPendingBytesMax) say('holds more bytes than it may');
  const isInOrder = pending.every((one, i) => one.message > (pending[i - 1]?.message ?? 0));
  if (!isInOrder) say('is out of order');
  for (const one of pending) {
    if (one.user !== user || !pattern.matches(one.topic)) say(`holds ${one.message}, of others`);
  }
  return found;
}

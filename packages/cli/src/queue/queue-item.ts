// How named queues are listed, and what lies in one: what waits, in the order of delivery, and
// behind it its dead letters, which say why they are dead.

import type { Inbox, QueueView } from '@hivekernel/client';
import { MESSAGE_COLUMNS, messageItem } from '../mail/message-item.ts';
import type { MessageItem } from '../mail/message-item.ts';
import { isoTime, showAge, showBytes, showCount } from '../output/human.ts';
import type { Column, Listing } from '../output/listing.ts';
import { safeLine } from '../output/plain-text.ts';

export type QueueItem = {
  readonly user: string;
  readonly name: string;
  readonly waiting: number;
  readonly bytes: number;
  readonly inHand: number;
  readonly consumers: number;
  readonly deadLetters: number;
  /** Since when the one waits that waits longest. */
  readonly oldestAt: string | null;
};

const queueItem = ({ oldestMs, ...view }: QueueView): QueueItem => ({
  user: view.user,
  name: view.name,
  waiting: view.waiting,
  bytes: view.bytes,
  inHand: view.inHand,
  consumers: view.consumers,
  deadLetters: view.deadLetters,
  oldestAt: oldestMs === 0 ? null : isoTime(oldestMs),
});

const count = (key: keyof QueueItem, head: string): Column<QueueItem> => ({
  key,
  head,
  isRight: true,
  show: (item) => showCount(Number(item[key])),
});

const QUEUE_COLUMNS: readonly Column<QueueItem>[] = [
  { key: 'name', head: 'NAME', show: ({ name }) => safeLine(name) },
  { key: 'user', head: 'USER', show: ({ user }) => safeLine(user) },
  count('waiting', 'WAITING'),
  count('inHand', 'IN-HAND'),
  count('consumers', 'CONSUMERS'),
  count('deadLetters', 'DEAD'),
  { key: 'bytes', head: 'BYTES', isRight: true, show: ({ bytes }) => showBytes(bytes) },
  {
    key: 'oldestAt',
    head: 'OLDEST',
    isRight: true,
    show: ({ oldestAt }) => (oldestAt === null ? '-' : showAge(Date.now() - Date.parse(oldestAt))),
  },
];

export const queueListing = (queues: readonly QueueView[], empty: string): Listing<QueueItem> => ({
  kind: 'QueueList',
  items: queues.map(queueItem),
  columns: QUEUE_COLUMNS,
  nameOf: ({ name }) => name,
  keyOf: ({ user, name }) => `${user} ${name}`,
  empty,
});

export type QueuedItem = MessageItem & {
  /** Why it is a dead letter; null: it waits. */
  readonly why: string | null;
};

const QUEUED_COLUMNS: readonly Column<QueuedItem>[] = [
  ...(MESSAGE_COLUMNS as readonly Column<QueuedItem>[]).slice(0, 1),
  { key: 'why', head: 'STATE', show: ({ why }) => (why === null ? 'waits' : `dead: ${why}`) },
  ...(MESSAGE_COLUMNS as readonly Column<QueuedItem>[]).slice(1),
];

export function queuedListing(
  { messages, dead }: Pick<Inbox, 'messages' | 'dead'>,
  empty: string,
): Listing<QueuedItem> {
  const waiting = messages.map((message) => ({ ...messageItem(message), why: null }));
  const letters = dead.map((letter) => ({ ...messageItem(letter), why: letter.why }));
  return {
    kind: 'QueuedMessageList',
    items: [...waiting, ...letters],
    columns: QUEUED_COLUMNS,
    nameOf: ({ id }) => id,
    empty,
  };
}

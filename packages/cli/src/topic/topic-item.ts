// How topics, cursors and publications are shown. A topic is its last value: a preview for people,
// all of its text for programs, unless it is large, which a listing leaves out.

import type { CursorView, Publication, TopicView } from '@hivekernel/client';
import { messageItem, messageLine } from '../mail/message-item.ts';
import type { MessageItem } from '../mail/message-item.ts';
import { showAge, showCount } from '../output/human.ts';
import type { Column, Listing } from '../output/listing.ts';
import { padEnd, safeLine } from '../output/plain-text.ts';
import type { Paint } from '../output/terminal.ts';

export type TopicItem = {
  readonly user: string;
  readonly topic: string;
  readonly publications: number;
  readonly subscribers: number;
  /** Of the last value; null: none is kept. */
  readonly lastId: string | null;
  readonly lastAt: string | null;
  readonly lastType: string | null;
  readonly lastFromPid: number | null;
  readonly lastText: string | null;
};

function topicItem({ user, topic, publications, subscribers, last }: TopicView): TopicItem {
  const value = last === undefined ? undefined : messageItem(last);
  return {
    user,
    topic,
    publications,
    subscribers,
    lastId: value?.id ?? null,
    lastAt: value?.sentAt ?? null,
    lastType: value?.type ?? null,
    lastFromPid: value?.fromPid ?? null,
    lastText: value?.text ?? null,
  };
}

const TOPIC_COLUMNS: readonly Column<TopicItem>[] = [
  { key: 'topic', head: 'TOPIC', show: ({ topic }) => safeLine(topic) },
  { key: 'user', head: 'USER', show: ({ user }) => safeLine(user) },
  {
    key: 'publications',
    head: 'PUBLISHED',
    isRight: true,
    show: ({ publications }) => showCount(publications),
  },
  {
    key: 'subscribers',
    head: 'SUBSCRIBERS',
    isRight: true,
    show: ({ subscribers }) => showCount(subscribers),
  },
  {
    key: 'lastAt',
    head: 'AGE',
    isRight: true,
    show: ({ lastAt }) => (lastAt === null ? '-' : showAge(Date.now() - Date.parse(lastAt))),
  },
  { key: 'lastId', head: 'ID', isWide: true, show: ({ lastId }) => lastId ?? '-' },
  { key: 'lastType', head: 'TYPE', show: ({ lastType }) => safeLine(lastType ?? '-') },
  { key: 'lastText', head: 'LAST', cut: 'end', show: ({ lastText }) => safeLine(lastText ?? '-') },
];

export const topicListing = (topics: readonly TopicView[], empty: string): Listing<TopicItem> => ({
  kind: 'TopicList',
  items: topics.map(topicItem),
  columns: TOPIC_COLUMNS,
  nameOf: ({ topic }) => topic,
  keyOf: ({ user, topic }) => `${user} ${topic}`,
  empty,
});

export type CursorItem = {
  readonly user: string;
  readonly name: string;
  readonly pattern: string;
  readonly ownerPid: number;
  readonly waiting: number;
  readonly missed: number;
  readonly live: boolean;
};

const CURSOR_COLUMNS: readonly Column<CursorItem>[] = [
  { key: 'name', head: 'CURSOR', show: ({ name }) => safeLine(name) },
  { key: 'user', head: 'USER', show: ({ user }) => safeLine(user) },
  { key: 'pattern', head: 'PATTERN', show: ({ pattern }) => safeLine(pattern) },
  { key: 'ownerPid', head: 'OWNER', isRight: true, show: ({ ownerPid }) => `${ownerPid}` },
  { key: 'waiting', head: 'WAITING', isRight: true, show: ({ waiting }) => showCount(waiting) },
  { key: 'missed', head: 'MISSED', isRight: true, show: ({ missed }) => showCount(missed) },
  { key: 'live', head: 'READ', show: ({ live }) => (live ? 'now' : '-') },
];

export const cursorListing = (cursors: readonly CursorView[]): Listing<CursorItem> => ({
  kind: 'CursorList',
  items: cursors.map(({ isLive: live, ...cursor }) => ({ ...cursor, live })),
  columns: CURSOR_COLUMNS,
  nameOf: ({ name }) => name,
  keyOf: ({ user, ownerPid, name }) => `${user} ${ownerPid} ${name}`,
  empty: 'There is no cursor.',
});

export type PublicationItem = MessageItem & {
  readonly topic: string;
  readonly retained: boolean;
  readonly missed: number;
};

export const publicationItem = (one: Publication): PublicationItem => ({
  ...messageItem(one),
  topic: one.topic,
  retained: one.isRetained,
  missed: one.missed,
});

const TOPIC_WIDTH = 20;

/** `14:02:07  weather/berlin        reading       probe(7)  12 C`. */
export function publicationLine(item: PublicationItem, paint: Paint): string {
  const kept = item.retained ? ' (kept)' : '';
  return messageLine(item, paint, padEnd(`${safeLine(item.topic)}${kept}`, TOPIC_WIDTH));
}

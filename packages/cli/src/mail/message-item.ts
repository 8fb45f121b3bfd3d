// How messages are listed: one row a message, the same for what waits and for dead letters, which
// say beside it whose they are and why. A payload is told as text, and as base64 where it is none.

import { isUtf8 } from 'node:buffer';
import type { InboxMessage } from '@hivekernel/client';
import { isoTime, showAge, showClock } from '../output/human.ts';
import type { Column } from '../output/listing.ts';
import { padEnd, safeLine } from '../output/plain-text.ts';
import type { Paint } from '../output/terminal.ts';
import type { FoundLetter } from './find-message.ts';

export type MessageItem = {
  readonly id: string;
  readonly type: string;
  readonly fromPid: number;
  readonly fromName: string;
  readonly fromAddress: string | null;
  readonly relation: string;
  readonly priority: string;
  readonly sentAt: string;
  readonly deadline: string | null;
  readonly requiresAck: boolean;
  readonly replyTo: string | null;
  readonly queue: string | null;
  readonly tries: number;
  readonly text: string;
  /** Null where `text` is all of it. */
  readonly payloadBase64: string | null;
};

export type LetterItem = MessageItem & {
  readonly pid: number;
  readonly address: string;
  readonly why: string;
};

export function messageItem(message: InboxMessage): MessageItem {
  return {
    id: message.id,
    type: message.type,
    fromPid: message.fromPid,
    fromName: message.fromName,
    fromAddress: message.fromAddress === '' ? null : message.fromAddress,
    relation: message.relation,
    priority: message.priority,
    sentAt: isoTime(message.sentAtMs),
    deadline: message.deadlineMs === 0 ? null : isoTime(message.deadlineMs),
    requiresAck: message.requiresAck,
    replyTo: message.replyTo === '' ? null : message.replyTo,
    queue: message.queue === '' ? null : message.queue,
    tries: message.tries,
    text: Buffer.from(message.payload).toString('utf8'),
    payloadBase64: isUtf8(message.payload) ? null : base64(message.payload),
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const letterItem = ({ pid, address, letter }: FoundLetter): LetterItem => ({
  ...messageItem(letter),
  pid,
  address,
  why: letter.why,
});

const ID_WIDTH = 6;
const TYPE_WIDTH = 12;

/** `14:02:07  m12     task          lead(7)  text`; `place` is where it came by, after the time. */
export function messageLine(item: MessageItem, paint: Paint, place?: string): string {
  const cells = [
    paint.dim(showClock(Date.parse(item.sentAt))),
    place ?? padEnd(item.id, ID_WIDTH),
    padEnd(safeLine(item.type), TYPE_WIDTH),
    `${safeLine(item.fromName)}(${item.fromPid})`,
    item.payloadBase64 === null ? safeLine(item.text) : '(no text)',
  ];
  return cells.join('  ');
}

/** In CSV. */
export const MESSAGE_KEYS = [
  'id',
  'sentAt',
  'type',
  'fromPid',
  'fromName',
  'priority',
  'replyTo',
  'tries',
  'text',
  'payloadBase64',
] as const;

const columns = <Item extends MessageItem>(): readonly Column<Item>[] => [
  { key: 'id', head: 'ID', show: ({ id }) => id },
  { key: 'type', head: 'TYPE', show: ({ type }) => safeLine(type) },
  { key: 'fromName', head: 'FROM', show: (m) => `${safeLine(m.fromName)}(${m.fromPid})` },
  { key: 'priority', head: 'PRIORITY', show: ({ priority }) => priority },
  {
    key: 'sentAt',
    head: 'AGE',
    isRight: true,
    show: ({ sentAt }) => showAge(Date.now() - Date.parse(sentAt)),
  },
  { key: 'relation', head: 'RELATION', isWide: true, show: ({ relation }) => relation },
  { key: 'replyTo', head: 'REPLY-TO', isWide: true, show: ({ replyTo }) => replyTo ?? '-' },
  { key: 'tries', head: 'TRIES', isWide: true, isRight: true, show: ({ tries }) => `${tries}` },
  { key: 'text', head: 'TEXT', cut: 'end', show: ({ text }) => safeLine(text) },
];

export const MESSAGE_COLUMNS = columns<MessageItem>();

export const LETTER_COLUMNS: readonly Column<LetterItem>[] = [
  { key: 'address', head: 'TO', show: ({ address }) => safeLine(address) },
  { key: 'why', head: 'WHY', show: ({ why }) => why },
  ...columns<LetterItem>(),
];

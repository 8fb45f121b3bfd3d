// How mail is told on the wire: all kinds of messages, letters, queues, topics and cursors.
//   What is sent is `message_sent`, what was handled `message_delivered`, wherever it waited; of a
//   named queue, nobody is the receiver of what is sent, and its name stands where the receiver's
//   does.

import type { Content, EventKind, EventOf } from '@hivekernel/kernel';
import { bytesOf } from './content-bytes.ts';
import type { Reader } from './content-bytes.ts';
import { previewOfBytes, traceOf } from './previews.ts';
import type { Trace } from './previews.ts';
import type { EventSource, Teller, Told } from './teller.ts';
import { messageIdText } from './wire-ids.ts';

type MailFamily = 'message' | 'letter' | 'queue' | 'topic' | 'cursor';
type MailKind = Extract<EventKind, `${MailFamily}.${string}`>;

export const MAIL_TELLERS: { readonly [K in MailKind]: Teller<K> } = {
  'message.sent': ({ body }, source) =>
    tellSent(body, source, { ppid: body.to, role: body.toName, fields: sentFields(body) }),
  'message.acked': ({ body }) => tellHandled(body, {}),
  'message.dropped': ({ body }) => ({
    ppid: body.from,
    messageId: messageIdText(body.message),
    fields: { why: body.why, dead_letter: `${body.toDeadLetters}` },
  }),
  'message.delayed': ({ body }) => ({
    ppid: body.from,
    message: body.why,
    messageId: messageIdText(body.head),
    fields: { tries: `${body.tries}`, priority: `${body.priority}` },
  }),
  'letter.removed': ({ body }) => ({
    messageId: messageIdText(body.message),
    fields: { why: body.why },
  }),
  'queue.sent': ({ body }, source) =>
    tellSent(body, source, { ppid: 0, role: body.queue, fields: queuedFields(body) }),
  'queue.acked': ({ body }) => tellHandled(body, placeOf(body)),
  'queue.dropped': ({ body }) => ({
    ppid: body.from,
    messageId: messageIdText(body.message),
    fields: { ...placeOf(body), why: body.why, dead_letter: `${body.toDeadLetters}` },
  }),
  'queue.returned': ({ body }) => ({
    ppid: body.from,
    message: body.why,
    messageId: messageIdText(body.message),
    fields: { ...placeOf(body), tries: `${body.tries}` },
  }),
  'queue.letter_removed': ({ body, by }) => ({
    pid: by,
    messageId: messageIdText(body.message),
    fields: { ...placeOf(body), why: body.why },
  }),
  'topic.published': ({ body }, { host }) => {
    const { topic, user, from, fromName, type, isTransient } = body;
    const tell = (glimpse: Glimpse): Told => ({
      ...glimpse,
      pid: from,
      name: fromName,
      message: type,
      messageId: messageIdText(body.message),
      fields: { topic, user, transient: `${isTransient}` },
    });
    const glimpse = glimpseOf(body.content, host);
    return glimpse instanceof Promise ? glimpse.then(tell) : tell(glimpse);
  },
  'topic.cleared': ({ body }) => ({ fields: { ...body } }),
  'cursor.opened': ({ body: { owner, user, name, pattern, type, withRetained } }) => ({
    pid: owner,
    fields: {
      cursor: name,
      user,
      pattern,
      ...(type !== '' && { type }),
      with_retained: `${withRetained}`,
    },
  }),
  'cursor.moved': ({ body: { owner, name, messages } }) => ({
    pid: owner,
    fields: { cursor: name, confirmed: `${messages.length}` },
  }),
  'cursor.closed': ({ body: { owner, user, name } }) => ({
    pid: owner,
    fields: { cursor: name, user },
  }),
};

type Fields = Record<string, string>;
type Sent = EventOf<'message.sent' | 'queue.sent'>['body'];

function tellSent(
  body: Sent,
  { host }: EventSource,
  place: { ppid: number; role: string; fields: Fields },
): Told | Promise<Told> {
  const tell = ({ payloadPreview, traceId, traceSpan }: Glimpse): Told => ({
    type: 'message_sent',
    pid: body.from,
    name: body.fromName,
    message: body.type,
    replyTo: body.replyTo,
    payloadPreview,
    traceId,
    traceSpan,
    messageId: messageIdText(body.message),
    ...place,
  });
  const glimpse = glimpseOf(body.content, host);
  return glimpse instanceof Promise ? glimpse.then(tell) : tell(glimpse);
}

const tellHandled = (
  { pid, messages, senders }: EventOf<'message.acked' | 'queue.acked'>['body'],
  fields: Fields,
): readonly Told[] =>
  messages.map((message, i) => ({
    type: 'message_delivered',
    pid,
    ppid: senders[i] ?? 0,
    messageId: messageIdText(message),
    fields,
  }));

function sentFields(body: EventOf<'message.sent'>['body']): Fields {
  const { relation, isCopy, route, via } = body;
  return {
    relation,
    copy: `${isCopy}`,
    ...(relation !== 'system' && { route: route ?? 'direct' }),
    ...(via !== undefined && { via: `${via}` }),
    ...commonFields(body),
  };
}

const queuedFields = (body: EventOf<'queue.sent'>['body']): Fields => ({
  ...placeOf(body),
  ...commonFields(body),
});

const placeOf = ({ user, queue }: { user: string; queue: string }): Fields => ({ queue, user });

const commonFields = ({ priority, origin, deadlineMs }: Sent): Fields => ({
  priority: `${priority}`,
  ...(origin !== undefined && { origin: messageIdText(origin) }),
  ...(deadlineMs !== undefined && { deadline_ms: `${deadlineMs}` }),
});

interface Glimpse extends Trace {
  readonly payloadPreview: string;
}

/** A larger payload is not fetched for the sake of its first line. */
const GLIMPSED_BYTES_MAX = 64 * 1024;

function glimpseOf(content: Content, reader: Reader): Glimpse | Promise<Glimpse> {
  if (content.bytes > GLIMPSED_BYTES_MAX) {
    return { payloadPreview: `(${content.bytes} bytes)`, traceId: '', traceSpan: '' };
  }
  const bytes = bytesOf(content, reader);
  if (!(bytes instanceof Promise)) return glimpse(bytes);
  const lost = { payloadPreview: '(lost)', traceId: '', traceSpan: '' };
  return bytes.then(glimpse, () => lost);
}

const glimpse = (bytes: Uint8Array): Glimpse => ({
  payloadPreview: previewOfBytes(bytes),
  ...traceOf(bytes),
});

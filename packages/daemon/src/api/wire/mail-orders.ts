// What is asked of the mail, as the kernel's orders: a message to send, a word on one that waits,
// what is to become of a dead letter. Whose it is and whether it is there are the kernel's matter.

import { LIMITS, asPid } from '@hivekernel/kernel';
import type { ArgsOf } from '@hivekernel/kernel';
import type { agent, link } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import * as bounds from './bounds.ts';
import { messageIdFrom } from './wire-ids.ts';
import * as words from './words.ts';

interface ContentMaker {
  readonly host: Pick<Host, 'content'>;
}

const ADDRESS_CHARS_MAX = bounds.PATH_CHARS_MAX;

/** PROTOCOL §3: the queue beats the rest, the address the pid. Throws as `bounds`. */
export function readSend(q: agent.SendMessageRequest, { host }: ContentMaker): ArgsOf<'send'> {
  const queue = bounds.word(q.toQueue, 'to_queue');
  const toAddress = bounds.chars(q.toAddress, { field: 'to_address', max: ADDRESS_CHARS_MAX });
  const isNamed = queue !== '' || toAddress !== '';
  const to = isNamed ? bounds.count(q.toPid, 'to_pid') : bounds.someone(q.toPid, 'to_pid');
  const type = bounds.word(q.type, 'type');
  const replyTo = bounds.word(q.replyTo, 'reply_to');
  const idempotencyKey = bounds.word(q.idempotencyKey, 'idempotency_key');
  const deadlineMs = bounds.count(q.deadlineMs, 'deadline_ms');
  const priority = words.priorityFromWire(q.priority);
  const ttlMs = bounds.ms(q.ttlSeconds, 'ttl_seconds');
  const bound = { field: 'payload', max: LIMITS.messagePayloadBytesMax };
  const content = host.content(bounds.payload(q.payload, bound));
  const { requiresAck } = q;
  const what = { type, replyTo, priority, ttlMs, deadlineMs, content, requiresAck };
  return { ...what, to: asPid(to), queue, toAddress, idempotencyKey };
}

export const readLetter = (q: link.RequeueCall | link.DropLetterCall): ArgsOf<'requeue'> => ({
  pid: asPid(bounds.count(q.targetPid, 'target_pid')),
  queue: bounds.word(q.queue, 'queue'),
  message: messageIdFrom(q.messageId),
});

export function readAcknowledge(
  q: link.AcknowledgeCall,
  { host }: ContentMaker,
): ArgsOf<'acknowledge'> {
  const pid = asPid(bounds.count(q.targetPid, 'target_pid'));
  const message = messageIdFrom(q.messageId);
  const status = words.ACK.fromWire(q.status, 'status');
  if (q.reply === '') return { pid, message, status, reply: undefined };
  const bound = { field: 'reply', max: LIMITS.messagePayloadBytesMax };
  const bytes = bounds.payload(Buffer.from(q.reply, 'utf8'), bound);
  return { pid, message, status, reply: host.content(bytes) };
}

// Reports of the ends of messages: what the kernel tells a sender of one that is over.
//   M6. Who asked for it (`requires_ack`) is told the end, good or bad. A rejection is told in any
//       case; of a request (M9), also that nobody will answer it. What the kernel itself says, and
//       copies, are not reported on, so that no report makes another.

import { contentOfText, type Content } from '../events/content.ts';
import type { DropReason } from '../events/event.ts';
import type { AckStatus } from '../events/words.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import type { Message } from './mailbox.ts';

export type End = Exclude<AckStatus, 'escalate'> | Exclude<DropReason, 'displaced' | 'coalesced'>;

export const REPORT_TYPE = 'ack';

export function isReport(message: Pick<Message, 'relation' | 'type'>): boolean {
  return message.relation === 'system' && message.type === REPORT_TYPE;
}

export function wantsReport(message: Message, end: End): boolean {
  if (message.relation === 'system' || message.isCopy) return false;
  if (message.requiresAck || end === 'rejected') return true;
  const isRequest = (message.deadlineMs ?? 0) > 0;
  return isRequest && (end === 'undeliverable' || end === 'receiver_gone');
}

/** JSON; `id` is the one that the sender knows. */
export function reportContent(what: {
  id: string;
  end: End;
  receiver: ProcessRecord | undefined;
  message: Message;
}): Content {
  const { id, end, receiver, message } = what;
  const { to: pid, toName: name, type } = message;
  const who = receiver === undefined ? `${name} (pid ${pid})` : describeProcess(receiver);
  const detail = `${SENTENCES[end]} ${who}`;
  return contentOfText(JSON.stringify({ message: id, status: end, pid, name, type, detail }));
}

const SENTENCES: Readonly<Record<End, string>> = {
  accepted: 'accepted by',
  queued: 'queued by',
  rejected: 'rejected by',
  expired: 'its time was over before it reached',
  undeliverable: 'it could not be delivered to',
  receiver_gone: 'it was not read before the end of',
};

// Reports of the ends of messages: what the kernel tells a sender of one that is over.
//   M6. Who asked for it (`requires_ack`) is told the end, good or bad. A rejection is told in any
//       case; of a request (M9), also that nobody will answer it. What the kernel itself says, and
//       copies, are not reported on, so that no report makes another.

import { contentOfText, type Content } from '../events/content.ts';
import type { DropReason } from '../events/event.ts';
import type { AckStatus, Relation } from '../events/words.ts';
import { NO_PID, type Pid } from '../ids.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import type { Posted } from './posted.ts';

export type End = Exclude<AckStatus, 'escalate'> | Exclude<DropReason, 'displaced' | 'coalesced'>;

export const REPORT_TYPE = 'ack';

interface Kind {
  readonly relation?: Relation;
  readonly isCopy?: boolean;
}

export function isReport(message: Kind & Pick<Posted, 'type'>): boolean {
  return message.relation === 'system' && message.type === REPORT_TYPE;
}

export function wantsReport(message: Posted & Kind, end: End): boolean {
  if (message.relation === 'system' || message.isCopy === true) return false;
  if (message.requiresAck || end === 'rejected') return true;
  const isRequest = (message.deadlineMs ?? 0) > 0;
  return isRequest && (end === 'undeliverable' || end === 'receiver_gone');
}

/** Who had it at its end, or was to have it. */
export interface EndPlace {
  /** 0: nobody in particular. */
  readonly pid: Pid;
  readonly name: string;
  readonly queue?: string;
  /** For people. */
  readonly who: string;
}

/** JSON; `id` is the one that the sender knows. */
export function reportContent(id: string, end: End, of: { type: string; at: EndPlace }): Content {
  const { pid, name, queue, who } = of.at;
  const detail = `${SENTENCES[end]} ${who}`;
  const where = { pid, name, ...(queue !== undefined && { queue }) };
  return contentOfText(
    JSON.stringify({ message: id, status: end, ...where, type: of.type, detail }),
  );
}

export function inboxPlace(
  receiver: ProcessRecord | undefined,
  message: { readonly to: Pid; readonly toName: string },
): EndPlace {
  const { to: pid, toName: name } = message;
  const who = receiver === undefined ? `${name} (pid ${pid})` : describeProcess(receiver);
  return { pid, name, who };
}

/** Without a consumer: it was in nobody's hands. */
export function queuePlace(queue: string, consumer: ProcessRecord | undefined): EndPlace {
  if (consumer === undefined) {
    return { pid: NO_PID, name: queue, queue, who: `a consumer of the queue "${queue}"` };
  }
  const who = `${describeProcess(consumer)}, who took it from the queue "${queue}"`;
  return { pid: consumer.pid, name: consumer.spec.name, queue, who };
}

const SENTENCES: Readonly<Record<End, string>> = {
  accepted: 'accepted by',
  queued: 'queued by',
  rejected: 'rejected by',
  expired: 'its time was over before it reached',
  undeliverable: 'it could not be delivered to',
  receiver_gone: 'it was not read before the end of',
};

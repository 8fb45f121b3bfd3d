// The ends of messages: a receiver's word on them, a time that is over, a delivery given up, a
// receiver that is gone. Each ends a message once; what is not in the inbox any more has no end.
//   M6. ACCEPTED and QUEUED end it; REJECTED is final and goes back to the sender as refused;
//       ESCALATE hands it to the receiver's parent; a reply text is a message with `reply_to`.
//   M6. The end is reported to the sender where it is to be (end-report.ts): bounded, and never in
//       a circle. M7. TTL expires with an event, and a dead letter where an end was asked for.

import { KernelError } from '../errors.ts';
import type { Content } from '../events/content.ts';
import type { Log } from '../events/log.ts';
import type { AckStatus } from '../events/words.ts';
import { formatId, type MessageId, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { relationOf } from '../process/tree.ts';
import {
  RELATION_PRIORITY,
  SIGNAL,
  type Broker,
  type OnSignalLost,
  type OnWaiting,
} from './broker.ts';
import { REPORT_TYPE, reportContent, wantsReport, type End } from './end-report.ts';
import type { Message } from './mailbox.ts';
import type { PostOffice } from './post-office.ts';
import { pathOf } from './route.ts';

export interface Acknowledgement {
  readonly message: MessageId;
  readonly status: AckStatus;
  /** A text that goes back to the sender as a message with `replyTo` (M6). */
  readonly reply: Content | undefined;
}

/**
 * What is told when a receiver answered for a message, before that takes effect. True: who is told
 * takes care of an `escalate`, and of what the sender is to know.
 */
export type OnAcknowledged = (message: Message, ack: Acknowledgement) => boolean;

export class MessageEnds {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #office: PostOffice;
  readonly #broker: Broker;
  readonly #onWaiting: OnWaiting;
  readonly #onAcknowledged: OnAcknowledged;
  readonly #onReportLost: OnSignalLost;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    office: PostOffice;
    broker: Broker;
    onWaiting: OnWaiting;
    onAcknowledged: OnAcknowledged;
    onReportLost: OnSignalLost;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#office = options.office;
    this.#broker = options.broker;
    this.#onWaiting = options.onWaiting;
    this.#onAcknowledged = options.onAcknowledged;
    this.#onReportLost = options.onReportLost;
  }

  /** The receiver's word on messages that were given to it. Unknown ids are passed over. */
  acknowledge(pid: Pid, acks: readonly Acknowledgement[]): void {
    const box = this.#office.box(pid);
    if (box === undefined) return;
    const handled: MessageId[] = [];
    const senders: Pid[] = [];
    let newest = 0;
    const ends: [Message, End][] = [];
    for (const ack of acks) {
      const message = box.get(ack.message);
      // Not asked: is it under way? After a failed append the kernel is folded anew and no longer
      // knows what it had handed out; the receiver does.
      if (message === undefined) continue;
      // What is handled by this very report leaves the inbox at its end.
      if (ack.message <= newest && handled.includes(ack.message)) continue;
      const isCaredFor = this.#onAcknowledged(message, ack);
      const end = isCaredFor ? endOf(ack.status) : this.#settle(message, ack.status);
      if (end === 'rejected') this.#broker.drop(message, 'rejected', isBuried(message, ack));
      else {
        handled.push(ack.message);
        senders.push(message.from);
        if (ack.message > newest) newest = ack.message;
      }
      if (!isCaredFor && end !== undefined && wantsReport(message, end)) ends.push([message, end]);
      if (ack.reply !== undefined) this.#reply(pid, message, ack.reply);
    }
    if (handled.length > 0) this.#log.emit('message.acked', { pid, messages: handled, senders });
    for (const [message, end] of ends) this.#report(message, end);
    if (box.depth > 0) this.#onWaiting(pid);
  }

  /** M7: in the queue. What is under way is in the receiver's hands, until its link breaks. */
  expire(message: Message): void {
    if (this.#office.box(message.to)?.isUnderWay(message.message) === true) return;
    this.#broker.drop(message, 'expired', message.requiresAck);
    this.#report(message, 'expired');
  }

  /** M6: it was tried often enough. */
  undeliverable(message: Message): void {
    this.#broker.drop(message, 'undeliverable', true);
    this.#report(message, 'undeliverable');
  }

  /** P8: what waits for one that is about to be gone for good, and whose senders are to be told. */
  unread(pid: Pid): Message[] {
    const all = this.#office.box(pid)?.messages() ?? [];
    return [...all].filter((message) => wantsReport(message, 'receiver_gone'));
  }

  /** It is gone. */
  reportUnread(messages: readonly Message[]): void {
    for (const message of messages) this.#report(message, 'receiver_gone');
  }

  /** Undefined: it is handed on, and its end is still to come. */
  #settle(message: Message, status: AckStatus): 'accepted' | 'queued' | 'rejected' | undefined {
    if (status !== 'escalate') return status;
    return this.#handOn(message) ? undefined : 'rejected';
  }

  /** M6: ESCALATE hands a message to the receiver's parent. False where that cannot take it. */
  #handOn(message: Message): boolean {
    const receiver = this.#table.find(message.to);
    const parent = receiver?.parent;
    if (receiver === undefined || parent === undefined) return false;
    const sender = this.#table.find(message.from) ?? receiver;
    const leftMs = Math.max(1, message.expiresMonoMs - this.#log.monoMs);
    const ttlMs = message.expiresMonoMs === 0 ? 0 : leftMs;
    const { type, priority, content, requiresAck, replyTo, deadlineMs = 0 } = message;
    const order = { type, priority, content, requiresAck, replyTo, ttlMs, deadlineMs };
    const from = sender === parent ? receiver : sender;
    const origin = message.origin ?? message.message;
    try {
      this.#broker.carry({ from, to: parent, message: order, origin });
      return true;
    } catch (error) {
      if (error instanceof KernelError) return false;
      throw error;
    }
  }

  #reply(pid: Pid, message: Message, content: Content): void {
    const from = this.#table.find(pid);
    const to = this.#table.find(message.from);
    if (from === undefined || to === undefined || !isLive(to.state)) return;
    const box = this.#office.openBox(to.pid);
    const isTooLarge = content.bytes > LIMITS.messagePayloadBytesMax;
    if (isTooLarge || !box.hasRoomFor(content.bytes, false)) return;
    const relation = relationOf(from, to);
    const priority = RELATION_PRIORITY[relation];
    const replyTo = this.#idOf(message);
    const reply = { type: 'reply', priority, content, requiresAck: false, ttlMs: 0, replyTo };
    const path = pathOf(from, to, relation);
    this.#broker.post({ from, to, relation, message: reply, priority, isCopy: false, path });
  }

  /**
   * Among the mail of a sender, at most so many reports wait: the oldest give way. Where there is
   * no room at all it is lost, and that is told.
   */
  #report(message: Message, end: End): void {
    if (!wantsReport(message, end)) return;
    const to = this.#table.find(message.from);
    if (to === undefined || !isLive(to.state)) return;
    const id = this.#idOf(message);
    const receiver = this.#table.find(message.to);
    const content = reportContent({ id, end, receiver, message });
    const box = this.#office.openBox(to.pid);
    const oldest = box.reports >= LIMITS.endReportsMax ? box.oldestReport : undefined;
    if (oldest !== undefined) this.#broker.drop(oldest, 'displaced', false);
    if (!box.hasRoomFor(content.bytes, false)) {
      this.#onReportLost(to.pid, reportLost(to, { id, end }));
      return;
    }
    const report = { ...SIGNAL, type: REPORT_TYPE, replyTo: id, content };
    const from = this.#table.king;
    const relation = 'system';
    this.#broker.post({ from, to, relation, message: report, priority: 0, isCopy: false });
  }

  /** The one that its sender knows. */
  #idOf(message: Message): string {
    return formatId('m', this.#table.partition, message.origin ?? message.message);
  }
}

/** Of one that somebody else takes care of. */
const endOf = (status: AckStatus): 'accepted' | 'rejected' =>
  status === 'rejected' ? 'rejected' : 'accepted';

/** M6: for who wanted to know its end; and where nobody above could take it. */
const isBuried = (message: Message, { status }: Acknowledgement): boolean =>
  message.requiresAck || status === 'escalate';

const reportLost = (
  to: ProcessRecord,
  { id, end }: { id: string; end: End },
): Pick<KernelError, 'code' | 'message'> => ({
  code: 'queue_full',
  message: `The inbox of ${describeProcess(to)} had no room for the report on ${id}, ${end} (M6).`,
});

// The ends of messages in inboxes: a receiver's word on them, a time that is over, a delivery given
// up, a receiver that is gone. Each ends a message once; what is not in the inbox any more has no
// end.
//   M6. ACCEPTED and QUEUED end it; REJECTED is final and goes back to the sender as refused;
//       ESCALATE hands it to the receiver's parent; a reply text is a message with `reply_to`.
//   M7. TTL expires with an event, and a dead letter where an end was asked for.
// What the others are told of it is in backchannel.ts.

import type { Content } from '../events/content.ts';
import type { Log } from '../events/log.ts';
import type { AckStatus } from '../events/words.ts';
import type { MessageId, Pid } from '../ids.ts';
import type { ProcessTable } from '../process/table.ts';
import type { Backchannel } from './backchannel.ts';
import type { Broker, OnWaiting } from './broker.ts';
import { inboxPlace, wantsReport, type End } from './end-report.ts';
import type { Message } from './mailbox.ts';
import type { PostOffice } from './post-office.ts';
import type { Posted } from './posted.ts';

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
  readonly #back: Backchannel;
  readonly #onWaiting: OnWaiting;
  readonly #onAcknowledged: OnAcknowledged;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    office: PostOffice;
    broker: Broker;
    back: Backchannel;
    onWaiting: OnWaiting;
    onAcknowledged: OnAcknowledged;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#office = options.office;
    this.#broker = options.broker;
    this.#back = options.back;
    this.#onWaiting = options.onWaiting;
    this.#onAcknowledged = options.onAcknowledged;
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
      if (ack.reply !== undefined) this.#back.reply(message, this.#table.find(pid), ack.reply);
    }
    if (handled.length > 0) this.#log.emit('message.acked', { pid, messages: handled, senders });
    for (const [message, end] of ends) this.#report(message, end);
    if (box.depth > 0) this.#onWaiting(pid);
  }

  /** M7: in the queue. What is in the receiver's hands is so until it comes back. */
  expire(message: Message): void {
    if (this.#office.box(message.to)?.isInHand(message.message) === true) return;
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
    return this.#back.handOn(message, this.#table.find(message.to)) ? undefined : 'rejected';
  }

  #report(message: Message, end: End): void {
    this.#back.report(message, end, inboxPlace(this.#table.find(message.to), message));
  }
}

/** Of one that somebody else takes care of. */
const endOf = (status: AckStatus): 'accepted' | 'rejected' =>
  status === 'rejected' ? 'rejected' : 'accepted';

/** M6: for who wanted to know its end; and where nobody above could take it. */
export const isBuried = (message: Posted, { status }: Acknowledgement): boolean =>
  message.requiresAck || status === 'escalate';

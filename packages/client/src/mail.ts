// The calls about messages: sending, looking into inboxes and named queues, taking from queues, a
// word on what waits for the operator, and what is to become of dead letters. Part of the client.
//   "The caller" is the king, or whom `as` names; a queue is one of the caller's user. An agent
//   with a runtime acknowledges its own mail.

import { toInboxMessage } from './answers.ts';
import type { Inbox } from './answers.ts';
import type { CallPatience } from './client-link.ts';
import { named, toSendRequest } from './orders.ts';
import type { MessageOrder } from './orders.ts';
import { ProcessCalls } from './process-calls.ts';
import { takeFromQueue } from './subscription.ts';
import type { TakeOrder, TakenMessage } from './subscription.ts';
import { ACK } from './words.ts';
import type { AckStatus } from './words.ts';

/** A message of somebody's: pid 0 or left out is the caller. */
export interface MessageName {
  readonly pid?: number;
  readonly message: string;
}

/** A dead letter of an inbox, or of a named queue. */
export interface LetterName extends MessageName {
  /** Beats `pid`. */
  readonly queue?: string;
}

export interface AckOrder extends MessageName {
  /** Left out: `accepted`. */
  readonly status?: AckStatus;
  /** Goes back to the sender as a message. */
  readonly reply?: string;
}

export class MailCalls extends ProcessCalls {
  /** The message's id, once it is durable. */
  async send(order: MessageOrder, how?: CallPatience): Promise<string> {
    return (await this.call('send', toSendRequest(order), how)).messageId;
  }

  /**
   * What waits at a process, or in a queue, without taking it, and its dead letters. Left out, or
   * pid 0: at the caller.
   */
  async inbox(of: number | { readonly queue: string } = 0, how?: CallPatience): Promise<Inbox> {
    const isPid = typeof of === 'number';
    const value = isPid ? { pid: of, queue: '' } : { pid: 0, queue: named(of.queue, 'queue') };
    const { messages, total, deadLetters, deadTotal } = await this.call('listInbox', value, how);
    const dead = deadLetters.map((letter) => ({ ...toInboxMessage(letter), why: letter.whyDead }));
    return { messages: messages.map(toInboxMessage), total, dead, deadTotal };
  }

  /** Of what waits for a process without a runtime; the king is one. */
  async acknowledge(order: AckOrder, how?: CallPatience): Promise<void> {
    const { pid = 0, message: messageId, status = 'accepted', reply = '' } = order;
    const value = { targetPid: pid, messageId, status: ACK.toWire(status, 'status'), reply };
    await this.call('acknowledge', value, how);
  }

  /** A dead letter back to where it waited: its new id. */
  async requeue(letter: LetterName, how?: CallPatience): Promise<string> {
    return (await this.call('requeue', toLetterCall(letter), how)).messageId;
  }

  /** A dead letter, for good. */
  async dropLetter(letter: LetterName, how?: CallPatience): Promise<void> {
    await this.call('dropLetter', toLetterCall(letter), how);
  }

  /** Messages of a queue, one after the other, each for this loop alone; see subscription.ts. */
  takeFrom(queue: string, order: TakeOrder = {}): AsyncGenerator<TakenMessage, void, undefined> {
    return takeFromQueue(() => this.pinned(), { ...order, queue });
  }
}

const toLetterCall = ({ pid = 0, queue, message }: LetterName) => ({
  targetPid: pid,
  queue: queue === undefined ? '' : named(queue, 'queue'),
  messageId: message,
});

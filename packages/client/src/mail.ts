// The calls about messages: sending, looking into inboxes, a word on what waits for the operator,
// and what is to become of dead letters. Part of the client.
//   "The caller" is the king, or whom `as` names. An agent with a runtime acknowledges its own
//   mail.

import { toInboxMessage } from './answers.ts';
import type { Inbox } from './answers.ts';
import type { CallPatience } from './client-link.ts';
import { toSendRequest } from './orders.ts';
import type { MessageOrder } from './orders.ts';
import { ProcessCalls } from './process-calls.ts';
import { ACK } from './words.ts';
import type { AckStatus } from './words.ts';

/** A message of somebody's: pid 0 or left out is the caller. */
export interface MessageName {
  readonly pid?: number;
  readonly message: string;
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

  /** What waits at a process, without taking it, and its dead letters. pid 0: the caller (`as`). */
  async inbox(pid = 0, how?: CallPatience): Promise<Inbox> {
    const { messages, total, deadLetters, deadTotal } = await this.call(
      'listInbox',
      { pid, queue: '' },
      how,
    );
    const dead = deadLetters.map((letter) => ({ ...toInboxMessage(letter), why: letter.whyDead }));
    return { messages: messages.map(toInboxMessage), total, dead, deadTotal };
  }

  /** Of what waits for a process without a runtime; the king is one. */
  async acknowledge(order: AckOrder, how?: CallPatience): Promise<void> {
    const { pid = 0, message: messageId, status = 'accepted', reply = '' } = order;
    const value = { targetPid: pid, messageId, status: ACK.toWire(status, 'status'), reply };
    await this.call('acknowledge', value, how);
  }

  /** A dead letter back into the inbox: its new id. */
  async requeue({ pid = 0, message }: MessageName, how?: CallPatience): Promise<string> {
    const value = { targetPid: pid, messageId: message, queue: '' };
    return (await this.call('requeue', value, how)).messageId;
  }

  /** A dead letter, for good. */
  async dropLetter({ pid = 0, message }: MessageName, how?: CallPatience): Promise<void> {
    await this.call('dropLetter', { targetPid: pid, messageId: message, queue: '' }, how);
  }
}

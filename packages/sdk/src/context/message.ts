// A message as its receiver sees it. Acknowledging is not here: what `onMessage` returns does
// that.
import type { agent as wire } from '@hivekernel/protocol';
import type { Payload } from '../payload.ts';
import { PRIORITIES, wordOf } from '../words.ts';
import type { Priority } from '../words.ts';
import { Letter } from './letter.ts';

export interface ReplyTarget {
  readonly to: number;
  readonly replyTo: string;
  readonly payload: Payload;
}

export class Message extends Letter {
  readonly priority: Priority;
  readonly requiresAck: boolean;
  /** The id of the message that this one answers; empty: none. */
  readonly replyTo: string;
  /** Of a request: until when an answer is waited for. */
  readonly deadline: Date | undefined;
  readonly #send: (target: ReplyTarget) => Promise<string>;

  constructor(message: wire.AgentMessage, send: (target: ReplyTarget) => Promise<string>) {
    super(message);
    this.priority = wordOf(PRIORITIES, message.priority);
    this.requiresAck = message.requiresAck;
    this.replyTo = message.replyTo;
    this.deadline = message.deadlineMs === 0 ? undefined : new Date(message.deadlineMs);
    this.#send = send;
  }

  /** Sends an answer to the sender; resolves to its message id. */
  reply(payload: Payload): Promise<string> {
    return this.#send({ to: this.from, replyTo: this.id, payload });
  }
}

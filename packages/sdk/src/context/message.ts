// A message as its receiver sees it. Acknowledging is not here: what `onMessage` returns does
// that.
import type { agent as wire } from '@hivekernel/protocol';
import { PRIORITIES, RELATIONS, wordOf } from '../words.ts';
import type { Priority, Relation } from '../words.ts';

export interface ReplyTarget {
  readonly to: number;
  readonly replyTo: string;
  readonly payload: string;
}

export class Message {
  readonly id: string;
  /** The sender's pid; 0: the kernel. */
  readonly from: number;
  readonly fromName: string;
  /** What the sender is to the receiver. */
  readonly relation: Relation;
  readonly type: string;
  readonly priority: Priority;
  readonly payload: Uint8Array;
  /** When the kernel accepted it, as the kernel says it. */
  readonly timestamp: number;
  readonly requiresAck: boolean;
  /** The id of the message that this one answers; empty: none. */
  readonly replyTo: string;
  readonly #send: (target: ReplyTarget) => Promise<string>;

  constructor(message: wire.AgentMessage, send: (target: ReplyTarget) => Promise<string>) {
    this.id = message.messageId;
    this.from = message.fromPid;
    this.fromName = message.fromName;
    this.relation = wordOf(RELATIONS, message.relation);
    this.type = message.type;
    this.priority = wordOf(PRIORITIES, message.priority);
    this.payload = message.payload;
    this.timestamp = message.timestamp;
    this.requiresAck = message.requiresAck;
    this.replyTo = message.replyTo;
    this.#send = send;
  }

  /** The payload read as UTF-8. */
  text(): string {
    return new TextDecoder().decode(this.payload);
  }

  /** The payload read as JSON. Throws `SyntaxError` when it is none. */
  json(): unknown {
    return JSON.parse(this.text());
  }

  /** Sends an answer to the sender; resolves to its message id. */
  reply(text: string): Promise<string> {
    return this.#send({ to: this.from, replyTo: this.id, payload: text });
  }
}

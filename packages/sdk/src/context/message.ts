// A message as its receiver sees it. Acknowledging is not here: what `onMessage` returns does
// that.
import type { agent as wire } from '@hivekernel/protocol';
import type { Payload } from '../payload.ts';
import { PRIORITIES, RELATIONS, wordOf } from '../words.ts';
import type { Priority, Relation } from '../words.ts';

export interface ReplyTarget {
  readonly to: number;
  readonly replyTo: string;
  readonly payload: Payload;
}

export class Message {
  readonly id: string;
  /** The sender's pid; 0: the kernel. */
  readonly from: number;
  readonly fromName: string;
  /** The sender's name in the tree; empty: it is no more. */
  readonly fromAddress: string;
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
  /** Of a request: until when an answer is waited for. */
  readonly deadline: Date | undefined;
  readonly #send: (target: ReplyTarget) => Promise<string>;

  constructor(message: wire.AgentMessage, send: (target: ReplyTarget) => Promise<string>) {
    this.id = message.messageId;
    this.from = message.fromPid;
    this.fromName = message.fromName;
    this.fromAddress = message.fromAddress;
    this.relation = wordOf(RELATIONS, message.relation);
    this.type = message.type;
    this.priority = wordOf(PRIORITIES, message.priority);
    this.payload = message.payload;
    this.timestamp = message.timestamp;
    this.requiresAck = message.requiresAck;
    this.replyTo = message.replyTo;
    this.deadline = message.deadlineMs === 0 ? undefined : new Date(message.deadlineMs);
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
  reply(payload: Payload): Promise<string> {
    return this.#send({ to: this.from, replyTo: this.id, payload });
  }
}

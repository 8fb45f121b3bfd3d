// What every message is to who reads it, however it came: to an inbox, through a named queue, under
// a topic. What can be done with it is its own class's: message.ts, queue.ts, publication.ts.
import type { agent as wire } from '@hivekernel/protocol';
import { RELATIONS, wordOf } from '../words.ts';
import type { Relation } from '../words.ts';

export class Letter {
  readonly id: string;
  /** The sender's pid; 0: the kernel. */
  readonly from: number;
  readonly fromName: string;
  /** The sender's name in the tree; empty: it is no more. */
  readonly fromAddress: string;
  /** What the sender is to the reader. */
  readonly relation: Relation;
  readonly type: string;
  readonly payload: Uint8Array;
  /** When the kernel accepted it, as the kernel says it. */
  readonly timestamp: number;

  constructor(message: wire.AgentMessage) {
    this.id = message.messageId;
    this.from = message.fromPid;
    this.fromName = message.fromName;
    this.fromAddress = message.fromAddress;
    this.relation = wordOf(RELATIONS, message.relation);
    this.type = message.type;
    this.payload = message.payload;
    this.timestamp = message.timestamp;
  }

  /** The payload read as UTF-8. */
  text(): string {
    return new TextDecoder().decode(this.payload);
  }

  /** The payload read as JSON. Throws `SyntaxError` when it is none. */
  json(): unknown {
    return JSON.parse(this.text());
  }
}

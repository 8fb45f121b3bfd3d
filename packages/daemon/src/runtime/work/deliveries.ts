// Hands the kernel's messages to one process and brings its acknowledgements back.
//   M6. In the order in which the kernel gave them, also where the content of one must be fetched
//       first; a message ends only by an acknowledgement, so what a lost process had stays with the
//       kernel. Acknowledgements of one turn are one fact.
//   What the process refuses by throwing is rejected: it had it, and could not take it.

import { LIMITS } from '@hivekernel/kernel';
import type { AckStatus, Acknowledgement, Delivery, MessageId, Pid } from '@hivekernel/kernel';
import type { agent } from '@hivekernel/protocol';
import { toAgentMessage } from '../../api/wire/messages.ts';
import { ACK } from '../../api/wire/words.ts';
import type { Host } from '../../journal/host.ts';
import type { AgentLink } from '../link/agent-link.ts';
import type { Warnings } from '../warnings.ts';

export interface DeliveriesOptions {
  readonly pid: Pid;
  readonly host: Host;
  readonly link: Pick<AgentLink, 'ask'>;
  readonly warnings: Warnings;
}

interface Waiting {
  readonly id: MessageId;
  /** Undefined while it is fetched. */
  message: agent.AgentMessage | undefined;
}

interface Ack {
  readonly message: MessageId;
  readonly status: AckStatus;
  readonly reply: string;
}

export class Deliveries {
  readonly #options: DeliveriesOptions;
  /** Behind one whose content is on its way; bounded by the kernel's window (M6). */
  #waiting: Waiting[] = [];
  #acks: Ack[] = [];
  #isClosed = false;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  take(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#takeOne(delivery);
  }

  /** What is not acknowledged by now waits at the kernel. */
  close(): void {
    this.#flush();
    this.#isClosed = true;
    this.#waiting = [];
  }

  #takeOne(delivery: Delivery): void {
    const message = toAgentMessage(delivery, this.#options.host);
    const id = delivery.message;
    if (!(message instanceof Promise)) {
      if (this.#waiting.length === 0) this.#send(id, message);
      else this.#waiting.push({ id, message });
      return;
    }
    const waiting: Waiting = { id, message: undefined };
    this.#waiting.push(waiting);
    message.then(
      (fetched) => {
        waiting.message = fetched;
        this.#pump();
      },
      (error: unknown) => this.#onUnreadable(waiting, error),
    );
  }

  #pump(): void {
    while (!this.#isClosed) {
      const next = this.#waiting[0];
      if (next?.message === undefined) return;
      this.#waiting.shift();
      this.#send(next.id, next.message);
    }
  }

  #send(id: MessageId, message: agent.AgentMessage): void {
    try {
      this.#options.link.ask('deliver', message, {
        onAnswer: (ack) => this.#onAck(id, ack),
        onFailed: (error) => this.#onRefused(id, error),
      });
    } catch (error) {
      this.#onRefused(id, error);
    }
  }

  #onAck(id: MessageId, ack: agent.MessageAck): void {
    try {
      const status = ACK.fromWire(ack.status, 'status');
      this.#add({ message: id, status, reply: this.#replyOf(ack) });
    } catch (error) {
      this.#onRefused(id, error);
    }
  }

  #replyOf({ reply }: agent.MessageAck): string {
    if (reply === '' || Buffer.byteLength(reply) <= LIMITS.messagePayloadBytesMax) return reply;
    const message = `a reply to a message was over ${LIMITS.messagePayloadBytesMax} bytes (M8)`;
    this.#options.warnings.warn('reply', message);
    return '';
  }

  #onRefused(id: MessageId, error: unknown): void {
    if (this.#isClosed) return;
    const why = error instanceof Error ? error.message : String(error);
    this.#options.warnings.warn('message', `a message was not taken: ${why}`);
    this.#add({ message: id, status: 'rejected', reply: '' });
  }

  #onUnreadable(waiting: Waiting, error: unknown): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiting);
    this.#onRefused(waiting.id, error);
    this.#pump();
  }

  #add(ack: Ack): void {
    if (this.#isClosed) return;
    this.#acks.push(ack);
    // Answers of one frame settle in this turn; the fact goes out once after them.
    if (this.#acks.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#acks.length === 0) return;
    const { host, pid } = this.#options;
    const acks = this.#acks.map((ack): Acknowledgement => {
      const { message, status, reply } = ack;
      return { message, status, reply: reply === '' ? undefined : host.content(textBytes(reply)) };
    });
    this.#acks = [];
    host.fact({ fact: 'acked', pid, acks });
  }
}

const textBytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

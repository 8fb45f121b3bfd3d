// Hands the kernel's messages to one process and brings its acknowledgements back.
//   M6. In the order in which the kernel gave them, also where the content of one must be fetched
//       first; a message ends only by an acknowledgement, so what a lost process had stays with
//       the kernel. Acknowledgements of one turn are one fact.
//   What the process refuses by throwing is rejected: it had it, and could not take it. So is what
//   the store has lost. What it cannot give just now is read again, and holds those behind it.
//   A delivery that breaks without a word of the process, or ends with a word on another message,
//   has failed: the kernel tries again (M6). While it is open nothing is tried again.

import { KernelError, LIMITS } from '@hivekernel/kernel';
import type { AckStatus, Acknowledgement, Delivery, MessageId, Pid } from '@hivekernel/kernel';
import type { agent } from '@hivekernel/protocol';
import { toAgentMessage } from '../../api/wire/messages.ts';
import { messageIdText } from '../../api/wire/wire-ids.ts';
import { ACK } from '../../api/wire/words.ts';
import type { Host } from '../../journal/host.ts';
import type { AgentLink } from '../link/agent-link.ts';
import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import type { Warnings } from '../warnings.ts';

export interface DeliveriesOptions {
  readonly pid: Pid;
  readonly host: Host;
  readonly link: Pick<AgentLink, 'ask'>;
  readonly warnings: Warnings;
  /** From the end of a delivery without a word on its message to its failure. */
  readonly ackTimeoutMs: number;
  /** Between two reads of the same content; doubled each time. Default: RUNTIME_LIMITS. */
  readonly pace?: { readonly firstMs: number; readonly maxMs: number };
}

interface Waiting {
  readonly delivery: Delivery;
  /** Undefined while it is fetched. */
  message: agent.AgentMessage | undefined;
  /** Before it is read again, if it must be. */
  pauseMs: number;
  retry?: NodeJS.Timeout;
}

const PACE = { firstMs: RUNTIME_LIMITS.refetchFirstMs, maxMs: RUNTIME_LIMITS.refetchMaxMs };

interface Ack {
  readonly message: MessageId;
  readonly status: AckStatus;
  readonly reply: string;
}

interface Failed {
  readonly message: MessageId;
  readonly why: string;
}

interface Outcomes {
  onAck(id: MessageId, ack: agent.MessageAck): void;
  onRefused(id: MessageId, error: unknown): void;
}

/** Waits for the answer to one message. */
class Answered {
  readonly #id: MessageId;
  readonly #outcomes: Outcomes;

  constructor(id: MessageId, outcomes: Outcomes) {
    this.#id = id;
    this.#outcomes = outcomes;
  }

  onAnswer(ack: agent.MessageAck): void {
    this.#outcomes.onAck(this.#id, ack);
  }

  onFailed(error: Error): void {
    this.#outcomes.onRefused(this.#id, error);
  }
}

export class Deliveries {
  readonly #options: DeliveriesOptions;
  /** Behind one whose content is on its way; bounded by the kernel's window (M6). */
  #waiting: Waiting[] = [];
  #acks: Ack[] = [];
  #failed: Failed[] = [];
  /** Their deliveries ended without a word; bounded by the kernel's window (M6). */
  readonly #silent = new Map<MessageId, NodeJS.Timeout>();
  #isClosed = false;
  readonly #outcomes: Outcomes = {
    onAck: (id, ack) => this.#onAck(id, ack),
    onRefused: (id, error) => this.#onRefused(id, error),
  };

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
    for (const { retry } of this.#waiting) clearTimeout(retry);
    this.#waiting = [];
    for (const timer of this.#silent.values()) clearTimeout(timer);
    this.#silent.clear();
  }

  #takeOne(delivery: Delivery): void {
    const { host, pace = PACE } = this.#options;
    const message = toAgentMessage(delivery, host);
    const pauseMs = pace.firstMs;
    if (!(message instanceof Promise)) {
      if (this.#waiting.length === 0) this.#send(delivery.message, message);
      else this.#waiting.push({ delivery, message, pauseMs });
      return;
    }
    const waiting: Waiting = { delivery, message: undefined, pauseMs };
    this.#waiting.push(waiting);
    void this.#fetch(waiting, message); // Never rejects.
  }

  async #fetch(waiting: Waiting, message: Promise<agent.AgentMessage>): Promise<void> {
    try {
      waiting.message = await message;
      this.#pump();
    } catch (error) {
      if (error instanceof KernelError && error.code === 'data_loss') this.#onLost(waiting, error);
      else this.#fetchLater(waiting, error);
    }
  }

  #fetchLater(waiting: Waiting, error: unknown): void {
    if (this.#isClosed) return;
    const { host, warnings, pace = PACE } = this.#options;
    const why = messageOf(error);
    warnings.warn('content', `the content of a message cannot be read now, it waits: ${why}`);
    const { pauseMs } = waiting;
    waiting.pauseMs = Math.min(pauseMs * 2, pace.maxMs);
    waiting.retry = setTimeout(() => {
      const message = Promise.resolve(toAgentMessage(waiting.delivery, host));
      void this.#fetch(waiting, message); // Never rejects.
    }, pauseMs);
  }

  #pump(): void {
    while (!this.#isClosed) {
      const next = this.#waiting[0];
      if (next?.message === undefined) return;
      this.#waiting.shift();
      this.#send(next.delivery.message, next.message);
    }
  }

  #send(id: MessageId, message: agent.AgentMessage): void {
    try {
      this.#options.link.ask('deliver', message, new Answered(id, this.#outcomes));
    } catch (error) {
      this.#onBroken(id, error);
    }
  }

  #onAck(id: MessageId, ack: agent.MessageAck): void {
    if (ack.messageId !== '' && ack.messageId !== messageIdText(id)) {
      this.#awaitWord(id, ack.messageId);
      return;
    }
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
    if (isBroken(error)) {
      this.#onBroken(id, error);
      return;
    }
    this.#options.warnings.warn('message', `a message was not taken: ${messageOf(error)}`);
    this.#add({ message: id, status: 'rejected', reply: '' });
  }

  /** The answer named another message, which it is no word on: who knows what of. */
  #awaitWord(id: MessageId, named: string): void {
    const { ackTimeoutMs, warnings } = this.#options;
    const what = `a message was answered with a word on ${JSON.stringify(named.slice(0, 40))}`;
    warnings.warn('ack', what);
    clearTimeout(this.#silent.get(id));
    const why = `no word on it within ${ackTimeoutMs} ms`;
    const timer = setTimeout(() => {
      this.#silent.delete(id);
      this.#onBroken(id, new Error(why));
    }, ackTimeoutMs);
    this.#silent.set(id, timer);
  }

  #onBroken(message: MessageId, error: unknown): void {
    if (this.#isClosed) return;
    this.#failed.push({ message, why: messageOf(error) });
    if (this.#failed.length === 1) setImmediate(() => this.#flushFailed());
  }

  #flushFailed(): void {
    const [first] = this.#failed;
    if (first === undefined || this.#isClosed) return;
    const { host, pid } = this.#options;
    const messages = this.#failed.map(({ message }) => message);
    this.#failed = [];
    host.fact({ fact: 'delivery_failed', pid, messages, why: first.why });
  }

  #onLost(waiting: Waiting, error: unknown): void {
    this.#waiting = this.#waiting.filter((other) => other !== waiting);
    this.#onRefused(waiting.delivery.message, error);
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

/** These the link says, never an agent's handler. */
const BROKEN: ReadonlySet<string> = new Set(['unknown_outcome']);

const isBroken = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  BROKEN.has(error.code);

const textBytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

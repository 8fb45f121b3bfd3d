// Hands messages to the agent: those of one lane (sender and priority) one after the other, lanes
// beside each other; a message that was handled already is acknowledged again, not handled again
// (M6: delivery is at least once).
//   M11. Whoever waits for a message gets it before any handler, also while it stands in its lane.
//        What is kept for waiters stands in no lane.
//   A handler that has nothing to wait for is done when it returns: no promise is made for it.
import type { agent as wire } from '@hivekernel/protocol';
import { ACKS, numberOf } from '../words.ts';
import type { MailDesk } from './mail-desk.ts';

/** Ids remembered at least; the kernel has at most 256 under way, each tried at most 5 times. */
const HANDLED_IDS_MIN = 4_096;
const PRIORITIES = 4;

type Ack = wire.MessageAck | Promise<wire.MessageAck>;
export type Handle = (message: wire.AgentMessage) => Ack;

export interface MessageLanesOptions {
  readonly desk: MailDesk;
  readonly handle: Handle;
  /** Nobody but a waiter may have it. */
  readonly isKept: (message: wire.AgentMessage) => boolean;
}

export class MessageLanes {
  readonly #options: MessageLanesOptions;
  /** The latest acknowledgements, and those before them: two halves, so that none is searched. */
  #acks = new Map<string, Ack>();
  #olderAcks = new Map<string, Ack>();
  /** The tail of each lane that has something under way. Tails never reject. */
  readonly #lanes = new Map<number, Promise<void>>();

  constructor(options: MessageLanesOptions) {
    this.#options = options;
  }

  /**
   * Throws or rejects when the handler did; the same id is then handled again when it comes again.
   */
  deliver(message: wire.AgentMessage): Ack {
    const { messageId } = message;
    const known = this.#acks.get(messageId) ?? this.#olderAcks.get(messageId);
    if (known !== undefined) return known;
    const early = this.#options.desk.early(message);
    const ack = early === undefined ? this.#pass(message) : early.then(() => this.#pass(message));
    this.#remember(messageId, ack);
    return ack;
  }

  #pass(message: wire.AgentMessage): Ack {
    if (this.#options.desk.take(message)) return accepted(message);
    return this.#options.isKept(message) ? this.#keep(message) : this.#inLane(message);
  }

  /** Until a waiter wants it. */
  #keep(message: wire.AgentMessage): Promise<wire.MessageAck> {
    return new Promise((resolve) => {
      this.#options.desk.add({ message, take: () => resolve(accepted(message)) });
    });
  }

  #inLane(message: wire.AgentMessage): Ack {
    const lane = message.fromPid * PRIORITIES + message.priority;
    const before = this.#lanes.get(lane);
    const { handle } = this.#options;
    const ack = before === undefined ? handle(message) : this.#behind(before, message);
    if (!(ack instanceof Promise)) return ack;
    const leave = (): void => {
      if (this.#lanes.get(lane) === tail) this.#lanes.delete(lane);
    };
    const tail: Promise<void> = ack.then(leave, leave);
    this.#lanes.set(lane, tail);
    return ack;
  }

  /** When those before it are done, unless a waiter had it meanwhile. */
  #behind(before: Promise<void>, message: wire.AgentMessage): Promise<wire.MessageAck> {
    const { desk, handle } = this.#options;
    let isTaken = false;
    const pending = { message, take: () => (isTaken = true) };
    desk.add(pending);
    return before.then(() => {
      desk.delete(pending);
      return isTaken ? accepted(message) : handle(message);
    });
  }

  #remember(id: string, ack: Ack): void {
    if (this.#acks.size >= HANDLED_IDS_MIN) {
      this.#olderAcks = this.#acks;
      this.#acks = new Map();
    }
    this.#acks.set(id, ack);
    if (!(ack instanceof Promise)) return;
    ack.catch(() => {
      this.#acks.delete(id);
      this.#olderAcks.delete(id);
    });
  }
}

const accepted = ({ messageId }: wire.AgentMessage): wire.MessageAck => ({
  messageId,
  status: numberOf(ACKS, 'accepted'),
  reply: '',
});

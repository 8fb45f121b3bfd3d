// Hands messages to the agent: those of one lane (sender and priority) one after the other, lanes
// beside each other; a message that was handled already is acknowledged again, not handled again
// (M6: delivery is at least once).
import type { agent as wire } from '@hivekernel/protocol';

/** Ids remembered; the kernel has at most 256 under way and tries each at most 5 times. */
const HANDLED_IDS_MAX = 4_096;

export type Handle = (message: wire.AgentMessage) => Promise<wire.MessageAck>;

export class MessageLanes {
  readonly #handle: Handle;
  /** In the order of arrival, so that the oldest is the first. */
  readonly #acks = new Map<string, Promise<wire.MessageAck>>();
  /** The tail of each lane that has something under way. */
  readonly #lanes = new Map<string, Promise<unknown>>();

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  /** Rejects when the handler threw; the same id is then handled again when it comes again. */
  deliver(message: wire.AgentMessage): Promise<wire.MessageAck> {
    const known = this.#acks.get(message.messageId);
    if (known !== undefined) return known;
    const ack = this.#inLane(message);
    this.#remember(message.messageId, ack);
    return ack;
  }

  #inLane(message: wire.AgentMessage): Promise<wire.MessageAck> {
    const lane = `${message.fromPid}/${message.priority}`;
    const before = this.#lanes.get(lane) ?? Promise.resolve();
    const ack = before.then(() => this.#handle(message));
    const tail = ack.then(
      () => undefined,
      () => undefined,
    );
    this.#lanes.set(lane, tail);
    void tail.then(() => this.#forgetLane(lane, tail)); // never rejects
    return ack;
  }

  #forgetLane(lane: string, tail: Promise<unknown>): void {
    if (this.#lanes.get(lane) === tail) this.#lanes.delete(lane);
  }

  #remember(id: string, ack: Promise<wire.MessageAck>): void {
    this.#acks.set(id, ack);
    ack.catch(() => this.#acks.delete(id));
    if (this.#acks.size <= HANDLED_IDS_MAX) return;
    const [oldest] = this.#acks.keys();
    if (oldest !== undefined) this.#acks.delete(oldest);
  }
}

// Hands messages to the agent: those of one lane (sender and priority) one after the other, lanes
// beside each other; a message that was handled already is acknowledged again, not handled again
// (M6: delivery is at least once).
//   A handler that has nothing to wait for is done when it returns: no promise is made for it.
import type { agent as wire } from '@hivekernel/protocol';

/** Ids remembered at least; the kernel has at most 256 under way, each tried at most 5 times. */
const HANDLED_IDS_MIN = 4_096;
const PRIORITIES = 4;

type Ack = wire.MessageAck | Promise<wire.MessageAck>;
export type Handle = (message: wire.AgentMessage) => Ack;

export class MessageLanes {
  readonly #handle: Handle;
  /** The latest acknowledgements, and those before them: two halves, so that none is searched. */
  #acks = new Map<string, Ack>();
  #olderAcks = new Map<string, Ack>();
  /** The tail of each lane that has something under way. Tails never reject. */
  readonly #lanes = new Map<number, Promise<void>>();

  constructor(handle: Handle) {
    this.#handle = handle;
  }

  /**
   * Throws or rejects when the handler did; the same id is then handled again when it comes again.
   */
  deliver(message: wire.AgentMessage): Ack {
    const { messageId } = message;
    const known = this.#acks.get(messageId) ?? this.#olderAcks.get(messageId);
    if (known !== undefined) return known;
    const ack = this.#inLane(message);
    this.#remember(messageId, ack);
    return ack;
  }

  #inLane(message: wire.AgentMessage): Ack {
    const lane = message.fromPid * PRIORITIES + message.priority;
    const before = this.#lanes.get(lane);
    const ack =
      before === undefined ? this.#handle(message) : before.then(() => this.#handle(message));
    if (!(ack instanceof Promise)) return ack;
    const leave = (): void => {
      if (this.#lanes.get(lane) === tail) this.#lanes.delete(lane);
    };
    const tail: Promise<void> = ack.then(leave, leave);
    this.#lanes.set(lane, tail);
    return ack;
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

// How far the client's replies have arrived, and when the kernel must be told. Mostly the number
// rides on frames that leave anyway; a count and a timer see to the rest.
//   Replies come with a gap-free `seq`. What waits in a stream's buffer holds the number back.
import { LinkProtocolError } from './link-error.ts';
import { LINK_LIMITS } from './link-limits.ts';

/** Holds back acknowledgements: its oldest reply that nobody has taken. */
export interface ReplyBuffer {
  readonly oldestSeq: number | undefined;
  /** Nothing more comes in. */
  readonly isOver: boolean;
}

export class Acknowledger {
  readonly #onDue: () => void;
  readonly #buffers = new Set<ReplyBuffer>();
  #arrivedSeq = 0;
  #toldSeq = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `onDue`: an acknowledgement should leave with the next frame, made for it if need be. */
  constructor(options: { onDue: () => void }) {
    this.#onDue = options.onDue;
  }

  /** Every reply up to this one is here for good. */
  get seq(): number {
    let seq = this.#arrivedSeq;
    for (const buffer of this.#buffers) {
      const oldest = buffer.oldestSeq;
      if (oldest !== undefined) seq = Math.min(seq, oldest - 1);
      else if (buffer.isOver) this.#buffers.delete(buffer);
    }
    return seq;
  }

  get isNews(): boolean {
    return this.seq > this.#toldSeq;
  }

  watch(buffer: ReplyBuffer): void {
    this.#buffers.add(buffer);
  }

  /** False: this reply was here before. Throws when one is missing in between. */
  note(seq: number): boolean {
    if (seq <= this.#arrivedSeq) return false;
    if (seq !== this.#arrivedSeq + 1) {
      throw new LinkProtocolError(`reply ${seq} came after ${this.#arrivedSeq}`);
    }
    this.#arrivedSeq = seq;
    return true;
  }

  /** After replies arrived, or were taken from a stream. */
  consider(): void {
    const news = this.seq - this.#toldSeq;
    if (news >= LINK_LIMITS.repliesPerAck) this.#onDue();
    else if (news > 0) this.#timer ??= setTimeout(() => this.#onTimer(), LINK_LIMITS.ackDelayMs);
  }

  /** The number that a frame carries now. */
  tell(): number {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#toldSeq = this.seq;
    return this.#toldSeq;
  }

  /** Another kernel is at the other end, which counts from the start. */
  reset(): void {
    this.#arrivedSeq = 0;
    this.#buffers.clear();
    this.stop();
  }

  /** Of what was told on a connection that is gone nothing is sure. */
  stop(): void {
    this.#toldSeq = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#onDue();
  }
}

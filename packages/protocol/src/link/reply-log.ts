// The replies of one session that the client has not acknowledged, in the order of their `seq`, and
// how far the present connection has sent them. `seq` is gap-free from 1.
import { LINK_LIMITS } from './link-limits.ts';

/** In place of the id of the call that a reply ends: it ends none. */
export const NO_CALL = 0;

const COMPACT_AFTER = 1_024;
const NOTHING = new Uint8Array(0);

export class ReplyLog {
  #kept: Uint8Array[] = [];
  /** Beside each of `#kept`: the call that it ends, or `NO_CALL`. */
  #endedCalls: number[] = [];
  /** Index of the oldest that is not acknowledged, in `#kept`. */
  #head = 0;
  #ackedSeq = 0;
  #sentSeq = 0;
  #bytes = 0;

  get unacknowledged(): number {
    return this.#kept.length - this.#head;
  }

  get lastSeq(): number {
    return this.#ackedSeq + this.unacknowledged;
  }

  get isFull(): boolean {
    return (
      this.unacknowledged >= LINK_LIMITS.unacknowledgedRepliesMax ||
      this.#bytes >= LINK_LIMITS.unacknowledgedBytesMax
    );
  }

  /** No more of a stream should be pushed now. */
  get isStreamWindowFull(): boolean {
    return (
      this.unacknowledged >= LINK_LIMITS.streamWindowReplies ||
      this.#bytes >= LINK_LIMITS.streamWindowBytes
    );
  }

  /** The reply must have been encoded with `seq` = `lastSeq` + 1. */
  push(reply: Uint8Array, endsCallId: number): void {
    this.#kept.push(reply);
    this.#endedCalls.push(endsCallId);
    this.#bytes += reply.length;
  }

  /** The next one that this connection has not sent. */
  peekUnsent(): Uint8Array | undefined {
    return this.#kept[this.#head + this.#sentSeq - this.#ackedSeq];
  }

  markSent(): void {
    this.#sentSeq += 1;
  }

  /** On a new connection: everything that is not acknowledged is to be sent again. */
  rewind(): void {
    this.#sentSeq = this.#ackedSeq;
  }

  /** Drops what has arrived; `onEnded` hears of the calls that are over with it. */
  acknowledge(seq: number, onEnded: (callId: number) => void): void {
    while (this.#ackedSeq < seq && this.unacknowledged > 0) {
      const callId = this.#endedCalls[this.#head]!;
      this.#bytes -= this.#kept[this.#head]!.length;
      this.#kept[this.#head] = NOTHING; // Its memory is free before the list is cut.
      this.#head += 1;
      this.#ackedSeq += 1;
      if (callId !== NO_CALL) onEnded(callId);
    }
    this.#sentSeq = Math.max(this.#sentSeq, this.#ackedSeq);
    if (this.#head > COMPACT_AFTER && this.#head * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#head);
      this.#endedCalls = this.#endedCalls.slice(this.#head);
      this.#head = 0;
    }
  }
}

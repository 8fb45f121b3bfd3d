// Calls that were read from the connection but must wait, since the client does not acknowledge, or
// too many calls are owed an answer. Acknowledgements are seen past them, so it resolves by itself.
//   Only when this is full, too, is the connection not read any more. A client that respects its
// own back-pressure never gets there: what it can have on the way is less than what fits in here.
import { LINK_LIMITS } from './link-limits.ts';

const NOTHING = new Uint8Array(0);

export class CallIntake {
  #waiting: Uint8Array[] = [];
  #from = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#from === this.#waiting.length;
  }

  get isFull(): boolean {
    return (
      this.#waiting.length - this.#from >= LINK_LIMITS.waitingCallsMax ||
      this.#bytes >= LINK_LIMITS.waitingCallBytesMax
    );
  }

  /** Low enough to read on after it was full. */
  get hasRoom(): boolean {
    return (
      this.#waiting.length - this.#from <= LINK_LIMITS.waitingCallsMax / 2 &&
      this.#bytes <= LINK_LIMITS.waitingCallBytesMax / 2
    );
  }

  /** An encoded call. */
  add(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
  }

  take(): Uint8Array | undefined {
    const bytes = this.#waiting[this.#from];
    if (!bytes) return undefined;
    this.#waiting[this.#from] = NOTHING;
    this.#from += 1;
    this.#bytes -= bytes.length;
    if (this.isEmpty) this.clear();
    return bytes;
  }

  clear(): void {
    this.#waiting = [];
    this.#from = 0;
    this.#bytes = 0;
  }
}

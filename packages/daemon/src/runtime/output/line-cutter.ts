// Cuts a stream of bytes into lines for people. Bytes that are no UTF-8 become replacement
// characters; a line over the limit is cut, and its rest is the next line.

import { RUNTIME_LIMITS } from '../runtime-limits.ts';

const NEWLINE = 10;

export class LineCutter {
  readonly #onLine: (line: string) => void;
  readonly #bytesMax: number;
  #rest: Buffer[] = [];
  #restBytes = 0;

  constructor(options: { onLine: (line: string) => void; bytesMax?: number }) {
    this.#onLine = options.onLine;
    this.#bytesMax = options.bytesMax ?? RUNTIME_LIMITS.outputLineBytesMax;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(NEWLINE, from);
      if (at < 0) break;
      this.#add(chunk.subarray(from, at));
      this.#emit();
      from = at + 1;
    }
    this.#add(chunk.subarray(from));
  }

  /** The end: what has no newline is a line, too. */
  end(): void {
    if (this.#restBytes > 0) this.#emit();
  }

  #add(part: Buffer): void {
    let left = part;
    while (this.#restBytes + left.length > this.#bytesMax) {
      const room = this.#bytesMax - this.#restBytes;
      this.#keep(left.subarray(0, room));
      this.#emit();
      left = left.subarray(room);
    }
    this.#keep(left);
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#rest.push(part);
    this.#restBytes += part.length;
  }

  #emit(): void {
    const line = Buffer.concat(this.#rest).toString('utf8');
    this.#rest = [];
    this.#restBytes = 0;
    this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  }
}

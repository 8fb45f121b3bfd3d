// Server-sent events, read: bytes in, events out, however the bytes were cut on their way. Line
// ends may be LF, CR or CRLF, as the HTML standard (section 9.2) has it. Not the meaning of the
// data.

import { KernelError } from '@hivekernel/kernel';
import { LLM_LIMITS } from './llm-limits.ts';

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** Feed it the pieces in order; it gives back the events that are complete. */
export class SseParser {
  readonly #decoder = new TextDecoder();
  readonly #bytesMax: number;
  #rest = '';
  #data: string[] = [];
  #dataChars = 0;
  #event = '';
  #skipLf = false;

  constructor(options: { bytesMax?: number } = {}) {
    this.#bytesMax = options.bytesMax ?? LLM_LIMITS.answerBytesMax;
  }

  /** Throws `too_large` when one event passes the bound. */
  push(bytes: Uint8Array): ServerSentEvent[] {
    return this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  /** An event without its closing blank line is not one: the standard drops it. */
  end(): ServerSentEvent[] {
    return this.#take(this.#decoder.decode());
  }

  #take(piece: string): ServerSentEvent[] {
    if (piece === '') return [];
    // The LF of a CRLF whose CR ended the piece before.
    const text = this.#skipLf && piece.startsWith('\n') ? piece.slice(1) : piece;
    this.#skipLf = false;
    const out: ServerSentEvent[] = [];
    const ends = /\r\n|\r|\n/g;
    let from = 0;
    for (let end = ends.exec(text); end; end = ends.exec(text)) {
      this.#line(this.#rest + text.slice(from, end.index), out);
      this.#rest = '';
      from = ends.lastIndex;
      if (end[0] === '\r' && from === text.length) this.#skipLf = true;
    }
    this.#rest += text.slice(from);
    if (this.#rest.length + this.#dataChars > this.#bytesMax) {
      throw new KernelError(
        'too_large',
        `One event of the stream is over ${this.#bytesMax} characters.`,
      );
    }
    return out;
  }

  #line(line: string, out: ServerSentEvent[]): void {
    if (line === '') {
      if (this.#data.length > 0) out.push({ event: this.#event, data: this.#data.join('\n') });
      this.#data = [];
      this.#dataChars = 0;
      this.#event = '';
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const raw = colon < 0 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (field === 'event') this.#event = value;
    if (field !== 'data') return;
    this.#data.push(value);
    this.#dataChars += value.length;
  }
}

// Server-sent events: bytes in pieces of any size in, the `data` of each event out. Not the
// meaning of the data.
import { HiveError } from '../hive-error.ts';

/** One event; a model's chunk is far below it. */
const EVENT_CHARS_MAX = 4 * 1024 * 1024;

/** Line ends are LF, CRLF or CR; comments and other fields are skipped. */
export class SseReader {
  readonly #decoder = new TextDecoder();
  #rest = '';
  #data: string[] = [];
  #chars = 0;

  /** The data of every event that these bytes complete. Throws `too_large`. */
  push(bytes: Uint8Array): string[] {
    return this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The data of an event that the end of the stream left without its empty line. */
  end(): string[] {
    return this.#take(`${this.#decoder.decode()}\n\n`);
  }

  #take(text: string): string[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    const events: string[] = [];
    for (const line of lines) this.#line(line, events);
    if (this.#chars + this.#rest.length > EVENT_CHARS_MAX) {
      throw new HiveError(
        'too_large',
        `One event of the model's answer passes ${EVENT_CHARS_MAX}.`,
      );
    }
    return events;
  }

  #line(line: string, events: string[]): void {
    if (line === '') {
      if (this.#data.length > 0) events.push(this.#data.join('\n'));
      this.#data = [];
      this.#chars = 0;
      return;
    }
    if (!line.startsWith('data:')) return;
    const value = line.slice(line.startsWith('data: ') ? 6 : 5);
    this.#data.push(value);
    this.#chars += value.length;
  }
}

// Drains what an agent prints, for ever: into its log file, to observers line by line, and the last
// lines are kept for messages about a failure. A flood is read a chunk a turn, so that it slows
// only the one who prints.

import type { Readable } from 'node:stream';
import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import { LineCutter } from './line-cutter.ts';
import { LogFile } from './log-file.ts';

export type OutputStream = 'stdout' | 'stderr';

export class AgentOutput {
  readonly #file: LogFile;
  readonly #onLine: (stream: OutputStream, line: string) => void;
  readonly #streams: Readable[] = [];
  readonly #ended: Promise<void>[] = [];
  #lastLines: string[] = [];

  constructor(options: { path: string; onLine: (stream: OutputStream, line: string) => void }) {
    this.#file = new LogFile({ path: options.path });
    this.#onLine = options.onLine;
  }

  drain(name: OutputStream, stream: Readable): void {
    const cutter = new LineCutter({ onLine: (line) => this.#takeLine(name, line) });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#streams.push(stream);
    this.#ended.push(promise);
    stream.on('data', (chunk: Buffer) => {
      this.#file.append(chunk);
      cutter.push(chunk);
      stream.pause();
      setImmediate(() => stream.resume());
    });
    stream.on('error', () => undefined); // 'close' follows, and that is all that counts.
    stream.once('close', () => {
      cutter.end();
      resolve();
    });
  }

  /** The newest lines, oldest first. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  /**
   * After the process's end: resolves when everything is read and written. Who still holds the
   * pipes open (a fork that left the group) is cut off at the deadline.
   */
  async finish(options: { withinMs: number }): Promise<void> {
    const timer = setTimeout(() => {
      for (const stream of this.#streams) stream.destroy();
    }, options.withinMs);
    await Promise.all(this.#ended);
    clearTimeout(timer);
    await this.#file.close();
  }

  #takeLine(stream: OutputStream, line: string): void {
    this.#lastLines.push(line.slice(0, RUNTIME_LIMITS.lastLineCharsMax));
    if (this.#lastLines.length > RUNTIME_LIMITS.lastLinesKept) this.#lastLines.shift();
    this.#onLine(stream, line);
  }
}

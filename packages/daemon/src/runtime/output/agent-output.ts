// Drains what an agent prints, for ever: into its log file, to observers line by line, and the last
// lines are kept for messages about a failure. A flood is read a chunk a turn, so that it slows
// only the one who prints.

import type { Readable } from 'node:stream';
import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import { LineCutter } from './line-cutter.ts';
import { LogFile } from './log-file.ts';

const CUT_NOTE = Buffer.from('[the output was cut off here: its process had ended]\n');

export type OutputStream = 'stdout' | 'stderr';

export class AgentOutput {
  readonly #file: LogFile;
  readonly #onLine: (stream: OutputStream, line: string) => void;
  readonly #streams: Readable[] = [];
  readonly #ended: Promise<void>[] = [];
  #lastLines: string[] = [];
  /** From the process's end on. */
  #silence: NodeJS.Timeout | undefined;
  #isCut = false;

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
      this.#silence?.refresh();
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
   * pipes open (a fork that left the group) is cut off after so much silence, or in the end, and
   * the log says so.
   */
  async finish(options: { silenceMs: number; withinMs: number }): Promise<void> {
    const cut = (): void => this.#cut();
    this.#silence = setTimeout(cut, options.silenceMs);
    const end = setTimeout(cut, options.withinMs);
    await Promise.all(this.#ended);
    clearTimeout(this.#silence);
    clearTimeout(end);
    await this.#file.close();
  }

  #cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#file.append(CUT_NOTE);
    for (const stream of this.#streams) stream.destroy();
  }

  #takeLine(stream: OutputStream, line: string): void {
    this.#lastLines.push(line.slice(0, RUNTIME_LIMITS.lastLineCharsMax));
    if (this.#lastLines.length > RUNTIME_LIMITS.lastLinesKept) this.#lastLines.shift();
    this.#onLine(stream, line);
  }
}

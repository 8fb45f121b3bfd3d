// The three standard streams and what they can do. The only place that touches them.
//   stdout is data, stderr is everything else (UX §4.3). Colour is decided for each stream alone.
//   A reader of stdout that went away (EPIPE) ends the program quietly, unless it has more to do.

import { fstatSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import { safeText } from './plain-text.ts';

export type ColourChoice = 'auto' | 'always' | 'never';
export type Env = Readonly<Record<string, string | undefined>>;

export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Env;
}

export interface Paint {
  readonly hasColour: boolean;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

/** Nobody reads stdout any more: an end, and no failure. */
export class ReaderGoneError extends Error {
  override readonly name = 'ReaderGoneError';
}

export class Terminal {
  readonly env: Env;
  readonly stdin: NodeJS.ReadStream;
  readonly #streams: Streams;
  #choice: ColourChoice = 'auto';
  #staysUnread = false;
  #writes = 0;

  constructor(streams: Streams) {
    this.#streams = streams;
    this.env = streams.env;
    this.stdin = streams.stdin;
    streams.stdout.on('error', (error: Error) => {
      if (!isUnread(error)) throw error;
      if (!this.#staysUnread) process.exit(0);
    });
    // Nobody wants to know how it goes: that is no reason not to go on.
    streams.stderr.on('error', (error: Error) => {
      if (!isUnread(error)) throw error;
    });
  }

  get isOutTty(): boolean {
    return isTty(this.#streams.stdout);
  }

  get isErrTty(): boolean {
    return isTty(this.#streams.stderr);
  }

  get isInTty(): boolean {
    return isTty(this.#streams.stdin);
  }

  /** Whether the cursor may be moved on stderr. */
  get canRedraw(): boolean {
    return this.isErrTty && this.env['TERM'] !== 'dumb';
  }

  /** Columns and rows of stderr's terminal. */
  get size(): { columns: number; rows: number } {
    const { columns, rows } = this.#streams.stderr;
    // A terminal that does not know its size says 0.
    return { columns: Math.max(columns || 80, 20), rows: Math.max(rows || 24, 5) };
  }

  /** Somebody may read stdout, and go away. */
  get isOutPiped(): boolean {
    const { fd } = this.#streams.stdout as { readonly fd?: number };
    return !this.isOutTty && (fd === undefined || !fstatSync(fd).isFile());
  }

  /** How often something was written to stdout. */
  get writes(): number {
    return this.#writes;
  }

  /** Undefined in a pipe: nothing is cut there. */
  get outColumns(): number | undefined {
    return this.isOutTty ? this.#streams.stdout.columns : undefined;
  }

  chooseColour(choice: ColourChoice): void {
    this.#choice = choice;
  }

  /** A reader of stdout that goes away is no reason to end: there is more to do than to print. */
  stayUnread(): void {
    this.#staysUnread = true;
  }

  /** Data. False: the stream wants a pause, see `drained`. */
  out(text: string | Uint8Array): boolean {
    this.#writes += 1;
    return this.#streams.stdout.write(text);
  }

  /**
   * Data that must not be lost: resolves when it is written. Throws `ReaderGoneError` where nobody
   * reads it; after `stayUnread`, for else the program ends there.
   */
  async write(text: string): Promise<void> {
    const { stdout } = this.#streams;
    this.#writes += 1;
    await new Promise<void>((resolve, reject) => {
      stdout.write(text, (error) => {
        if (error) reject(new ReaderGoneError('nobody reads stdout', { cause: error }));
        else resolve();
      });
    });
  }

  /** Text of agents as data: as it is in a pipe, made safe where a person reads it. */
  outText(text: string): void {
    const shown = this.isOutTty ? safeText(text) : text;
    this.out(shown.endsWith('\n') ? shown : `${shown}\n`);
  }

  /** Progress, hints, warnings, errors. */
  err(text: string): void {
    this.#streams.stderr.write(text);
  }

  note(line: string): void {
    this.err(`${line}\n`);
  }

  /** Waits until stdout takes more. Ends with the stream, so it needs no deadline. */
  async drained(): Promise<void> {
    const { stdout } = this.#streams;
    if (!stdout.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      stdout.once('drain', resolve);
      stdout.once('close', resolve);
    });
  }

  get outPaint(): Paint {
    return paintFor(hasColour(this.isOutTty, this.#choice, this.env));
  }

  get errPaint(): Paint {
    return paintFor(hasColour(this.isErrTty, this.#choice, this.env));
  }

  onResize(listener: () => void): () => void {
    this.#streams.stderr.on('resize', listener);
    return () => void this.#streams.stderr.removeListener('resize', listener);
  }

  /** All of stdin, at most so many bytes. */
  async readAll(bytesMax: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of this.#streams.stdin as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new RangeError(`stdin has more than ${bytesMax} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }
}

const isTty = (stream: ReadStream | WriteStream | NodeJS.ReadStream | NodeJS.WriteStream) =>
  stream.isTTY === true;

const isUnread = (error: Error): boolean => 'code' in error && error.code === 'EPIPE';

/** NO_COLOR, FORCE_COLOR, CLICOLOR, TERM=dumb; a flag beats them all. */
export function hasColour(isOnTty: boolean, choice: ColourChoice, env: Env): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'] ?? env['CLICOLOR_FORCE'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return isOnTty && env['TERM'] !== 'dumb' && env['CLICOLOR'] !== '0';
}

const PLAIN: Paint = {
  hasColour: false,
  red: (text) => text,
  green: (text) => text,
  yellow: (text) => text,
  cyan: (text) => text,
  dim: (text) => text,
  bold: (text) => text,
};

const wrap = (open: number, close: number) => (text: string) =>
  text === '' ? text : `\u001b[${open}m${text}\u001b[${close}m`;

const COLOURED: Paint = {
  hasColour: true,
  red: wrap(31, 39),
  green: wrap(32, 39),
  yellow: wrap(33, 39),
  cyan: wrap(36, 39),
  dim: wrap(2, 22),
  bold: wrap(1, 22),
};

const paintFor = (isColoured: boolean): Paint => (isColoured ? COLOURED : PLAIN);

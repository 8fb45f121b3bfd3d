// One side of a pipe between this process and its parent or a child: `ctx.pipe(pid)`. Chunks go
// both ways, in order; the kernel holds 64 of each way, and a writer waits for a reader. It is no
// mail: it ends with either process's run, and nothing of it is kept.
//   M10. Opening succeeds before the other side opened. What is over throws `unavailable`; an end
//   that was said (`end`, `close`) is the end of the data.
//   1. Writes leave in the order in which they were made, awaited or not.
//   2. A read that is given up loses nothing: what comes of it is for the next one.
//   3. A wait ends with the task or process that the pipe was opened for. It is no silence (S6).
import { anySignal } from '../deadline.ts';
import { HiveError } from '../hive-error.ts';
import type { JsonValue } from '../payload.ts';
import type { Caller } from './caller.ts';
import { LongWait } from './long-wait.ts';
import type { Patiently } from './long-wait.ts';
import { linesOf } from './pipe-lines.ts';
import type { LinesOptions } from './pipe-lines.ts';
import { PipeReader } from './pipe-reader.ts';
import { PipeWriter } from './pipe-writer.ts';
import type { PipeWriteOptions } from './pipe-writer.ts';

export interface PipeOptions {
  /** Tells pipes of the same two processes apart; both sides name it alike. */
  readonly name?: string | undefined;
  /** Closes it. */
  readonly signal?: AbortSignal | undefined;
}

export interface PipeReadOptions {
  /** Left out: until something comes, or the task or process ends. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a pipe needs of the context that it is opened by. */
export interface PipeGround {
  readonly caller: Caller;
  readonly patiently: Patiently;
  /** Of the task, else of the process. */
  readonly signal: AbortSignal;
}

export class Pipe implements AsyncIterable<Uint8Array>, AsyncDisposable {
  /** The pid at the other end. */
  readonly peer: number;
  readonly name: string;
  readonly #caller: Caller;
  readonly #reader: PipeReader;
  readonly #writer: PipeWriter;
  /** Ends waits. */
  readonly #signal: AbortSignal | undefined;
  readonly #forget: () => void;
  #closing: Promise<void> | undefined;

  private constructor(ground: PipeGround, peer: number, { name = '', signal }: PipeOptions) {
    const { caller, patiently } = ground;
    this.peer = peer;
    this.name = name;
    this.#caller = caller;
    const wait = new LongWait(patiently);
    const pipe = { peerPid: peer, name };
    this.#reader = new PipeReader({ caller, pipe, wait });
    this.#writer = new PipeWriter({ caller, pipe, wait });
    // What begins after a cancel cleans up, and is not ended by it.
    this.#signal = ground.signal.aborted ? undefined : ground.signal;
    const onAbort = (): void => void this.close().catch(() => undefined);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#forget = () => signal?.removeEventListener('abort', onAbort);
  }

  /** For contexts. */
  static async open(ground: PipeGround, peer: number, options: PipeOptions): Promise<Pipe> {
    const { name = '', signal } = options;
    await ground.caller.call('openPipe', { peerPid: peer, name }, { signal });
    const pipe = new Pipe(ground, peer, options);
    if (signal?.aborted === true) await pipe.close();
    return pipe;
  }

  /**
   * Resolves when the kernel has it. Text is sent as UTF-8. What is larger than 64 KiB goes as
   * several chunks; leave the bytes as they are until then. Where the pipe is full it waits, or
   * with `wait: false`, for at most one chunk, throws `queue_full`.
   */
  write(data: Uint8Array | string, options: PipeWriteOptions = {}): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    return this.#writer.write(bytes, options);
  }

  /** A line for the other side's `lines()`: text as it is, other values as JSON. */
  writeLine(line: JsonValue, options?: PipeWriteOptions): Promise<void> {
    return this.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`, options);
  }

  /** The next chunk; `undefined`: the other side ended. Throws `timed_out`, `unavailable`. */
  async read(options: PipeReadOptions = {}): Promise<Uint8Array | undefined> {
    const { timeoutMs } = options;
    const signal = anySignal(this.#signal, options.signal);
    return this.#reader.next({ timeoutMs, signal });
  }

  /** Chunks, until the other side ends. Leaving the loop early closes nothing. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = this.#reader.take() ?? (await this.#reader.next({ signal: this.#signal }));
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** Lines of UTF-8 without their ends, wherever chunks end; the last one needs no end. */
  lines(options?: LinesOptions): AsyncGenerator<string, void, undefined> {
    return linesOf(this, options);
  }

  /** All until the other side ends, as UTF-8. It is held in memory. */
  async text(): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of this) text += decoder.decode(chunk, { stream: true });
    return text + decoder.decode();
  }

  /** For what reads web streams. Cancelling it closes nothing. */
  get readable(): ReadableStream<Uint8Array> {
    const pull = async (to: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
      const chunk = await this.read();
      if (chunk === undefined) to.close();
      else to.enqueue(chunk);
    };
    // It reads when somebody does, and waits for nobody before (S6).
    return new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  /** For what writes web streams: its close is `end`, its abort is `close`. */
  get writable(): WritableStream<Uint8Array | string> {
    return new WritableStream<Uint8Array | string>({
      write: (chunk) => this.write(chunk),
      close: () => this.end(),
      abort: () => this.close(),
    });
  }

  /** Says that no more will be written; the other side reads what is left, then the end. */
  end(): Promise<void> {
    return this.#closing ?? this.#writer.end();
  }

  /**
   * Both ways, at once: what was not read is dropped, what was not yet taken by the kernel is
   * refused; await what matters first. The other side's writes are refused from now on.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#forget();
    this.#reader.close();
    this.#writer.close();
    try {
      const { peer: peerPid, name } = this;
      await this.#caller.call('closePipe', { peerPid, name, both: true });
    } catch (error) {
      // What there is no more needs no closing.
      if (!(error instanceof HiveError) || error.code !== 'not_found') throw error;
    }
  }
}

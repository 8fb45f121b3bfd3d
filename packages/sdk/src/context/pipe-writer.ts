// The way out of a pipe: chunks in the order in which they were written, at most so many under way
// as the kernel lets wait for room, and so many bytes. What comes back, and closing, is not here.
//   1. All calls leave from one line, `end` among them: nothing overtakes.
//   2. Of what was given up or refused, no chunk that had not left is sent.
import { HiveError } from '../hive-error.ts';
import type { Caller } from './caller.ts';
import type { LongWait } from './long-wait.ts';

export interface PipeWriteOptions {
  /** Where the pipe is full. Default: true. */
  readonly wait?: boolean | undefined;
  /** Gives it up. What the kernel has taken by then stays written. */
  readonly signal?: AbortSignal | undefined;
}

export interface PipeName {
  readonly peerPid: number;
  readonly name: string;
}

interface Outgoing {
  /** Of one `write`; undefined: the end. */
  readonly chunk: Uint8Array | undefined;
  readonly from: Work;
}

/** One `write`, or the end. */
interface Work extends PromiseWithResolvers<void> {
  readonly options: PipeWriteOptions;
  chunksLeft: number;
  isOver: boolean;
}

const CHUNK_BYTES_MAX = 65_536;
/** As many writes as may wait in the kernel: with none of ours is it too many. */
const UNDER_WAY_MAX = 64;
/** Beyond what the pipe itself holds: enough to keep it full. */
const BYTES_UNDER_WAY_MAX = 1_048_576;

export class PipeWriter {
  readonly #caller: Caller;
  readonly #pipe: PipeName;
  readonly #wait: LongWait;
  #line: Outgoing[] = [];
  #at = 0;
  #underWay = 0;
  #bytesUnderWay = 0;
  #ending: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: { caller: Caller; pipe: PipeName; wait: LongWait }) {
    this.#caller = options.caller;
    this.#pipe = options.pipe;
    this.#wait = options.wait;
  }

  async write(bytes: Uint8Array, options: PipeWriteOptions): Promise<void> {
    if (this.#ending !== undefined || this.#isClosed) throw closed();
    if (bytes.length === 0) return;
    const chunks = chunksOf(bytes);
    if (options.wait === false) this.#requireRoom(chunks.length);
    await this.#enter(chunks, options);
  }

  end(): Promise<void> {
    this.#ending ??= this.#enter([undefined], {});
    return this.#ending;
  }

  /** What has not left is refused. */
  close(): void {
    this.#isClosed = true;
    for (const { from } of this.#line.splice(0)) fail(from, closed());
    this.#at = 0;
  }

  /** Several chunks could be taken in part, so who does not wait gives one. */
  #requireRoom(chunks: number): void {
    if (chunks > 1) {
      const what = `Without waiting at most ${CHUNK_BYTES_MAX} bytes are written at once.`;
      throw new HiveError('too_large', what);
    }
    if (this.#hasRoom && this.#line.length === 0) return;
    throw new HiveError('queue_full', 'Earlier writes wait for room in this pipe.');
  }

  #enter(chunks: readonly (Uint8Array | undefined)[], options: PipeWriteOptions): Promise<void> {
    const { signal } = options;
    const chunksLeft = chunks.length;
    const from: Work = { ...Promise.withResolvers<void>(), options, chunksLeft, isOver: false };
    if (signal?.aborted === true) fail(from, givenUp(signal));
    for (const chunk of chunks) this.#line.push({ chunk, from });
    if (signal !== undefined && !this.#hasRoom) {
      const onAbort = (): void => fail(from, givenUp(signal));
      signal.addEventListener('abort', onAbort, { once: true });
      const forget = (): void => signal.removeEventListener('abort', onAbort);
      from.promise.then(forget, forget);
    }
    this.#send();
    return from.promise;
  }

  get #hasRoom(): boolean {
    return this.#underWay < UNDER_WAY_MAX && this.#bytesUnderWay < BYTES_UNDER_WAY_MAX;
  }

  #send(): void {
    while (this.#hasRoom && this.#at < this.#line.length) {
      const { chunk, from } = this.#line[this.#at] as Outgoing;
      this.#at += 1;
      if (from.isOver) continue;
      const bytes = chunk?.length ?? 0;
      this.#underWay += 1;
      this.#bytesUnderWay += bytes;
      const sent = chunk === undefined ? this.#sendEnd() : this.#sendChunk(chunk, from.options);
      this.#wait.during(sent);
      sent.then(
        () => this.#settled(from, { bytes }),
        (error: unknown) => this.#settled(from, { bytes, error }),
      );
    }
    if (this.#at === this.#line.length) {
      this.#line = [];
      this.#at = 0;
    }
  }

  #sendEnd(): Promise<unknown> {
    return this.#caller.call('closePipe', { ...this.#pipe, both: false });
  }

  #sendChunk(chunk: Uint8Array, { wait = true, signal }: PipeWriteOptions): Promise<unknown> {
    const { peerPid, name } = this.#pipe;
    const follows = 'unless-cancelled-before';
    return this.#caller.call(
      'writePipe',
      { peerPid, name, chunk, noWait: !wait },
      signal === undefined ? { follows } : { follows, signal },
    );
  }

  #settled(from: Work, { bytes, error }: { bytes: number; error?: unknown }): void {
    this.#underWay -= 1;
    this.#bytesUnderWay -= bytes;
    from.chunksLeft -= 1;
    if (error !== undefined) fail(from, error);
    else if (from.chunksLeft === 0) from.resolve();
    this.#send();
  }
}

function fail(work: Work, error: unknown): void {
  work.isOver = true;
  work.reject(error);
}

const closed = (): HiveError =>
  new HiveError('wrong_state', 'This pipe was closed for writing on this side.');

const givenUp = ({ reason }: AbortSignal): HiveError =>
  reason instanceof HiveError ? reason : new HiveError('cancelled', 'The write was given up.');

function chunksOf(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length <= CHUNK_BYTES_MAX) return [bytes];
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES_MAX) {
    chunks.push(bytes.subarray(at, at + CHUNK_BYTES_MAX));
  }
  return chunks;
}

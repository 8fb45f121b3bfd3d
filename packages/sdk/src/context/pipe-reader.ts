// The way in of a pipe: fetches what is there in one call, and hands it out chunk by chunk. While
// the second half of a batch is handed out, the next one is on its way.
//   1. One fetch at a time, and it belongs to the pipe, not to who waits for it: giving up a wait
//      leaves what comes of it to the next read.
//   2. A refusal is thrown once, and the next read asks again; the end stays the end.
//   3. Who waits for a chunk is not hung (S6); a fetch that nobody waits for says nothing of that.
import { asHiveError, HiveError } from '../hive-error.ts';
import type { Caller } from './caller.ts';
import type { LongWait } from './long-wait.ts';
import type { PipeName } from './pipe-writer.ts';

interface ReadPatience {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const NOTHING: readonly Uint8Array[] = [];

export class PipeReader {
  readonly #caller: Caller;
  readonly #pipe: PipeName;
  readonly #wait: LongWait;
  #batch = NOTHING;
  #at = 0;
  #next = NOTHING;
  #isEnd = false;
  #refusal: Error | undefined;
  #fetching: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: { caller: Caller; pipe: PipeName; wait: LongWait }) {
    this.#caller = options.caller;
    this.#pipe = options.pipe;
    this.#wait = options.wait;
  }

  /** A chunk that is here already. */
  take(): Uint8Array | undefined {
    if (this.#at === this.#batch.length) {
      this.#batch = this.#next;
      this.#next = NOTHING;
      this.#at = 0;
    }
    const chunk = this.#batch[this.#at];
    if (chunk === undefined) return undefined;
    this.#at += 1;
    const isHalfway = this.#at * 2 > this.#batch.length;
    if (isHalfway && this.#next.length === 0 && this.#refusal === undefined) void this.#fetch();
    return chunk;
  }

  /** Waits for a chunk; `undefined`: the end. */
  async next({ timeoutMs, signal }: ReadPatience): Promise<Uint8Array | undefined> {
    const untilMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
    for (;;) {
      if (this.#isClosed) {
        throw new HiveError('wrong_state', 'This pipe was closed on this side.');
      }
      const chunk = this.take();
      if (chunk !== undefined) return chunk;
      const refusal = this.#refusal;
      this.#refusal = undefined;
      if (refusal !== undefined) throw refusal;
      if (this.#isEnd) return undefined;
      const leftMs = untilMs === undefined ? undefined : Math.max(0, untilMs - performance.now());
      const waiting = until(this.#fetch(), { timeoutMs: leftMs, signal });
      this.#wait.during(waiting);
      await waiting;
    }
  }

  /** Drops what is here; who waits is told. */
  close(): void {
    this.#isClosed = true;
    this.#batch = NOTHING;
    this.#next = NOTHING;
    this.#at = 0;
  }

  /** Never rejects. */
  #fetch(): Promise<void> {
    if (this.#isEnd || this.#isClosed) return Promise.resolve();
    this.#fetching ??= this.#ask().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #ask(): Promise<void> {
    const { peerPid, name } = this.#pipe;
    try {
      const order = { peerPid, name, maxChunks: 0, timeoutMs: 0 };
      const { chunks, end } = await this.#caller.call('readPipe', order);
      if (this.#isClosed) return;
      this.#next = chunks;
      this.#isEnd = end;
    } catch (error) {
      this.#refusal = asHiveError(error);
    }
  }
}

/** Waits for what goes on by itself. Throws `timed_out`, `cancelled`. */
function until(work: Promise<void>, { timeoutMs, signal }: ReadPatience): Promise<void> {
  if (timeoutMs === undefined && signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      const reason: unknown = signal?.reason;
      const cancelled = new HiveError('cancelled', 'The wait was given up.');
      over(() => reject(reason instanceof HiveError ? reason : cancelled));
    };
    const onTimeout = (): void =>
      over(() => reject(new HiveError('timed_out', `Nothing came within ${timeoutMs} ms.`)));
    const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
    const over = (then: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      then();
    };
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    void work.then(() => over(resolve)); // It never rejects.
  });
}

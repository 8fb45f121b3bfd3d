// Appends on their way to the writer thread and back. It serialises each once, sends all of one
// turn of the event loop in one message, and settles them in order.
//   J13. Promises settle in the order of the calls (J4 makes a count enough).

import { KernelError, assert } from '@hivekernel/kernel';
import type { AppendRequest } from '@hivekernel/kernel';
import type { Transferable } from 'node:worker_threads';
import { errorOf } from './journal-thread.ts';
import type { ThreadNews } from './journal-thread.ts';
import type { AppendRow, ToWriter } from './messages.ts';

/** Beyond either, `append` refuses with `queue_full`: the disk is far behind the kernel. */
const QUEUE = { appendsMax: 100_000, bytesMax: 256 * 1024 * 1024 } as const;

/** Settled entries are cut off the front of the list when there are this many. */
const COMPACT_AT = 1_024;

interface Waiting {
  readonly row: Pick<AppendRow, 'partition' | 'lastSeq'>;
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface AppendQueueOptions {
  readonly post: (message: ToWriter, transfer: Transferable[]) => void;
  readonly onDurable: (at: { partition: number; lastSeq: number }) => void;
}

export class AppendQueue {
  readonly #options: AppendQueueOptions;
  #unsent: AppendRow[] = [];
  #moved: Transferable[] = [];
  #waiting: Waiting[] = [];
  /** Where in `#waiting` the oldest unsettled one is. */
  #head = 0;
  #bytes = 0;
  /** Settles when the latest append has, one way or the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: AppendQueueOptions) {
    this.#options = options;
  }

  async append(request: AppendRequest): Promise<void> {
    const refusal = this.#refusalWhenFull();
    if (refusal !== undefined) {
      await this.#last; // J13: a refusal comes after what was asked before.
      throw refusal;
    }
    const row = rowOf(request);
    const blobBytes = row.blobs?.reduce((sum, blob) => sum + blob.bytes.byteLength, 0) ?? 0;
    const bytes = row.body.length + blobBytes;
    const settled = new Promise<void>((resolve, reject) => {
      const { partition, lastSeq } = row;
      this.#waiting.push({ row: { partition, lastSeq }, bytes, resolve, reject });
    });
    this.#bytes += bytes;
    for (const blob of row.blobs ?? []) this.#moved.push(blob.bytes.buffer as ArrayBuffer);
    if (this.#unsent.push(row) === 1) queueMicrotask(() => this.flush());
    this.#last = settled.catch(() => undefined);
    return settled;
  }

  /** Sends what this turn has collected; whatever must come after it calls this first. */
  flush(): void {
    if (this.#unsent.length === 0) return;
    this.#options.post({ kind: 'append', rows: this.#unsent }, this.#moved);
    this.#unsent = [];
    this.#moved = [];
  }

  settle(news: Extract<ThreadNews, { kind: 'settled' }>): void {
    const failures = new Map(news.failures.map(({ at, failure }) => [at, failure]));
    for (let i = 0; i < news.count; i += 1) {
      const waiting = this.#next();
      const failure = failures.get(i);
      if (failure) {
        waiting.reject(errorOf(failure));
        continue;
      }
      this.#options.onDurable(waiting.row);
      waiting.resolve();
    }
  }

  rejectAll(error: KernelError): void {
    this.#unsent = [];
    this.#moved = [];
    while (this.#head < this.#waiting.length) this.#next().reject(error);
  }

  #next(): Waiting {
    const waiting = this.#waiting[this.#head];
    assert(waiting, 'the writer thread settles no more appends than it was sent');
    this.#head += 1;
    this.#bytes -= waiting.bytes;
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return waiting;
  }

  #refusalWhenFull(): KernelError | undefined {
    const count = this.#waiting.length - this.#head;
    if (count < QUEUE.appendsMax && this.#bytes < QUEUE.bytesMax) return undefined;
    return new KernelError(
      'queue_full',
      `The journal is behind: ${count} appends of ${this.#bytes} bytes wait for the disk.`,
      { details: { count, bytes: this.#bytes } },
    );
  }
}

function rowOf(request: AppendRequest): AppendRow {
  const { partition, epoch, events, blobs, outbox } = request;
  const first = events[0];
  const last = events.at(-1);
  assert(first && last, 'an append has at least one event');
  for (let i = 1; i < events.length; i += 1) {
    assert(events[i]?.seq === first.seq + i, 'the events of an append are gap-free');
  }
  return {
    partition,
    epoch,
    firstSeq: first.seq,
    lastSeq: last.seq,
    wallMs: last.wallMs,
    body: JSON.stringify(events),
    // What is moved to the writer is a copy, unless the caller has no use for its bytes.
    blobs: blobs?.map(({ hash, bytes, isGivenAway }) => ({
      hash,
      bytes: isGivenAway === true ? bytes : new Uint8Array(bytes),
    })),
    outbox,
  };
}

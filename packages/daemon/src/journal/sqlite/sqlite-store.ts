// The journal of one machine: `Store` over SQLite (DESIGN D3). This is the main thread's side; the
// file is written by a writer thread with group commit and read by a reader thread of its own, so
// the event loop never waits for the disk. Long jobs (snapshots, retention, verification) are many
// short calls, between which commits go on.

import { KernelError } from '@hivekernel/kernel';
import type {
  AppendRequest,
  Lease,
  OutboxRow,
  RetentionPolicy,
  Snapshot,
  SnapshotToSave,
  Store,
  StoreStats,
  StoredEvent,
} from '@hivekernel/kernel';
import { mkdir } from 'node:fs/promises';
import { partsOf } from '../text-parts.ts';
import { AppendQueue } from './append-queue.ts';
import { BATCH_BYTES, readEvents } from './event-reader.ts';
import { failureOf } from './failure.ts';
import { JournalThread, errorOf } from './journal-thread.ts';
import type { ThreadNews } from './journal-thread.ts';
import type { ReaderCalls, ThreadOptions, WriterCalls } from './messages.ts';
import { SpaceGuard, freeBytesOf } from './space-guard.ts';

const MIB = 1024 * 1024;

const STORE = {
  snapshotsKept: 3,
  /** UTF-16 units of a snapshot's body in one part. */
  snapshotPartChars: 256 * 1024,
  partsPerDrop: 4,
  framesPerDrop: 256,
  blobsPerSweep: 500,
} as const;

export interface SqliteStoreOptions {
  /** The data directory; made when absent. */
  readonly dir: string;
  /** Default 64 MiB; 0 keeps none. */
  readonly ballastBytes?: number;
  /** Default 250: a row costs more than its events, and a commit lasts as long as its rows. */
  readonly commitAppendsMax?: number;
  /** Bodies in one commit; default 256 KiB. A larger append has a commit of its own. */
  readonly commitBytesMax?: number;
  /** Default 5,000. */
  readonly spaceCheckMs?: number;
  /** Told when `stats().isLow` changes. */
  readonly onSpaceChange?: (isLow: boolean) => void;
  /** Port, for tests of low space: bytes free on the disk. */
  readonly freeBytes?: (dir: string) => Promise<number>;
  /** For tests of a full disk: pages that the file may have; 0 is no limit. */
  readonly pagesMax?: number;
}

export class SqliteStore implements Store {
  readonly #threadOptions: ThreadOptions;
  readonly #guard: SpaceGuard;
  readonly #appends: AppendQueue;
  readonly #durable = new Map<number, number>();
  #writer!: JournalThread<WriterCalls>;
  #reader: Promise<JournalThread<ReaderCalls>> | undefined;
  #snapshotTurn: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;
  /** Why nothing more can be written, once the writer is gone. */
  #broken: KernelError | undefined;

  private constructor(options: SqliteStoreOptions) {
    this.#threadOptions = {
      dir: options.dir,
      commitAppendsMax: options.commitAppendsMax ?? 250,
      commitBytesMax: options.commitBytesMax ?? 256 * 1024,
      pagesMax: options.pagesMax ?? 0,
    };
    this.#guard = new SpaceGuard({
      dir: options.dir,
      ballastBytes: options.ballastBytes ?? 64 * MIB,
      checkEveryMs: options.spaceCheckMs ?? 5_000,
      onChange: (isLow) => options.onSpaceChange?.(isLow),
      freeBytes: options.freeBytes ?? freeBytesOf,
    });
    this.#appends = new AppendQueue({
      post: (message, transfer) => this.#writer.post(message, transfer),
      onDurable: ({ partition, lastSeq }) => this.#durable.set(partition, lastSeq),
    });
  }

  /**
   * Opens or makes the journal in `dir`. Throws `conflict` when another daemon holds it or a newer
   * version wrote it, `data_loss` when it is damaged, `permission_denied`, `storage_full`.
   */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const store = new SqliteStore(options);
    try {
      await mkdir(options.dir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw errorOf(failureOf(error));
    }
    store.#writer = await JournalThread.start<WriterCalls>({
      role: 'writer',
      options: store.#threadOptions,
      onNews: (news) => store.#hear(news),
      onGone: (error) => store.#break(error),
    });
    store.#guard.start();
    return store;
  }

  async acquire(request: { partition: number; node: string }): Promise<Lease> {
    const lease = await this.#write('acquire', request);
    this.#durable.set(lease.partition, lease.lastSeq);
    return lease;
  }

  async append(request: AppendRequest): Promise<void> {
    this.#refuseWhenClosed();
    return this.#appends.append(request);
  }

  read(request: {
    partition: number;
    afterSeq: number;
    toSeq?: number;
  }): AsyncIterable<readonly StoredEvent[]> {
    const durableSeq = this.#durable.get(request.partition);
    const bound = (seq: number) => Math.min(seq, request.toSeq ?? seq);
    return durableSeq === undefined
      ? this.#readUnacquired(request, bound)
      : this.#readTo({ ...request, toSeq: bound(durableSeq) });
  }

  async saveSnapshot(request: { epoch: number; snapshot: SnapshotToSave }): Promise<void> {
    const turn = this.#snapshotTurn.then(() => this.#saveInParts(request));
    this.#snapshotTurn = turn.catch(() => undefined);
    await turn;
  }

  async loadSnapshot(request: { partition: number }): Promise<Snapshot | undefined> {
    const found = await this.#ask('loadSnapshot', request);
    if (!found) return undefined;
    const { seq, v } = found;
    const { buffer, byteOffset, byteLength } = found.body;
    const body = Buffer.from(buffer, byteOffset, byteLength).toString();
    return { partition: request.partition, seq, v, body };
  }

  async getBlob(hash: string): Promise<Uint8Array | undefined> {
    return this.#ask('getBlob', { hash });
  }

  async readOutbox(request: { toPartition: number; limit: number }): Promise<readonly OutboxRow[]> {
    return this.#ask('listOutbox', request);
  }

  async deleteOutbox(request: { ids: readonly string[] }): Promise<void> {
    await this.#write('deleteOutbox', request);
  }

  async retain(request: {
    partition: number;
    policy: RetentionPolicy;
  }): Promise<{ droppedBefore: number }> {
    const { partition, policy } = request;
    const { nowWallMs, keepMs, keepBytes } = policy;
    const toSeq = await this.#write('planRetention', { partition, nowWallMs, keepMs, keepBytes });
    const drop = { partition, toSeq, framesMax: STORE.framesPerDrop };
    let isDone = toSeq === 0;
    while (!isDone) isDone = await this.#write('dropFrames', drop);
    const { firstSeq } = await this.#write('measure', { partition });
    await this.#sweepBlobs({ partition, beforeSeq: firstSeq, live: policy.liveHashes });
    return { droppedBefore: firstSeq };
  }

  async verify(request: { partition: number }): Promise<{ lastGoodSeq: number }> {
    const { partition } = request;
    let at = { lastSeq: 0, isEnd: false };
    while (!at.isEnd) {
      const ask = { partition, afterSeq: at.lastSeq, bytesMax: BATCH_BYTES };
      at = await this.#ask('verifyFrames', ask);
    }
    return { lastGoodSeq: at.lastSeq };
  }

  async stats(request: { partition: number }): Promise<StoreStats> {
    const measures = await this.#write('measure', request);
    return { ...measures, isLow: this.#guard.isLow };
  }

  /** Looks at the free space now; true when it is low. */
  async checkSpace(): Promise<boolean> {
    this.#refuseWhenClosed();
    return this.#guard.check();
  }

  /** Waits for what was appended before; a second call is the same close. */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #shut(): Promise<void> {
    await this.#guard.close();
    const reader = await this.#reader?.catch(() => undefined);
    await reader?.call('close', undefined).catch(() => undefined);
    await reader?.end();
    if (!this.#broken) {
      this.#appends.flush();
      await this.#writer.call('close', undefined).catch(() => undefined);
    }
    await this.#writer.end();
  }

  #hear(news: ThreadNews): void {
    if (news.kind === 'settled') this.#appends.settle(news);
    else this.#guard.noteRanOut();
  }

  #break(error: KernelError): void {
    this.#broken = error;
    this.#appends.rejectAll(error);
  }

  #refuseWhenClosed(): void {
    if (this.#broken) throw this.#broken;
    if (this.#closing) throw new KernelError('unavailable', 'The journal is closed.');
  }

  async #write<Name extends keyof WriterCalls>(
    name: Name,
    ask: WriterCalls[Name]['ask'],
  ): Promise<WriterCalls[Name]['answer']> {
    this.#refuseWhenClosed();
    this.#appends.flush();
    return this.#writer.call(name, ask as never);
  }

  async #ask<Name extends keyof ReaderCalls>(
    name: Name,
    ask: ReaderCalls[Name]['ask'],
  ): Promise<ReaderCalls[Name]['answer']> {
    this.#refuseWhenClosed();
    this.#reader ??= this.#startReader();
    const reader = await this.#reader;
    return reader.call(name, ask as never);
  }

  async #startReader(): Promise<JournalThread<ReaderCalls>> {
    const forget = () => {
      this.#reader = undefined;
    };
    try {
      return await JournalThread.start<ReaderCalls>({
        role: 'reader',
        options: this.#threadOptions,
        onNews: () => undefined,
        onGone: forget,
      });
    } catch (error) {
      forget(); // The next read tries again.
      throw error;
    }
  }

  #readTo(request: { partition: number; afterSeq: number; toSeq: number }) {
    const { partition } = request;
    return readEvents({
      ...request,
      fetch: (at) => this.#ask('readFrames', { partition, ...at }),
    });
  }

  async *#readUnacquired(
    request: { partition: number; afterSeq: number },
    bound: (seq: number) => number,
  ): AsyncGenerator<readonly StoredEvent[], void, void> {
    const { lastSeq } = await this.#write('measure', { partition: request.partition });
    yield* this.#readTo({ ...request, toSeq: bound(lastSeq) });
  }

  async #saveInParts(request: { epoch: number; snapshot: SnapshotToSave }): Promise<void> {
    const { epoch, snapshot } = request;
    const { partition, seq, v, body } = snapshot;
    const key = { partition, seq, v };
    if (!(await this.#write('beginSnapshot', { ...key, epoch }))) return;
    let parts = 0;
    for await (const part of cutEach(typeof body === 'string' ? [body] : body)) {
      await this.#write('writeSnapshotPart', { ...key, part: parts, body: part });
      parts += 1;
    }
    await this.#write('sealSnapshot', { ...key, epoch, parts, keep: STORE.snapshotsKept });
    await this.#dropOrphanParts();
  }

  async #dropOrphanParts(): Promise<void> {
    let isDone = false;
    while (!isDone) {
      isDone = await this.#write('dropOrphanParts', { partsMax: STORE.partsPerDrop });
    }
  }

  async #sweepBlobs(at: {
    partition: number;
    beforeSeq: number;
    live: ReadonlySet<string>;
  }): Promise<void> {
    const { partition, beforeSeq, live } = at;
    let afterHash = '';
    for (;;) {
      const limit = STORE.blobsPerSweep;
      const hashes = await this.#ask('listBlobs', { partition, beforeSeq, afterHash, limit });
      const dead = hashes.filter((hash) => !live.has(hash));
      if (dead.length > 0) await this.#write('dropBlobs', { partition, beforeSeq, hashes: dead });
      if (hashes.length < limit) return;
      afterHash = hashes.at(-1) ?? afterHash;
    }
  }
}

async function* cutEach(
  parts: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<string, void, void> {
  for await (const part of parts) yield* partsOf(part, STORE.snapshotPartChars);
}

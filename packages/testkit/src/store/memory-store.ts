// A store in memory that keeps every promise of the port, for tests of what stands on it. It passes
// the suite that the real stores pass. A `MemoryDisk` outlives the store, as a file would; held and
// failing appends are for tests of what waits on durability.

import { KernelError, assert } from '@hivekernel/kernel';
import type {
  AppendRequest,
  ErrorCode,
  Lease,
  OutboxRow,
  RetentionPolicy,
  Snapshot,
  SnapshotToSave,
  Store,
  StoreStats,
  StoredEvent,
} from '@hivekernel/kernel';
import { MemoryDisk, checksumOf } from './memory-disk.ts';
import type { MemoryPartition } from './memory-disk.ts';

const LIMITS = { appendsWaitingMax: 100_000, snapshotsKept: 3, framesPerBatch: 64 } as const;

interface Waiting {
  readonly request: AppendRequest;
  readonly body: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class MemoryStore implements Store {
  readonly #disk: MemoryDisk;
  #waiting: Waiting[] = [];
  /** Settles when the latest append has, one way or the other. */
  #last: Promise<void> = Promise.resolve();
  #isHeld = false;
  #isClosed = false;
  #failNext: ErrorCode | undefined;
  /** The failure that appends inherit which continue from the failed one. */
  readonly #failed = new Map<number, ErrorCode>();

  /** Throws `conflict` while another store has the disk, `data_loss` when it is damaged. */
  constructor(disk: MemoryDisk = new MemoryDisk()) {
    disk.lock();
    this.#disk = disk;
    try {
      disk.checkOnOpen();
    } catch (error) {
      disk.unlock();
      throw error;
    }
  }

  /** Appends wait, neither durable nor refused, until `releaseAppends`. */
  holdAppends(): void {
    this.#isHeld = true;
  }

  releaseAppends(): void {
    this.#isHeld = false;
    this.#drain();
  }

  /** How many appends wait for `releaseAppends`. */
  get appendsHeld(): number {
    return this.#waiting.length;
  }

  /** The next append that reaches the disk fails with `code`, and those that continue from it. */
  failNextAppend(code: ErrorCode = 'storage_full'): void {
    this.#failNext = code;
  }

  async acquire(request: { partition: number; node: string }): Promise<Lease> {
    this.#enter();
    const at = this.#disk.partition(request.partition);
    at.epoch += 1;
    at.isHeldHere = true;
    this.#failed.delete(request.partition);
    return { partition: request.partition, epoch: at.epoch, lastSeq: at.lastSeq };
  }

  async append(request: AppendRequest): Promise<void> {
    this.#refuseWhenClosed();
    if (this.#waiting.length >= LIMITS.appendsWaitingMax) {
      await this.#last; // A refusal comes after what was asked before.
      throw new KernelError('queue_full', `${this.#waiting.length} appends wait already.`);
    }
    const first = request.events[0]?.seq;
    assert(first !== undefined, 'an append has at least one event');
    const isWhole = request.events.every(({ seq }, i) => seq === first + i);
    assert(isWhole, 'the events of an append are gap-free');
    const blobs = request.blobs?.map(({ hash, bytes }) => ({ hash, bytes: bytes.slice() }));
    const copy = blobs ? { ...request, blobs } : request;
    const body = JSON.stringify(request.events);
    const settled = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ request: copy, body, resolve, reject });
      queueMicrotask(() => this.#drain());
    });
    this.#last = settled.catch(() => undefined);
    await settled;
  }

  read(request: {
    partition: number;
    afterSeq: number;
    toSeq?: number;
  }): AsyncIterable<readonly StoredEvent[]> {
    this.#enter();
    const at = this.#disk.partition(request.partition);
    const toSeq = Math.min(at.lastSeq, request.toSeq ?? at.lastSeq);
    return this.#readTo({ ...request, toSeq, at });
  }

  async saveSnapshot(request: { epoch: number; snapshot: SnapshotToSave }): Promise<void> {
    this.#enter();
    const { epoch, snapshot } = request;
    const { partition, seq, v } = snapshot;
    const body = await textOf(snapshot.body);
    this.#enter();
    const at = this.#heldBy({ partition, epoch });
    if (seq < 1 || seq > at.lastSeq) {
      throw new KernelError('conflict', `A snapshot at event ${seq} is not of this log.`);
    }
    if (at.snapshots.some((known) => known.seq === seq && known.v === v)) return;
    at.snapshots.push({ partition, seq, v, body, checksum: checksumOf('', body) });
    at.snapshots.sort((a, b) => a.seq - b.seq || a.v - b.v);
    at.snapshots = at.snapshots.slice(-LIMITS.snapshotsKept);
  }

  async loadSnapshot(request: { partition: number }): Promise<Snapshot | undefined> {
    this.#enter();
    const at = this.#disk.partition(request.partition);
    for (const { partition, seq, v, body, checksum } of at.snapshots.toReversed()) {
      if (checksum === checksumOf('', body)) return { partition, seq, v, body };
    }
    if (at.headSeq === 0) return undefined;
    throw new KernelError('data_loss', `No snapshot of partition ${request.partition} is whole.`);
  }

  async getBlob(hash: string): Promise<Uint8Array | undefined> {
    this.#enter();
    return this.#disk.blobs.get(hash)?.slice();
  }

  async readOutbox(request: { toPartition: number; limit: number }): Promise<readonly OutboxRow[]> {
    this.#enter();
    const rows = this.#disk.outbox.filter((row) => row.toPartition === request.toPartition);
    return rows.slice(0, request.limit);
  }

  async deleteOutbox(request: { ids: readonly string[] }): Promise<void> {
    this.#enter();
    this.#disk.outbox = this.#disk.outbox.filter(({ id }) => !request.ids.includes(id));
  }

  async retain(request: {
    partition: number;
    policy: RetentionPolicy;
  }): Promise<{ droppedBefore: number }> {
    this.#enter();
    const at = this.#disk.partition(request.partition);
    const { nowWallMs, keepMs, keepBytes, liveHashes } = request.policy;
    const boundary = at.snapshots.at(-2)?.seq ?? 0;
    let bytes = at.bytes;
    for (let frame = at.frames[0]; frame; frame = at.frames[0]) {
      const isOver = frame.wallMs < nowWallMs - keepMs || bytes > keepBytes;
      if (!isOver || frame.lastSeq > boundary) break;
      bytes -= frame.bytes;
      at.dropOldest();
    }
    at.snapshots = at.snapshots.filter(({ seq }) => seq >= at.headSeq);
    this.#disk.sweepBlobs({ at, live: liveHashes });
    return { droppedBefore: at.headSeq + 1 };
  }

  async verify(request: { partition: number }): Promise<{ lastGoodSeq: number }> {
    this.#enter();
    return { lastGoodSeq: this.#disk.partition(request.partition).verify() };
  }

  async stats(request: { partition: number }): Promise<StoreStats> {
    this.#enter();
    const { lastSeq, headSeq, bytes, snapshots } = this.#disk.partition(request.partition);
    const snapshotSeqs = snapshots.map(({ seq }) => seq);
    return { lastSeq, firstSeq: headSeq + 1, bytes, snapshotSeqs, isLow: false };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.releaseAppends();
    this.#isClosed = true;
    this.#disk.unlock();
  }

  /** Calls take effect after the appends before them. */
  #enter(): void {
    this.#refuseWhenClosed();
    this.#drain();
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new KernelError('unavailable', 'The journal is closed.');
  }

  #heldBy(lease: { partition: number; epoch: number }): MemoryPartition {
    const at = this.#disk.partition(lease.partition);
    if (at.isHeldHere && at.epoch === lease.epoch) return at;
    const message = `Epoch ${lease.epoch} of partition ${lease.partition} is fenced.`;
    throw new KernelError('fenced', message);
  }

  #drain(): void {
    if (this.#isHeld) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { request, body, resolve, reject } of waiting) {
      const refusal = this.#write(request, body);
      if (refusal) reject(refusal);
      else resolve();
    }
  }

  #write(request: AppendRequest, body: string): KernelError | undefined {
    try {
      const at = this.#heldBy(request);
      const { partition, events, blobs = [], outbox = [] } = request;
      const first = events[0]?.seq ?? 0;
      this.#refuseWhenFailed({ partition, first, lastSeq: at.lastSeq });
      this.#disk.addOutbox(outbox);
      at.add({ events, body });
      this.#failed.delete(partition);
      for (const blob of blobs) this.#disk.addBlob({ blob, at, lastSeq: at.lastSeq });
      return undefined;
    } catch (error) {
      if (error instanceof KernelError) return error;
      throw error;
    }
  }

  #refuseWhenFailed(request: { partition: number; first: number; lastSeq: number }): void {
    const { partition, first, lastSeq } = request;
    const inherited = this.#failed.get(partition);
    if (first !== lastSeq + 1) {
      const code = inherited && first > lastSeq ? inherited : 'conflict';
      throw new KernelError(code, `The log continues with ${lastSeq + 1}, not with ${first}.`);
    }
    const code = this.#failNext;
    this.#failNext = undefined;
    if (code === undefined) return;
    this.#failed.set(partition, code);
    throw new KernelError(code, `The append of event ${first} was made to fail.`);
  }

  async *#readTo(request: {
    partition: number;
    afterSeq: number;
    toSeq: number;
    at: MemoryPartition;
  }): AsyncGenerator<readonly StoredEvent[], void, void> {
    const { toSeq, at } = request;
    let afterSeq = request.afterSeq;
    while (afterSeq < toSeq) {
      this.#refuseWhenClosed();
      const frames = at.framesAfter(afterSeq, LIMITS.framesPerBatch);
      const last = frames.at(-1);
      if (!last) return;
      const events = frames.flatMap(({ body }) => JSON.parse(body) as StoredEvent[]);
      const start = afterSeq;
      const wanted = events.filter(({ seq }) => seq > start && seq <= toSeq);
      if (wanted.length > 0) yield wanted;
      afterSeq = last.lastSeq;
    }
  }
}

async function textOf(body: SnapshotToSave['body']): Promise<string> {
  if (typeof body === 'string') return body;
  let text = '';
  for await (const part of body) text += part;
  return text;
}

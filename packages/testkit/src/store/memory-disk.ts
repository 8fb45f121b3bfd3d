// What a MemoryStore keeps: it outlives the store, as a file outlives a daemon, and can be damaged
// by tests. Not a store: it checks no epoch and knows no waiting.

import { KernelError } from '@hivekernel/kernel';
import type { Blob, OutboxRow, Snapshot, StoredEvent } from '@hivekernel/kernel';

interface MemoryFrame {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly wallMs: number;
  readonly chain: string;
  readonly bytes: number;
  body: string;
}

interface MemorySnapshot extends Snapshot {
  readonly checksum: string;
}

/** FNV-1a over what came before and the text: enough to find what a test damaged. */
export function checksumOf(previous: string, text: string): string {
  let sum = 0x811c9dc5;
  const all = previous + text;
  for (let i = 0; i < all.length; i += 1) {
    sum = Math.imul(sum ^ all.charCodeAt(i), 0x01000193);
  }
  return (sum >>> 0).toString(16);
}

export class MemoryPartition {
  readonly id: number;
  epoch = 0;
  /** Acquired through the store that is open now. */
  isHeldHere = false;
  lastSeq = 0;
  frames: MemoryFrame[] = [];
  snapshots: MemorySnapshot[] = [];
  readonly blobSeqs = new Map<string, number>();
  headSeq = 0;
  #headChain = '';

  constructor(id: number) {
    this.id = id;
  }

  get bytes(): number {
    return this.frames.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  add(append: { events: readonly StoredEvent[]; body: string }): void {
    const { events, body } = append;
    const chain = checksumOf(this.frames.at(-1)?.chain ?? this.#headChain, body);
    const firstSeq = this.lastSeq + 1;
    this.lastSeq += events.length;
    const wallMs = events.at(-1)?.wallMs ?? 0;
    const bytes = new TextEncoder().encode(body).length;
    this.frames.push({ firstSeq, lastSeq: this.lastSeq, wallMs, chain, bytes, body });
  }

  dropOldest(): void {
    const oldest = this.frames.shift();
    this.headSeq = oldest?.lastSeq ?? this.headSeq;
    this.#headChain = oldest?.chain ?? this.#headChain;
  }

  /** Whole frames that hold an event after `seq`; throws `data_loss` at a damaged one. */
  framesAfter(seq: number, count: number): readonly MemoryFrame[] {
    const start = this.#placeAfter(seq);
    const frames = this.frames.slice(start, start + count);
    this.#check(start, frames);
    return frames;
  }

  /** The last seq; throws `data_loss` at the first damaged frame. */
  verify(fromSeq = 0): number {
    const start = this.#placeAfter(fromSeq);
    this.#check(start, this.frames.slice(start));
    return this.lastSeq;
  }

  /** The place of the first frame that ends after `seq`. */
  #placeAfter(seq: number): number {
    let low = 0;
    let high = this.frames.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.frames[middle]?.lastSeq ?? 0) > seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #check(start: number, frames: readonly MemoryFrame[]): void {
    let chain = this.frames[start - 1]?.chain ?? this.#headChain;
    for (const frame of frames) {
      const isWhole = checksumOf(chain, frame.body) === frame.chain;
      if (!isWhole) throw damaged(this.id, frame.firstSeq - 1);
      chain = frame.chain;
    }
  }
}

function damaged(partition: number, lastGoodSeq: number): KernelError {
  const message = `Partition ${partition} is damaged. The last good event is ${lastGoodSeq}.`;
  return new KernelError('data_loss', message, { details: { partition, lastGoodSeq } });
}

export class MemoryDisk {
  readonly blobs = new Map<string, Uint8Array>();
  outbox: OutboxRow[] = [];
  readonly #partitions = new Map<number, MemoryPartition>();
  #isLocked = false;

  lock(): void {
    if (this.#isLocked) {
      throw new KernelError('conflict', 'The disk is locked by another daemon (pid 0).');
    }
    this.#isLocked = true;
    for (const partition of this.#partitions.values()) partition.isHeldHere = false;
  }

  unlock(): void {
    this.#isLocked = false;
  }

  checkOnOpen(): void {
    for (const partition of this.#partitions.values()) {
      partition.verify(partition.snapshots.at(-1)?.seq ?? 0);
    }
  }

  partition(id: number): MemoryPartition {
    const known = this.#partitions.get(id);
    if (known) return known;
    const made = new MemoryPartition(id);
    this.#partitions.set(id, made);
    return made;
  }

  /** All or none; throws `conflict` for an id that is there. */
  addOutbox(rows: readonly OutboxRow[]): void {
    if (rows.length === 0) return;
    const ids = new Set(this.outbox.map(({ id }) => id));
    for (const { id } of rows) {
      if (ids.has(id)) throw new KernelError('conflict', `The outbox has row ${id} already.`);
      ids.add(id);
    }
    this.outbox.push(...rows);
  }

  addBlob(request: { blob: Blob; at: MemoryPartition; lastSeq: number }): void {
    const { blob, at, lastSeq } = request;
    at.blobSeqs.set(blob.hash, lastSeq);
    if (!this.blobs.has(blob.hash)) this.blobs.set(blob.hash, blob.bytes);
  }

  sweepBlobs(request: { at: MemoryPartition; live: ReadonlySet<string> }): void {
    const { at, live } = request;
    for (const [hash, seq] of at.blobSeqs) {
      if (seq <= at.headSeq && !live.has(hash)) at.blobSeqs.delete(hash);
    }
    for (const hash of this.blobs.keys()) {
      const isNamed = [...this.#partitions.values()].some(({ blobSeqs }) => blobSeqs.has(hash));
      if (!isNamed) this.blobs.delete(hash);
    }
  }

  /** Damages the record that holds an event. */
  corruptFrame(at: { partition: number; seq: number }): void {
    const frames = this.partition(at.partition).frames;
    const frame = frames.find(({ lastSeq }) => lastSeq >= at.seq);
    if (frame) frame.body = frame.body.replace(/.$/, '~');
  }

  corruptSnapshot(at: { partition: number; seq: number }): void {
    const partition = this.partition(at.partition);
    partition.snapshots = partition.snapshots.map((snapshot) =>
      snapshot.seq === at.seq ? { ...snapshot, body: `${snapshot.body}~` } : snapshot,
    );
  }
}

// Every interface that the outside must supply. The kernel itself calls only `Chance`; the others
// stand here so that their implementations and their conformance suites share one definition.
//   D3. append(partition, epoch, events, outbox) is the only write; a reply or an effect leaves
//       only after it resolved.

/** An event as the journal keeps it: plain JSON with a gap-free sequence number. */
export interface StoredEvent {
  readonly seq: number;
  /** Wall clock, milliseconds since 1970, for people. */
  readonly wallMs: number;
  /** The kernel's own clock: never goes back, continues over restarts. For ages and timers. */
  readonly monoMs: number;
  readonly kind: string;
  /** Version of this kind's shape; old ones are read through upcasters. */
  readonly v: number;
}

/** Content above the inline limit, addressed by its SHA-256 (lower-case hex). */
export interface Blob {
  readonly hash: string;
  readonly bytes: Uint8Array;
  /** Nobody else's memory: an append may take it away, and leave nothing in `bytes`. */
  readonly isGivenAway?: true;
}

/** A message to another partition; it leaves in the transaction of the events that caused it. */
export interface OutboxRow {
  readonly id: string;
  readonly toPartition: number;
  readonly body: string;
}

export interface AppendRequest {
  readonly partition: number;
  readonly epoch: number;
  /** `seq` of the first is the partition's last_seq + 1; gap-free. At least one. */
  readonly events: readonly StoredEvent[];
  /** Written before or with the events, never after; a known hash is not written twice. */
  readonly blobs?: readonly Blob[];
  readonly outbox?: readonly OutboxRow[];
}

export interface Snapshot {
  readonly partition: number;
  /** The snapshot is the fold of every event up to and including this one. */
  readonly seq: number;
  /** Version of the state's shape. */
  readonly v: number;
  readonly body: string;
}

/**
 * A snapshot on its way to the store: its text whole, or in parts that are asked for in turn, none
 * of which ends between the halves of a surrogate pair.
 */
export type SnapshotToSave = Omit<Snapshot, 'body'> & {
  readonly body: string | AsyncIterable<string>;
};

export interface Lease {
  readonly partition: number;
  readonly epoch: number;
  readonly lastSeq: number;
}

export interface RetentionPolicy {
  readonly nowWallMs: number;
  readonly keepMs: number;
  readonly keepBytes: number;
  /** Hashes that the live state refers to. Blobs go that neither these name nor a kept append
   * came with: an event that must keep content alive comes with it in `blobs`. */
  readonly liveHashes: ReadonlySet<string>;
}

export interface StoreStats {
  readonly lastSeq: number;
  /** The first event that retention has kept; `lastSeq + 1` when there is none. */
  readonly firstSeq: number;
  /** Bytes of the kept events, without blobs and snapshots. */
  readonly bytes: number;
  /** Oldest first. */
  readonly snapshotSeqs: readonly number[];
  /** True below the reserve: growing commands are to be refused (DESIGN §3). */
  readonly isLow: boolean;
}

/**
 * Durable memory of partitions. Every method that fails rejects with a `KernelError`:
 * `storage_full`, `fenced` (another owner or epoch), `data_loss` (damage; the message names the
 * last good event), `conflict` (locked by another daemon, or of a newer version), `unavailable`.
 */
export interface Store {
  /** Takes the partition for `node`: a higher epoch than any before. Creates it when new. */
  acquire(request: { partition: number; node: string }): Promise<Lease>;
  /**
   * Resolves once all of it is durable; otherwise nothing of it is. Calls take effect, and settle,
   * in order. After a failure, those that continue from the failed seq fail with its code too; one
   * that continues from the durable last_seq is tried.
   */
  append(request: AppendRequest): Promise<void>;
  /**
   * Events with `seq > afterSeq`, in order, in batches, up to what was durable at the call. Begins
   * with the first kept one, where retention has dropped some after `afterSeq`.
   */
  read(request: {
    partition: number;
    afterSeq: number;
    toSeq?: number;
  }): AsyncIterable<readonly StoredEvent[]>;
  /** `conflict` for a seq that is not in the log; the same (seq, v) again is kept as it is. */
  saveSnapshot(request: { epoch: number; snapshot: SnapshotToSave }): Promise<void>;
  /**
   * The newest whose checksum holds. Undefined only while the log begins with event 1: without a
   * whole snapshot, a log that retention has cut is `data_loss`.
   */
  loadSnapshot(request: { partition: number }): Promise<Snapshot | undefined>;
  getBlob(hash: string): Promise<Uint8Array | undefined>;
  /** Rows for `toPartition`, oldest first. */
  readOutbox(request: { toPartition: number; limit: number }): Promise<readonly OutboxRow[]>;
  deleteOutbox(request: { ids: readonly string[] }): Promise<void>;
  /**
   * Drops what lies before the second newest snapshot and is over age or size; gives `firstSeq`.
   */
  retain(request: {
    partition: number;
    policy: RetentionPolicy;
  }): Promise<{ droppedBefore: number }>;
  /** Walks the hash chain. Throws `data_loss` at the first break. */
  verify(request: { partition: number }): Promise<{ lastGoodSeq: number }>;
  stats(request: { partition: number }): Promise<StoreStats>;
  /** Waits for the appends before it. A second call is the same close. */
  close(): Promise<void>;
}

/** Seeded chance: one seed is one run. */
export interface Chance {
  /** In [0, 1). */
  next(): number;
}

/** Comes in with every input; the kernel never asks for the time. */
export interface Time {
  readonly wallMs: number;
  readonly monoMs: number;
}

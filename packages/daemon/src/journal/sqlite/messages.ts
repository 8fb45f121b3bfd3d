// What crosses between the main thread and the two journal threads. Plain data only: everything
// here is copied or transferred by the structured clone.
//   J4. The writer answers appends in the order in which they were sent, so answers carry counts
//       and no ids; calls are answered by id.

import type { Blob, Lease, OutboxRow } from '@hivekernel/kernel';
import type { Failure } from './failure.ts';

/** One append, serialised once on the main thread; `body` is the JSON array of its events. */
export interface AppendRow {
  readonly partition: number;
  readonly epoch: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Wall clock of the last event. */
  readonly wallMs: number;
  readonly body: string;
  readonly blobs: readonly Blob[] | undefined;
  readonly outbox: readonly OutboxRow[] | undefined;
}

interface Call<Ask, Answer> {
  readonly ask: Ask;
  readonly answer: Answer;
}

interface SnapshotKey {
  readonly partition: number;
  readonly seq: number;
  readonly v: number;
}

/** Each is one short piece of work: the main side makes long jobs of many calls. */
export interface WriterCalls {
  acquire: Call<{ partition: number; node: string }, Lease>;
  /** False: this very snapshot is already there. */
  beginSnapshot: Call<SnapshotKey & { epoch: number }, boolean>;
  writeSnapshotPart: Call<SnapshotKey & { part: number; body: string }, void>;
  sealSnapshot: Call<SnapshotKey & { epoch: number; parts: number; keep: number }, void>;
  /** Drops a few parts that no snapshot has; true when none is left. */
  dropOrphanParts: Call<{ partsMax: number }, boolean>;
  /** The seq up to which frames may go. */
  planRetention: Call<
    { partition: number; nowWallMs: number; keepMs: number; keepBytes: number },
    number
  >;
  /** Drops a few of the oldest frames; true when none up to `toSeq` is left. */
  dropFrames: Call<{ partition: number; toSeq: number; framesMax: number }, boolean>;
  dropBlobs: Call<{ partition: number; beforeSeq: number; hashes: readonly string[] }, void>;
  deleteOutbox: Call<{ ids: readonly string[] }, void>;
  measure: Call<{ partition: number }, Measures>;
  close: Call<undefined, void>;
}

export interface Measures {
  readonly lastSeq: number;
  readonly firstSeq: number;
  readonly bytes: number;
  readonly snapshotSeqs: readonly number[];
}

/** A stretch of the log: one JSON array of events, whole frames. */
export interface Stretch {
  readonly json: Uint8Array;
  /** The last event in it; `afterSeq` when there was none. */
  readonly lastSeq: number;
}

export interface LoadedSnapshot {
  readonly seq: number;
  readonly v: number;
  readonly body: Uint8Array;
}

export interface ReaderCalls {
  readFrames: Call<{ partition: number; afterSeq: number; bytesMax: number }, Stretch>;
  /** Checks a few frames, bodies included, and says how far it came. */
  verifyFrames: Call<
    { partition: number; afterSeq: number; bytesMax: number },
    { lastSeq: number; isEnd: boolean }
  >;
  loadSnapshot: Call<{ partition: number }, LoadedSnapshot | undefined>;
  getBlob: Call<{ hash: string }, Uint8Array | undefined>;
  listBlobs: Call<
    { partition: number; beforeSeq: number; afterHash: string; limit: number },
    readonly string[]
  >;
  listOutbox: Call<{ toPartition: number; limit: number }, readonly OutboxRow[]>;
  close: Call<undefined, void>;
}

export interface CallMessage {
  readonly kind: 'call';
  readonly id: number;
  readonly name: string;
  readonly ask: unknown;
}

export type ToWriter = CallMessage | { readonly kind: 'append'; readonly rows: AppendRow[] };

export type FromThread =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'returned'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }
  /** The oldest `count` appends are settled; `failures` by their place among these (J4). */
  | {
      readonly kind: 'settled';
      readonly count: number;
      readonly failures: readonly { readonly at: number; readonly failure: Failure }[];
    }
  /** SQLite ran out of space; the ballast, where there was one, is freed. */
  | { readonly kind: 'ranOut' };

/** Handed to either thread when it starts. */
export interface ThreadOptions {
  readonly dir: string;
  readonly commitAppendsMax: number;
  readonly commitBytesMax: number;
  /** For tests of a full disk: the size at which SQLite refuses to grow; 0 is no limit. */
  readonly pagesMax: number;
}

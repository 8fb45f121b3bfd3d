// Snapshots in the journal's tables: written in parts, so that a large one never holds up a commit,
// and made real by one last row that carries the checksum and where the hash chain stood.
//   J8. A snapshot without its row does not exist; the row comes after all parts are durable.

import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { JournalFailure, damage } from './failure.ts';
import { chainHead, linkAt } from './hash-chain.ts';
import type { JournalFile, Row } from './journal-file.ts';
import type { LoadedSnapshot } from './messages.ts';
import { SNAPSHOT } from './schema.ts';

export interface SnapshotKey {
  readonly partition: number;
  readonly seq: number;
  readonly v: number;
}

export interface SnapshotRow {
  readonly key: SnapshotKey;
  readonly parts: number;
  readonly checksum: Uint8Array;
  readonly chain: { readonly seq: number; readonly hash: Uint8Array };
}

const rowOf = (partition: number, row: Row): SnapshotRow => ({
  key: { partition, seq: row['seq'] as number, v: row['v'] as number },
  parts: row['parts'] as number,
  checksum: row['checksum'] as Uint8Array,
  chain: { seq: row['chain_seq'] as number, hash: row['chain_hash'] as Uint8Array },
});

/** Newest first. */
export const listSnapshots = (file: JournalFile, partition: number): readonly SnapshotRow[] =>
  file
    .sql(SNAPSHOT.list)
    .all(partition)
    .map((row) => rowOf(partition, row));

/** Its parts stay until `dropOrphanParts`: many at once would hold up the commits. */
export function dropSnapshot(file: JournalFile, key: SnapshotKey): void {
  file.sql(SNAPSHOT.drop).run(key.partition, key.seq, key.v);
}

/**
 * Drops up to `partsMax` parts that no snapshot has; true when it found fewer. Not while one is
 * being written.
 */
export function dropOrphanParts(file: JournalFile, partsMax: number): boolean {
  const { changes } = file.transact(() => file.sql(SNAPSHOT.dropOrphanParts).run(partsMax));
  return changes < partsMax;
}

/** Writes one snapshot at a time, in the writer thread. */
export class SnapshotWriter {
  readonly #file: JournalFile;
  #checksum: Hash = createHash('sha256');

  constructor(file: JournalFile) {
    this.#file = file;
  }

  /** False when this very snapshot exists. Parts of a save that was cut off go. */
  begin(key: SnapshotKey, lastSeq: number): boolean {
    if (key.seq > lastSeq || key.seq < 1) {
      throw new JournalFailure({
        code: 'conflict',
        message: `A snapshot at event ${key.seq} is not of this log, which ends at ${lastSeq}.`,
        details: { seq: key.seq, lastSeq },
      });
    }
    const { partition, seq, v } = key;
    if (this.#file.sql(SNAPSHOT.has).get(partition, seq, v)) return false;
    this.#checksum = createHash('sha256');
    this.#file.transact(() => this.#file.sql(SNAPSHOT.dropParts).run(partition, seq, v));
    return true;
  }

  writePart(at: SnapshotKey & { part: number; body: string }): void {
    const bytes = Buffer.from(at.body);
    this.#checksum.update(bytes);
    const insert = this.#file.sql(SNAPSHOT.insertPart);
    this.#file.transact(() => insert.run(at.partition, at.seq, at.v, at.part, bytes));
  }

  /** Makes it exist, and lets all but the newest `keep` go. */
  seal(at: SnapshotKey & { parts: number; keep: number }): void {
    const { partition, seq, v, parts } = at;
    const checksum = this.#checksum.digest();
    const link = linkAt(this.#file, { partition, seq });
    this.#file.transact(() => {
      const insert = this.#file.sql(SNAPSHOT.insert);
      insert.run(partition, seq, v, parts, checksum, link.seq, link.hash);
      const old = listSnapshots(this.#file, partition).slice(at.keep);
      for (const { key } of old) dropSnapshot(this.#file, key);
    });
  }
}

/**
 * The newest whose checksum holds; undefined when there is none and the log begins with event 1.
 * Throws `data_loss` when the log cannot be folded without one and none is whole.
 */
export function readSnapshot(file: JournalFile, partition: number): LoadedSnapshot | undefined {
  return file.consistently(() => {
    for (const row of listSnapshots(file, partition)) {
      const body = bodyOf(file, row);
      if (body) return { seq: row.key.seq, v: row.key.v, body };
    }
    const head = chainHead(file, partition);
    if (head.seq === 0) return undefined;
    const what = `no snapshot is whole, and events 1 to ${head.seq} were dropped by retention`;
    throw new JournalFailure(damage({ partition, lastGoodSeq: 0, what }));
  });
}

function bodyOf(file: JournalFile, row: SnapshotRow): Uint8Array | undefined {
  const { partition, seq, v } = row.key;
  const parts: Uint8Array[] = [];
  const checksum = createHash('sha256');
  for (let part = 0; part < row.parts; part += 1) {
    const body = file.sql(SNAPSHOT.getPart).get(partition, seq, v, part)?.['body'];
    if (!(body instanceof Uint8Array)) return undefined;
    checksum.update(body);
    parts.push(body);
  }
  return checksum.digest().equals(row.checksum) ? new Uint8Array(Buffer.concat(parts)) : undefined;
}

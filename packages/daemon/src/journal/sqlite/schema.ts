// The journal's tables and statements, in the subset of SQL that SQLite and PostgreSQL 15 share.
// What differs, and is decided here or by the driver alone:
//   - BLOB is BYTEA there; placeholders are `?` here and `$1` there; PRAGMAs are SQLite's own.
//   - BIGINT comes back as a number from node:sqlite, as a string from common PostgreSQL drivers.
//   - `lease_until` stays 0 here: the lock of the data directory is the lease. There it is the
//     database's `now()` plus the lease.
//   - The guard UPDATE that opens every append makes concurrent writers queue there; here there is
//     one writer thread, and the lock file keeps other processes out.
// Invariants of the data:
//   J1. Frames of a partition are gap-free: first_seq = last_seq of the frame before + 1; the first
//       kept one continues from chain_head.
//   J2. frame.hash = SHA-256(hash of the frame before, then body).
//   J3. partition.last_seq is the last frame's last_seq, moved in the same transaction.

export const SCHEMA_VERSION = 1;

const BYTES = 'BLOB';

/** Each is one statement; run in order on an empty database. */
export const TABLES: readonly string[] = [
  'CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)',
  `CREATE TABLE partition (id BIGINT PRIMARY KEY, owner_node TEXT NOT NULL,
    incarnation BIGINT NOT NULL, epoch BIGINT NOT NULL, last_seq BIGINT NOT NULL,
    lease_until BIGINT NOT NULL)`,
  // What the first kept frame continues from: (0, zeros, 0) until retention drops frames.
  `CREATE TABLE chain_head (partition BIGINT PRIMARY KEY, seq BIGINT NOT NULL,
    hash ${BYTES} NOT NULL, end_bytes BIGINT NOT NULL)`,
  // One row an append. end_bytes: bytes of all bodies ever appended up to and with this one, so
  // that the size of any stretch of the log is a subtraction.
  `CREATE TABLE frame (partition BIGINT NOT NULL, last_seq BIGINT NOT NULL,
    first_seq BIGINT NOT NULL, wall_ms BIGINT NOT NULL, end_bytes BIGINT NOT NULL,
    hash ${BYTES} NOT NULL, body ${BYTES} NOT NULL, PRIMARY KEY (partition, last_seq))`,
  `CREATE TABLE blob (hash TEXT PRIMARY KEY, bytes ${BYTES} NOT NULL)`,
  // last_seq: the newest event of the partition that came with this content.
  `CREATE TABLE blob_ref (hash TEXT NOT NULL, partition BIGINT NOT NULL, last_seq BIGINT NOT NULL,
    PRIMARY KEY (hash, partition))`,
  `CREATE TABLE outbox (id TEXT PRIMARY KEY, from_partition BIGINT NOT NULL, seq BIGINT NOT NULL,
    place BIGINT NOT NULL, to_partition BIGINT NOT NULL, body TEXT NOT NULL)`,
  'CREATE INDEX outbox_by_receiver ON outbox (to_partition, seq, from_partition, place)',
  // A snapshot exists once its row does; parts without a row are of a save that was cut off.
  `CREATE TABLE snapshot (partition BIGINT NOT NULL, seq BIGINT NOT NULL, v BIGINT NOT NULL,
    parts BIGINT NOT NULL, checksum ${BYTES} NOT NULL, chain_seq BIGINT NOT NULL,
    chain_hash ${BYTES} NOT NULL, PRIMARY KEY (partition, seq, v))`,
  `CREATE TABLE snapshot_part (partition BIGINT NOT NULL, seq BIGINT NOT NULL, v BIGINT NOT NULL,
    part BIGINT NOT NULL, body ${BYTES} NOT NULL, PRIMARY KEY (partition, seq, v, part))`,
];

export const PARTITION = {
  take: `INSERT INTO partition (id, owner_node, incarnation, epoch, last_seq, lease_until)
    VALUES (?, ?, 1, 1, 0, 0)
    ON CONFLICT (id) DO UPDATE SET
      incarnation = CASE WHEN partition.owner_node = excluded.owner_node
        THEN partition.incarnation + 1 ELSE 1 END,
      owner_node = excluded.owner_node, epoch = partition.epoch + 1
    RETURNING epoch, last_seq`,
  /** DESIGN §6: no row means fenced. */
  advance: `UPDATE partition SET last_seq = ?
    WHERE id = ? AND owner_node = ? AND epoch = ? AND last_seq = ?`,
  get: 'SELECT owner_node, epoch, last_seq FROM partition WHERE id = ?',
  ids: 'SELECT id FROM partition ORDER BY id',
} as const;

export const FRAME = {
  insert: `INSERT INTO frame (partition, last_seq, first_seq, wall_ms, end_bytes, hash, body)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  /** Frames that hold an event after a seq, oldest first. */
  after: `SELECT first_seq, last_seq, hash, body FROM frame
    WHERE partition = ? AND last_seq > ? ORDER BY last_seq`,
  /** The newest frame that ends at or before a seq. */
  endingBy: `SELECT last_seq, hash, end_bytes FROM frame
    WHERE partition = ? AND last_seq <= ? ORDER BY last_seq DESC LIMIT 1`,
  firstSince: `SELECT first_seq FROM frame
    WHERE partition = ? AND wall_ms >= ? ORDER BY last_seq LIMIT 1`,
  firstReaching: `SELECT last_seq FROM frame
    WHERE partition = ? AND end_bytes >= ? ORDER BY last_seq LIMIT 1`,
  /** The last of the oldest few frames, for dropping in small transactions. */
  endOfOldest: `SELECT MAX(last_seq) AS last_seq FROM (SELECT last_seq FROM frame
    WHERE partition = ? AND last_seq <= ? ORDER BY last_seq LIMIT ?) AS oldest`,
  dropUpTo: 'DELETE FROM frame WHERE partition = ? AND last_seq <= ?',
} as const;

export const CHAIN_HEAD = {
  create: `INSERT INTO chain_head (partition, seq, hash, end_bytes) VALUES (?, 0, ?, 0)
    ON CONFLICT (partition) DO NOTHING`,
  get: 'SELECT seq AS last_seq, hash, end_bytes FROM chain_head WHERE partition = ?',
  move: 'UPDATE chain_head SET seq = ?, hash = ?, end_bytes = ? WHERE partition = ?',
} as const;

export const BLOB = {
  insert: 'INSERT INTO blob (hash, bytes) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING',
  refer: `INSERT INTO blob_ref (hash, partition, last_seq) VALUES (?, ?, ?)
    ON CONFLICT (hash, partition) DO UPDATE SET last_seq = excluded.last_seq`,
  get: 'SELECT bytes FROM blob WHERE hash = ?',
  refsBefore: `SELECT hash FROM blob_ref
    WHERE partition = ? AND last_seq < ? AND hash > ? ORDER BY hash LIMIT ?`,
  dropRef: 'DELETE FROM blob_ref WHERE hash = ? AND partition = ? AND last_seq < ?',
  dropUnreferred: `DELETE FROM blob WHERE hash = ?
    AND NOT EXISTS (SELECT 1 FROM blob_ref WHERE blob_ref.hash = blob.hash)`,
} as const;

export const OUTBOX = {
  insert: `INSERT INTO outbox (id, from_partition, seq, place, to_partition, body)
    VALUES (?, ?, ?, ?, ?, ?)`,
  /** Oldest first; within one sender always in the order of its appends. */
  list: `SELECT id, to_partition, body FROM outbox WHERE to_partition = ?
    ORDER BY seq, from_partition, place LIMIT ?`,
  drop: 'DELETE FROM outbox WHERE id = ?',
} as const;

export const SNAPSHOT = {
  list: `SELECT seq, v, parts, checksum, chain_seq, chain_hash FROM snapshot
    WHERE partition = ? ORDER BY seq DESC, v DESC`,
  has: 'SELECT 1 AS found FROM snapshot WHERE partition = ? AND seq = ? AND v = ?',
  insert: `INSERT INTO snapshot (partition, seq, v, parts, checksum, chain_seq, chain_hash)
    VALUES (?, ?, ?, ?, ?, ?, ?)`,
  drop: 'DELETE FROM snapshot WHERE partition = ? AND seq = ? AND v = ?',
  insertPart: 'INSERT INTO snapshot_part (partition, seq, v, part, body) VALUES (?, ?, ?, ?, ?)',
  getPart: `SELECT body FROM snapshot_part
    WHERE partition = ? AND seq = ? AND v = ? AND part = ?`,
  dropParts: 'DELETE FROM snapshot_part WHERE partition = ? AND seq = ? AND v = ?',
  /** The oldest few parts that no snapshot has. */
  dropOrphanParts: `DELETE FROM snapshot_part WHERE (partition, seq, v, part) IN
    (SELECT partition, seq, v, part FROM snapshot_part AS orphan WHERE NOT EXISTS
      (SELECT 1 FROM snapshot WHERE snapshot.partition = orphan.partition
        AND snapshot.seq = orphan.seq AND snapshot.v = orphan.v)
      ORDER BY partition, seq, v, part LIMIT ?)`,
} as const;

export const META = {
  get: 'SELECT value FROM meta WHERE name = ?',
  set: `INSERT INTO meta (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
} as const;

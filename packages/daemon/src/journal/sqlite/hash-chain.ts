// The hash chain over the frames of a partition, and walking it (J1, J2). Used when the journal is
// opened, when it is read, and when it is verified. Not the meaning of any event.

import { hash } from 'node:crypto';
import { JournalFailure, damage, failureOf, isCorrupt } from './failure.ts';
import type { JournalFile, Row } from './journal-file.ts';
import { CHAIN_HEAD, FRAME } from './schema.ts';

export const HASH_BYTES = 32;

/** What the very first frame continues from. */
export const GENESIS: Uint8Array = new Uint8Array(HASH_BYTES);

const SCRATCH_BYTES = 1024 * 1024;

/** Where the chain stands after a frame. */
export interface ChainLink {
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly endBytes: number;
}

/** Encodes bodies and seals them; keeps one scratch buffer, so each result lasts until the next. */
export class FrameSealer {
  readonly #scratch = Buffer.allocUnsafe(SCRATCH_BYTES);

  seal(previous: Uint8Array, body: string): { body: Uint8Array; hash: Uint8Array } {
    // A UTF-16 unit takes at most three bytes in UTF-8.
    const fits = HASH_BYTES + body.length * 3 <= SCRATCH_BYTES;
    const buffer = fits ? this.#scratch : Buffer.allocUnsafe(HASH_BYTES + Buffer.byteLength(body));
    buffer.set(previous, 0);
    const end = HASH_BYTES + buffer.write(body, HASH_BYTES);
    return {
      body: buffer.subarray(HASH_BYTES, end),
      hash: hash('sha256', buffer.subarray(0, end), 'buffer'),
    };
  }
}

const sealOf = (previous: Uint8Array, body: Uint8Array): Buffer =>
  hash('sha256', Buffer.concat([previous, body]), 'buffer');

const linkOf = (row: Row): ChainLink => ({
  seq: row['last_seq'] as number,
  hash: row['hash'] as Uint8Array,
  endBytes: row['end_bytes'] as number,
});

export function chainHead(file: JournalFile, partition: number): ChainLink {
  const row = file.sql(CHAIN_HEAD.get).get(partition);
  return row ? linkOf(row) : { seq: 0, hash: GENESIS, endBytes: 0 };
}

/** The link of the newest frame that ends at or before `seq`; the head when there is none. */
export function linkAt(file: JournalFile, at: { partition: number; seq: number }): ChainLink {
  const row = file.sql(FRAME.endingBy).get(at.partition, at.seq);
  return row ? linkOf(row) : chainHead(file, at.partition);
}

export interface Walk {
  readonly partition: number;
  /** Frames with an event after this one. */
  readonly afterSeq: number;
  /** Stops after the frame with which it has walked this much. */
  readonly bytesMax: number;
  /** What the first frame must continue from, when that is known from elsewhere. */
  readonly from?: { readonly seq: number; readonly hash: Uint8Array };
  readonly onFrame: (frame: Frame) => void;
}

export interface Frame {
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly body: Uint8Array;
}

/**
 * Walks frames in order, checking that each continues the one before. Throws `data_loss` at the
 * first that does not, naming the last good event.
 */
export function walkChain(file: JournalFile, walk: Walk): { lastSeq: number; isEnd: boolean } {
  const { partition } = walk;
  let good: { seq: number; hash: Uint8Array } = { seq: walk.afterSeq, hash: GENESIS };
  try {
    good = walk.from ?? linkAt(file, { partition, seq: walk.afterSeq });
    let walkedBytes = 0;
    for (const row of file.sql(FRAME.after).iterate(partition, walk.afterSeq)) {
      const frame = frameOf(row);
      const seal = sealOf(good.hash, frame.body);
      const what = breakOf({ row, frame, afterSeq: good.seq, seal });
      if (what) throw new JournalFailure(damage({ partition, lastGoodSeq: good.seq, what }));
      walk.onFrame(frame);
      good = { seq: frame.lastSeq, hash: seal };
      walkedBytes += frame.body.byteLength;
      if (walkedBytes >= walk.bytesMax) return { lastSeq: good.seq, isEnd: false };
    }
    return { lastSeq: good.seq, isEnd: true };
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    const what = failureOf(error).message;
    throw new JournalFailure(damage({ partition, lastGoodSeq: good.seq, what }), error);
  }
}

const frameOf = (row: Row): Frame => ({
  firstSeq: row['first_seq'] as number,
  lastSeq: row['last_seq'] as number,
  body: row['body'] as Uint8Array,
});

function breakOf(at: { row: Row; frame: Frame; afterSeq: number; seal: Buffer }): string | null {
  const { firstSeq, lastSeq } = at.frame;
  if (firstSeq !== at.afterSeq + 1 || lastSeq < firstSeq) {
    return `event ${at.afterSeq + 1} is missing (the next record holds ${firstSeq} to ${lastSeq})`;
  }
  if (!at.seal.equals(at.row['hash'] as Uint8Array)) {
    return `the record of events ${firstSeq} to ${lastSeq} does not match its checksum`;
  }
  return null;
}

/** The events of a body must be exactly those of its frame. Throws `data_loss` when not. */
export function checkBody(frame: Frame, partition: number): void {
  const events = parsed(frame.body);
  const isWhole =
    Array.isArray(events) &&
    events.length === frame.lastSeq - frame.firstSeq + 1 &&
    events.every((event: { seq?: unknown }, i) => event.seq === frame.firstSeq + i);
  if (isWhole) return;
  const what = `the record of events ${frame.firstSeq} to ${frame.lastSeq} cannot be read`;
  throw new JournalFailure(damage({ partition, lastGoodSeq: frame.firstSeq - 1, what }));
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    return undefined;
  }
}

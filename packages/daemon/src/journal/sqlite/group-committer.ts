// Turns waiting appends into one transaction with one disk sync, inside the writer thread. It holds
// the durable tail of each partition; nothing moves it but a commit that succeeded.
//   J6. An append that fails changes nothing. Those that continue from it fail with its code, until
//       one comes that continues from the durable last_seq.
//   J7. One bad append does not fail the others of its group: a group that fails is tried again
//       one by one.

import type { Lease } from '@hivekernel/kernel';
import { JournalFailure, failureOf } from './failure.ts';
import type { Failure } from './failure.ts';
import { FrameSealer, GENESIS, linkAt } from './hash-chain.ts';
import type { ChainLink } from './hash-chain.ts';
import type { JournalFile } from './journal-file.ts';
import type { AppendRow } from './messages.ts';
import { BLOB, CHAIN_HEAD, FRAME, OUTBOX, PARTITION } from './schema.ts';

interface Held {
  readonly node: string;
  readonly epoch: number;
  readonly tail: ChainLink;
  /** The failure that later appends inherit (J6). */
  readonly failed: Failure | undefined;
}

/** One outcome an append; undefined is success. */
export type Outcome = Failure | undefined;

export class GroupCommitter {
  readonly #file: JournalFile;
  readonly #sealer = new FrameSealer();
  readonly #held = new Map<number, Held>();

  constructor(file: JournalFile) {
    this.#file = file;
  }

  /** Takes a partition with a new epoch; whoever held it before is fenced. */
  acquire(request: { partition: number; node: string }): Lease {
    const { partition, node } = request;
    const row = this.#file.transact(() => {
      this.#file.sql(CHAIN_HEAD.create).run(partition, GENESIS);
      return this.#file.sql(PARTITION.take).get(partition, node);
    });
    const epoch = row?.['epoch'] as number;
    const lastSeq = row?.['last_seq'] as number;
    const tail = linkAt(this.#file, { partition, seq: lastSeq });
    this.#held.set(partition, { node, epoch, tail, failed: undefined });
    return { partition, epoch, lastSeq };
  }

  /** Throws `fenced` unless this epoch still holds the partition. */
  check(at: { partition: number; epoch: number }): Held {
    const held = this.#held.get(at.partition);
    if (held?.epoch === at.epoch) return held;
    const holder = held ? `epoch ${held.epoch} holds it` : 'nobody here has acquired it';
    throw new JournalFailure({
      code: 'fenced',
      message: `Epoch ${at.epoch} of partition ${at.partition} is fenced: ${holder}.`,
      details: { partition: at.partition, epoch: at.epoch },
    });
  }

  commit(rows: readonly AppendRow[]): readonly Outcome[] {
    const tails = new Map<number, ChainLink>();
    const outcomes = rows.map((row) => this.#admit(row, tails));
    const admitted = rows.filter((_, i) => outcomes[i] === undefined);
    if (admitted.length === 0) return outcomes;
    try {
      this.#write(admitted);
      return outcomes;
    } catch (error) {
      if (rows.length > 1) return rows.flatMap((row) => this.commit([row])); // J7
      const failure = failureOf(error);
      this.#fail(admitted, failure);
      return [failure];
    }
  }

  /** Would it continue the log, after those before it in the group? */
  #admit(row: AppendRow, lastSeqs: Map<number, ChainLink>): Outcome {
    try {
      const held = this.check(row);
      const tail = lastSeqs.get(row.partition) ?? held.tail;
      if (row.firstSeq === tail.seq + 1) {
        lastSeqs.set(row.partition, { ...tail, seq: row.lastSeq });
        return undefined;
      }
      if (held.failed && row.firstSeq > tail.seq) return held.failed; // J6
      return {
        code: 'conflict',
        message:
          `Partition ${row.partition} continues with event ${tail.seq + 1}, ` +
          `not with ${row.firstSeq}.`,
        details: { partition: row.partition, expectedSeq: tail.seq + 1, firstSeq: row.firstSeq },
      };
    } catch (error) {
      return failureOf(error);
    }
  }

  #write(rows: readonly AppendRow[]): void {
    const ofPartition = byPartition(rows);
    const tails = this.#file.transact(() =>
      [...ofPartition].map(([partition, mine]) => this.#extend(partition, mine)),
    );
    for (const { partition, held, tail } of tails) {
      this.#held.set(partition, { ...held, tail, failed: undefined });
    }
  }

  #extend(partition: number, rows: readonly AppendRow[]) {
    const held = this.check({ partition, epoch: rows[0]?.epoch ?? 0 });
    const { node, epoch } = held;
    const lastSeq = rows.at(-1)?.lastSeq ?? held.tail.seq;
    const guard = this.#file.sql(PARTITION.advance);
    const { changes } = guard.run(lastSeq, partition, node, epoch, held.tail.seq);
    if (changes !== 1) {
      const message = `Partition ${partition} was taken from epoch ${epoch} by another owner.`;
      throw new JournalFailure({ code: 'fenced', message, details: { partition, epoch } });
    }
    const tail = rows.reduce((from, row) => this.#insert(row, from), held.tail);
    return { partition, held, tail };
  }

  #insert(row: AppendRow, from: ChainLink): ChainLink {
    const { partition, firstSeq, lastSeq, wallMs } = row;
    for (const { hash, bytes } of row.blobs ?? []) {
      this.#file.sql(BLOB.insert).run(hash, bytes);
      this.#file.sql(BLOB.refer).run(hash, partition, lastSeq);
    }
    const { body, hash } = this.#sealer.seal(from.hash, row.body);
    const endBytes = from.endBytes + body.byteLength;
    const frame = this.#file.sql(FRAME.insert);
    frame.run(partition, lastSeq, firstSeq, wallMs, endBytes, hash, body);
    for (const [place, out] of (row.outbox ?? []).entries()) {
      const insert = this.#file.sql(OUTBOX.insert);
      insert.run(out.id, partition, lastSeq, place, out.toPartition, out.body);
    }
    return { seq: lastSeq, hash, endBytes };
  }

  #fail(rows: readonly AppendRow[], failure: Failure): void {
    for (const { partition } of rows) {
      const held = this.#held.get(partition);
      if (held) this.#held.set(partition, { ...held, failed: failure });
    }
  }
}

function byPartition(rows: readonly AppendRow[]): ReadonlyMap<number, readonly AppendRow[]> {
  const groups = new Map<number, AppendRow[]>();
  for (const row of rows) {
    const group = groups.get(row.partition);
    if (group) group.push(row);
    else groups.set(row.partition, [row]);
  }
  return groups;
}

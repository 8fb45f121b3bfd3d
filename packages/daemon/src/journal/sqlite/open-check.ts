// What is checked when the journal is opened (DESIGN §4, damaged file): for each partition, the
// chain from the newest snapshot on, and that the log ends where the partition says (J3). Cheap:
// what lies before the newest snapshot is left to `verify`, and to each read of it.

import { JournalFailure, damage, failureOf, isCorrupt } from './failure.ts';
import { chainHead, walkChain } from './hash-chain.ts';
import type { JournalFile } from './journal-file.ts';
import { PARTITION } from './schema.ts';
import { listSnapshots } from './snapshot-rows.ts';

/** Throws `data_loss` naming the last good event. */
export function checkOnOpen(file: JournalFile): void {
  const partitions = file.sql(PARTITION.ids).all();
  for (const row of partitions) checkPartition(file, row['id'] as number);
}

function checkPartition(file: JournalFile, partition: number): void {
  try {
    const from = listSnapshots(file, partition)[0]?.chain ?? chainHead(file, partition);
    const walk = { partition, afterSeq: from.seq, from, bytesMax: Infinity };
    const { lastSeq } = walkChain(file, { ...walk, onFrame: () => undefined });
    checkEnd(file, { partition, lastSeq });
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    const what = failureOf(error).message;
    const lastGoodSeq = bestEffortEnd(file, partition);
    throw new JournalFailure(damage({ partition, lastGoodSeq, what }), error);
  }
}

/** Throws `data_loss` when the log does not end where its partition says. */
export function checkEnd(file: JournalFile, at: { partition: number; lastSeq: number }): void {
  const { partition, lastSeq } = at;
  const said = (file.sql(PARTITION.get).get(partition)?.['last_seq'] as number | undefined) ?? 0;
  if (said === lastSeq) return;
  const lastGoodSeq = Math.min(said, lastSeq);
  const what = `the log ends at event ${lastSeq}, and its record says ${said}`;
  throw new JournalFailure(damage({ partition, lastGoodSeq, what }));
}

function bestEffortEnd(file: JournalFile, partition: number): number {
  let lastSeq = 0;
  const onFrame = (frame: { lastSeq: number }) => {
    lastSeq = frame.lastSeq;
  };
  try {
    walkChain(file, { partition, afterSeq: 0, bytesMax: Infinity, onFrame });
  } catch {
    // The walk has come as far as the file can be read; that is the answer.
  }
  return lastSeq;
}

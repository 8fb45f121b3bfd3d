// Which frames and blobs may go (DESIGN §3, Retention), and dropping them a few at a time, so that
// commits go on in between.
//   J9. Nothing after the second newest snapshot goes: the newest may turn out to be damaged.
//   J10. The head of the chain moves in the transaction that drops the frames before it, so that
//        what is kept can always be verified.

import type { JournalFile } from './journal-file.ts';
import { chainHead, linkAt } from './hash-chain.ts';
import { BLOB, CHAIN_HEAD, FRAME } from './schema.ts';
import { dropSnapshot, listSnapshots } from './snapshot-rows.ts';

export interface RetentionAsk {
  readonly partition: number;
  readonly nowWallMs: number;
  readonly keepMs: number;
  readonly keepBytes: number;
}

/** The seq up to which frames may go: over age or over size, and before the second snapshot. */
export function planRetention(file: JournalFile, ask: RetentionAsk): number {
  const { partition } = ask;
  const boundary = listSnapshots(file, partition)[1]?.key.seq;
  if (boundary === undefined) return 0;
  const end = linkAt(file, { partition, seq: Number.MAX_SAFE_INTEGER });
  const firstYoung = file.sql(FRAME.firstSince).get(partition, ask.nowWallMs - ask.keepMs);
  const overAgeSeq = firstYoung ? (firstYoung['first_seq'] as number) - 1 : end.seq;
  const overBytes = end.endBytes - ask.keepBytes;
  const isOverSize = overBytes > chainHead(file, partition).endBytes;
  const reaching = isOverSize ? file.sql(FRAME.firstReaching).get(partition, overBytes) : undefined;
  const overSizeSeq = (reaching?.['last_seq'] as number | undefined) ?? 0;
  const seq = Math.min(boundary, Math.max(overAgeSeq, overSizeSeq));
  return linkAt(file, { partition, seq }).seq;
}

/** Drops up to `framesMax` of the oldest frames; true when none up to `toSeq` is left. */
export function dropFrames(
  file: JournalFile,
  ask: { partition: number; toSeq: number; framesMax: number },
): boolean {
  const { partition, toSeq } = ask;
  return file.transact(() => {
    const oldest = file.sql(FRAME.endOfOldest).get(partition, toSeq, ask.framesMax);
    const seq = oldest?.['last_seq'] as number | null | undefined;
    if (seq == null) return true;
    const link = linkAt(file, { partition, seq });
    file.sql(CHAIN_HEAD.move).run(link.seq, link.hash, link.endBytes, partition);
    file.sql(FRAME.dropUpTo).run(partition, seq);
    // A snapshot from before the first kept event leads nowhere.
    const lost = listSnapshots(file, partition).filter(({ key }) => key.seq < seq);
    for (const { key } of lost) dropSnapshot(file, key);
    return seq >= toSeq;
  });
}

/** Blobs that no event from `beforeSeq` on came with; one that came again meanwhile stays. */
export function dropBlobs(
  file: JournalFile,
  ask: { partition: number; beforeSeq: number; hashes: readonly string[] },
): void {
  file.transact(() => {
    for (const hash of ask.hashes) {
      file.sql(BLOB.dropRef).run(hash, ask.partition, ask.beforeSeq);
      file.sql(BLOB.dropUnreferred).run(hash);
    }
  });
}

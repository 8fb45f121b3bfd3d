// The follower's thread: folds the journal with a kernel of its own and hands back the state as one
// text, then ends; all its memory goes with it. Started by snapshot-folding, never imported.
//   D3. It replays what is durable, so that the kernel that serves never pauses for a snapshot.

import { KernelError, SNAPSHOT_VERSION } from '@hivekernel/kernel';
import { parentPort, workerData } from 'node:worker_threads';
import { loadKernel } from './recovery.ts';
import { SnapshotSource } from './snapshot-source.ts';
import type { FoldAsk, FoldNews, FoldedState } from './snapshot-folding.ts';
import { failureOf, type Failure } from './sqlite/failure.ts';

async function fold({ dir, partition, settings }: FoldAsk): Promise<FoldedState> {
  const source = new SnapshotSource(dir);
  try {
    const kernel = await loadKernel({ store: source, settings, partition });
    const seq = kernel.state.log.lastSeq;
    const body = seq > source.snapshotSeq ? kernel.snapshot() : undefined;
    return { seq, v: SNAPSHOT_VERSION, body, liveHashes: [...new Set(kernel.liveHashes())] };
  } finally {
    source.close();
  }
}

/** Plain data: an error's code does not cross to another thread. */
function failureIn(error: unknown): Failure {
  if (!(error instanceof KernelError)) return failureOf(error);
  const { code, message, details } = error;
  return { code, message, details };
}

if (parentPort) {
  const port = parentPort;
  const tell = (news: FoldNews): void => port.postMessage(news);
  fold(workerData as FoldAsk).then(
    (state) => tell({ kind: 'folded', state }),
    (error: unknown) => tell({ kind: 'failed', failure: failureIn(error) }),
  );
}

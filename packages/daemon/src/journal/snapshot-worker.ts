// The follower's thread: folds the journal with a kernel of its own and hands back the state as one
// text, in parts; when it ends, all its memory goes with it. Started by snapshot-folding, never
// imported.
//   D3. It replays what is durable, so that the kernel that serves never pauses for a snapshot.

import { KernelError, SNAPSHOT_VERSION } from '@hivekernel/kernel';
import { parentPort, workerData } from 'node:worker_threads';
import { loadKernel } from './recovery.ts';
import type { FoldAsk, FoldCall, FoldNews } from './snapshot-folding.ts';
import { SnapshotSource } from './snapshot-source.ts';
import { failureOf, type Failure } from './sqlite/failure.ts';
import { partsOf } from './text-parts.ts';

const PART_CHARS = 256 * 1024;

let parts: Iterator<string, void> = [].values();

async function fold({ dir, partition, settings }: FoldAsk): Promise<FoldNews> {
  const source = new SnapshotSource(dir);
  try {
    const kernel = await loadKernel({ store: source, settings, partition });
    const seq = kernel.state.log.lastSeq;
    const isNew = seq > source.snapshotSeq;
    if (isNew) parts = partsOf(kernel.snapshot(), PART_CHARS);
    const liveHashes = [...new Set(kernel.liveHashes())];
    return { kind: 'folded', seq, v: SNAPSHOT_VERSION, liveHashes, isNew };
  } finally {
    source.close();
  }
}

function nextPart(): FoldNews {
  const next = parts.next();
  return { kind: 'part', text: next.done === true ? undefined : next.value };
}

/** Plain data: an error's code does not cross to another thread. */
function failureIn(error: unknown): Failure {
  if (!(error instanceof KernelError)) return failureOf(error);
  const { code, message, details } = error;
  return { code, message, details };
}

if (parentPort) {
  const port = parentPort;
  const answer = async (call: FoldCall): Promise<FoldNews> =>
    call === 'fold' ? fold(workerData as FoldAsk) : nextPart();
  const tell = (news: FoldNews): void => port.postMessage(news);
  port.on('message', (call: FoldCall) => {
    answer(call).then(tell, (error: unknown) => {
      tell({ kind: 'failed', failure: failureIn(error) });
    });
  });
}

// Results of processes that ended, as messages of the wire.
//   A result is told once (S8), so no reply may fail for its size: where the outputs of one reply
//   are too long for a frame together, the longest are cut, all to the same length, and say so.

import { LIMITS } from '@hivekernel/kernel';
import type { WaitReport } from '@hivekernel/kernel';
import type { agent } from '@hivekernel/protocol';
import { shownInt32 } from './wire-numbers.ts';

export function toResult(report: WaitReport): agent.WaitChildResponse {
  const { pid, name, exitCode, output, cause } = report;
  const result = { pid, name, exitCode: shownInt32(exitCode), output, cause };
  return { success: true, error: '', errorCode: '', ...result };
}

/** Of one reply, what is left for outputs beside its envelope. */
const OUTPUT_BYTES_MAX = LIMITS.frameBytesMax - LIMITS.artifactBytesMax / 16;
/** Of one result beside its output: name, cause, numbers, and the words that tell of a cut. */
const RESULT_OVERHEAD_BYTES = 512;

export function toResults(reports: readonly WaitReport[]): agent.WaitChildResponse[] {
  const sizes = reports.map(({ output }) => Buffer.byteLength(output));
  const room = OUTPUT_BYTES_MAX - reports.length * RESULT_OVERHEAD_BYTES;
  const share = fairShare(sizes, Math.max(0, room));
  return reports.map((report) => toResult({ ...report, output: cut(report.output, share) }));
}

/** How much each may have at most, so that all together fit. */
function fairShare(sizes: readonly number[], room: number): number {
  let left = room;
  let count = sizes.length;
  for (const size of sizes.toSorted((a, b) => a - b)) {
    const share = Math.floor(left / count);
    if (size > share) return share;
    left -= size;
    count -= 1;
  }
  return room;
}

function cut(output: string, bytesMax: number): string {
  const bytes = Buffer.from(output);
  if (bytes.length <= bytesMax) return output;
  // With `stream` a character that was cut in half is left out.
  const head = new TextDecoder().decode(bytes.subarray(0, bytesMax), { stream: true });
  return `${head}\n(cut: ${bytes.length} bytes are too many for one reply)`;
}

// Results of processes that ended, and lists of processes, as messages of the wire.
//   A result is told once (S8), and a list is wanted most when much has gone wrong, so no reply may
//   fail for its size: where the outputs of one reply are too long for a frame together, the
//   longest are cut, all to the same length, and say so.

import { LIMITS } from '@hivekernel/kernel';
import type { ProcessView, WaitReport } from '@hivekernel/kernel';
import type { agent, core } from '@hivekernel/protocol';
import { toProcessInfo } from './views.ts';
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

/** Beside its output and its end in a sentence: names, addresses, numbers. */
const INFO_OVERHEAD_BYTES = 4_096;
/** An end in a sentence, with the last lines that were printed; longer ones are cut in a list. */
const DETAIL_BYTES_MAX = 2_048;

export function toProcessInfos(views: readonly ProcessView[]): core.ProcessInfo[] {
  const sizes = views.map(({ exit }) => Buffer.byteLength(exit?.output ?? ''));
  const room = OUTPUT_BYTES_MAX - views.length * INFO_OVERHEAD_BYTES;
  const share = fairShare(sizes, Math.max(0, room));
  return views.map((view) => {
    const info = toProcessInfo(view);
    const exitDetail = cut(info.exitDetail, DETAIL_BYTES_MAX);
    return { ...info, output: cut(info.output, share), exitDetail };
  });
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

const UTF8_BYTES_PER_UNIT_MAX = 3;

function cut(output: string, bytesMax: number): string {
  if (output.length * UTF8_BYTES_PER_UNIT_MAX <= bytesMax) return output;
  const bytes = Buffer.from(output);
  if (bytes.length <= bytesMax) return output;
  // With `stream` a character that was cut in half is left out.
  const head = new TextDecoder().decode(bytes.subarray(0, bytesMax), { stream: true });
  return `${head}\n(cut: ${bytes.length} bytes are too many for one reply)`;
}

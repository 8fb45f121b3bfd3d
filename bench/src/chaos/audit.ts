// The process table beside what runs: each row against /proc, and each marked OS process against
// the rows. It only looks; when it is calm enough to look is the caller's to say.

import type { AgentView } from '@hivekernel/client';
import { describeOs, lookAt, type OsProcess } from '../os-processes.ts';

export interface Mismatch {
  /** 0: of nobody. */
  readonly pid: number;
  readonly what: string;
}

/** States in which there is no OS process to be expected. */
const WITHOUT = new Set(['sleeping', 'zombie', 'dead']);

export function mismatches(
  rows: readonly AgentView[],
  marked: readonly OsProcess[],
  look: (osPid: number) => OsProcess | undefined = lookAt,
): readonly Mismatch[] {
  const links = new Set<string>();
  const found: Mismatch[] = [];
  for (const row of rows) {
    if (row.isVirtual) continue;
    const process = row.osPid === 0 ? undefined : look(row.osPid);
    if (process !== undefined) links.add(process.link);
    const what = brokenRow(row, process);
    if (what !== undefined) found.push({ pid: row.pid, what: `process ${row.pid} ${what}` });
  }
  for (const { osPid, link } of marked) {
    if (links.has(link)) continue;
    const what = `${describeOs(osPid)} runs with link ${link}, and no row of the table has that`;
    found.push({ pid: Number(/(\d+)-\d+\.sock$/.exec(link)?.[1] ?? 0), what });
  }
  return found;
}

function brokenRow(
  { state, osPid, pid }: AgentView,
  process: OsProcess | undefined,
): string | undefined {
  const isExpected = !WITHOUT.has(state);
  if (osPid === 0) return isExpected ? `is ${state} and has no OS process` : undefined;
  if (process === undefined) return `is ${state}, and its OS process ${osPid} does not run`;
  if (!isExpected) return `is ${state}, and its OS process ${osPid} runs`;
  const isOwn = process.link.includes(`/${pid}-`);
  return isOwn ? undefined : `is ${state}, and its OS process ${osPid} has link ${process.link}`;
}

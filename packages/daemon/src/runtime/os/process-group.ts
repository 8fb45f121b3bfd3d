// Process groups of the operating system: an agent leads one, and whatever it forks is in it.
//   P10. A group is gone when none of its members runs. Dead members that nobody has reaped (an
//        orphan under an init that does not reap) still answer signals, but run no more. One whose
//        main thread has ended reads as dead, too, and runs as long as another thread does.
// The reaper process runs this, too, which is why it imports nothing of the kernel.

import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { inBatches, listOsPids, statText } from './proc-files.ts';
import { SharedLook } from './shared-look.ts';

/** Pauses between looks, doubling from the first to the last. */
const LOOK = { firstMs: 1, lastMs: 40, readProcAfterMs: 6 } as const;

/** False: there is no such group. Signal 0 only looks. */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  // 0 and 1 would mean our own group, and everybody.
  if (!Number.isSafeInteger(pgid) || pgid <= 1) {
    throw new RangeError(`${pgid} is no process group of an agent`);
  }
  try {
    process.kill(-pgid, signal);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
    // Members that changed their user may not be signalled, but they are there.
    if (codeOf(error) === 'EPERM') return true;
    throw error;
  }
}

/** Kills a group, again while members show up. True: it is gone; false: not within the time. */
export async function endGroup(pgid: number, options: { withinMs: number }): Promise<boolean> {
  const endAt = performance.now() + options.withinMs;
  const startedAt = performance.now();
  let pauseMs: number = LOOK.firstMs;
  while (signalGroup(pgid, 'SIGKILL')) {
    const now = performance.now();
    if (now - startedAt >= LOOK.readProcAfterMs && !(await hasLivingMember(pgid))) return true;
    if (now >= endAt) return false;
    await delay(pauseMs);
    pauseMs = Math.min(pauseMs * 2, LOOK.lastMs);
  }
  return true;
}

/** Whether a member of the group runs. Where there is no /proc, every member counts. */
export async function hasLivingMember(pgid: number): Promise<boolean> {
  if (process.platform !== 'linux') return signalGroup(pgid, 0);
  return (await livingGroups.next()).has(pgid);
}

/** The members of the group that run. Linux only. */
export async function livingMembers(pgid: number): Promise<readonly number[]> {
  return (await livingGroups.next()).get(pgid) ?? [];
}

const livingGroups = new SharedLook(readLivingGroups);

async function readLivingGroups(): Promise<ReadonlyMap<number, readonly number[]>> {
  const groups = new Map<number, number[]>();
  for (const [pid, { pgid, state, threads }] of await readProcStats()) {
    if (isOver(state, threads)) continue;
    const members = groups.get(pgid) ?? [];
    members.push(pid);
    groups.set(pgid, members);
  }
  return groups;
}

/** Of every process on the machine, by its pid. Linux only. */
export async function readProcStats(): Promise<ReadonlyMap<number, ProcStat>> {
  const found = new Map<number, ProcStat>();
  for await (const batch of inBatches(listOsPids())) {
    for (const pid of batch) {
      const stat = parseProcStat(statText(pid));
      if (stat !== undefined) found.set(pid, stat);
    }
  }
  return found;
}

export interface ProcStat {
  /** One letter: R, S, D, T for stopped, Z … */
  readonly state: string;
  readonly pgid: number;
  /** The main one counts until the process is reaped. */
  readonly threads: number;
  /** Clock ticks from the boot of the machine. */
  readonly startTicks: string;
}

/** Linux only. Undefined: no such process. */
export async function readProcStat(pid: number): Promise<ProcStat | undefined> {
  try {
    return parseProcStat(await readFile(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined; // It ended between the listing and the reading.
  }
}

/** proc(5): fields from the third on follow the name, which may hold spaces and brackets. */
export function parseProcStat(text: string): ProcStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , pgid] = fields;
  const threads = Number(fields[17]);
  const startTicks = fields[19];
  if (!state || !pgid || !startTicks) return undefined;
  return { state, pgid: Number(pgid), threads, startTicks };
}

/** Whether no thread of a process runs: its state is that of its main thread alone. */
export const isOver = (state: string, threads: number): boolean =>
  'ZX'.includes(state) && !(threads > 1);

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

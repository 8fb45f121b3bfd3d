// Ends what an earlier daemon left running, by the pids and start times that it recorded. Used at
// boot by the runtime and, after a daemon's death, by the reaper.

import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import { readOsStarted } from './os-started.ts';
import { endGroup, signalGroup } from './process-group.ts';

export interface OsRecord {
  /** The leader of the group, and its name. */
  readonly osPid: number;
  /** Empty: not known; whoever has the pid is meant. */
  readonly osStarted: string;
}

/**
 * Kills the groups that are still those of the records, and resolves when they are gone. A leader
 * with another start time is a stranger: the group of the record is gone, or the OS could not have
 * given its number away. A leader that is gone leaves its group to be killed.
 */
export async function endRecorded(
  records: readonly OsRecord[],
): Promise<{ ended: number[]; left: number[] }> {
  const fates = await Promise.all(records.map(endOne));
  return {
    ended: fates.filter(({ fate }) => fate === 'ended').map(({ osPid }) => osPid),
    left: fates.filter(({ fate }) => fate === 'left').map(({ osPid }) => osPid),
  };
}

async function endOne(
  record: OsRecord,
): Promise<{ osPid: number; fate: 'absent' | 'ended' | 'left' }> {
  const { osPid } = record;
  if (!Number.isSafeInteger(osPid) || osPid <= 1) return { osPid, fate: 'absent' };
  if (!(await isOurs(record))) return { osPid, fate: 'absent' };
  const isGone = await endGroup(osPid, { withinMs: RUNTIME_LIMITS.groupGoneMs });
  return { osPid, fate: isGone ? 'ended' : 'left' };
}

async function isOurs({ osPid, osStarted }: OsRecord): Promise<boolean> {
  if (!signalGroup(osPid, 0)) return false;
  if (osStarted === '') return true;
  const found = await readOsStarted(osPid);
  return found === undefined || found === osStarted;
}

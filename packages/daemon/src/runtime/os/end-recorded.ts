// Ends what an earlier daemon left running, by the pids and start times that it recorded. Used at
// boot by the daemon and, after a daemon's death, by the reaper.
//   A stranger must not be killed for having a number that was ours once. A leader with the
//   recorded start time is ours; with another, all of ours is gone, or the OS could not have given
//   its number away. Where the leader is gone, a member of its group must carry the link of an
//   agent.

import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import { readOsStarted } from './os-started.ts';
import { endGroup, livingMembers, signalGroup } from './process-group.ts';
import { readLinkPath } from './strays.ts';

export interface OsRecord {
  /** The leader of the group, and its name. */
  readonly osPid: number;
  /** Empty: it was gone before anybody could ask. */
  readonly osStarted: string;
}

/** Kills the groups that are still those of the records, and resolves when they are gone. */
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
  const found = await readOsStarted(osPid);
  if (found !== undefined && osStarted !== '') return found === osStarted;
  if (process.platform !== 'linux') return found === undefined;
  const members = await livingMembers(osPid);
  const links = await Promise.all(members.map(readLinkPath));
  return links.some((link) => link !== undefined);
}

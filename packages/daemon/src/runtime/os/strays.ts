// Strays: what an agent forked into a session of its own, which its process group does not hold.
// They carry the agent's HIVE_LINK in their environment, and once their parents are gone they are
// children of a process that takes orphans in: init, or an ancestor of ours.
//   P10. Nothing of an agent outlives it. Who takes HIVE_LINK out of its environment and leaves the
//        group is not found: the process tier stops mistakes, not hostile code (DESIGN §7).
//   Linux only; elsewhere nothing is looked for.

import { readFile, readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { signalGroup } from './process-group.ts';
import { SharedLook } from './shared-look.ts';

const MARK = 'HIVE_LINK=';
const INIT_PID = 1;
/** More than shells, terminals and supervisors nest. */
const ANCESTORS_MAX = 64;
const PAUSE_MS = 5;

/** Kills them, and theirs, until none is found. True: none is left. */
export async function endStrays(
  isOurs: (linkPath: string) => boolean,
  options: { withinMs: number },
): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const endAt = performance.now() + options.withinMs;
  for (;;) {
    const strays = (await orphans.next()).filter(({ linkPath }) => isOurs(linkPath));
    if (strays.length === 0) return true;
    if (performance.now() >= endAt) return false;
    for (const { osPid } of strays) kill(osPid);
    await delay(PAUSE_MS);
  }
}

/** Whether a link's socket is one of the directory. */
export const isIn = (runtimeDir: string, linkPath: string): boolean =>
  dirname(linkPath) === resolve(runtimeDir);

interface Orphan {
  readonly osPid: number;
  readonly linkPath: string;
}

const orphans = new SharedLook(findOrphans);

/** Of those whom our ancestors took in, the ones that carry the mark. */
async function findOrphans(): Promise<Orphan[]> {
  const ancestors = await ancestorsOf(process.pid);
  const children = await Promise.all([...ancestors].map(childrenOf));
  const found = await Promise.all(children.flat().map(readOrphan));
  return found.filter((orphan) => orphan !== undefined);
}

async function ancestorsOf(pid: number): Promise<Set<number>> {
  const found = new Set([INIT_PID]);
  let next = await parentOf(pid);
  while (next > INIT_PID && !found.has(next) && found.size < ANCESTORS_MAX) {
    found.add(next);
    next = await parentOf(next);
  }
  return found;
}

async function parentOf(pid: number): Promise<number> {
  const status = await readText(`/proc/${pid}/status`);
  return Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1] ?? 0);
}

/** A child belongs to the thread that made it or took it in. */
async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readText(`/proc/${pid}/task/${thread}/children`)),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

async function readOrphan(osPid: number): Promise<Orphan | undefined> {
  const linkPath = await readLinkPath(osPid);
  return linkPath === undefined ? undefined : { osPid, linkPath };
}

/** The link of the agent that a process is, or descends from. Linux only. */
export async function readLinkPath(osPid: number): Promise<string | undefined> {
  const environment = await readText(`/proc/${osPid}/environ`);
  const mark = environment.split('\0').find((entry) => entry.startsWith(MARK));
  return mark?.slice(MARK.length);
}

/** Empty: it is gone, or not ours to read. */
const readText = (path: string): Promise<string> => readFile(path, 'latin1').catch(() => '');

function kill(osPid: number): void {
  try {
    if (!signalGroup(osPid, 'SIGKILL')) process.kill(osPid, 'SIGKILL');
  } catch {
    // It ended meanwhile; the next look tells.
  }
}

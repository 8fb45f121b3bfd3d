// Strays: what an agent forked into a session of its own, which its process group does not hold.
// They carry the agent's HIVE_LINK in their environment.
//   P10. Nothing of an agent outlives it. Who takes HIVE_LINK out of its environment and leaves the
//        group is not found: the process tier stops mistakes, not hostile code (DESIGN §7).
//   Those of one link are found whosever children they are, since nothing else of it is to live.
//   Those of a directory are only those whose parents are gone, which are children of who takes
//   orphans in: init, or an ancestor of ours. The others may be of a daemon that came after.
//   Linux only; elsewhere nothing is looked for.

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { linkOf, MarkedLooks, readEnviron, type Marked, type MarkedLook } from './marked.ts';
import { signalGroup } from './process-group.ts';
import { SharedLook } from './shared-look.ts';

const INIT_PID = 1;
/** More than shells, terminals and supervisors nest. */
const ANCESTORS_MAX = 64;
const PAUSE_MS = 5;
/** A program takes less to begin; who is bare for longer has no environment. */
const BARE_LOOKS_MAX = 3;

/** A link's path, or the directory of many. */
export type StraysOf = { readonly link: string } | { readonly directory: string };

/**
 * Kills them, and theirs, until none is found, or some still run so long after they were killed
 * first. True: none is left.
 */
export async function endStrays(of: StraysOf, options: { withinMs: number }): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const ancestors = await ancestorsOf(process.pid);
  let endAt: number | undefined;
  let bareLooks = 0;
  for (;;) {
    const look = await looks.next();
    const { strays, areMoreToCome } = straysIn(look, of, ancestors);
    // On a machine that is busy a look takes long: who is found is killed, late or not.
    for (const { osPid } of strays) kill(osPid);
    if (strays.length === 0 && !areMoreToCome) {
      if (look.bare === 0 || bareLooks >= BARE_LOOKS_MAX) return true;
      bareLooks += 1;
    } else {
      endAt ??= performance.now() + options.withinMs;
      if (performance.now() >= endAt) return false;
    }
    await delay(PAUSE_MS);
  }
}

const marks = new MarkedLooks();
const looks = new SharedLook(() => marks.look());

function straysIn(
  { marked, ending }: MarkedLook,
  of: StraysOf,
  ancestors: ReadonlySet<number>,
): { strays: readonly Marked[]; areMoreToCome: boolean } {
  const others = marked.filter(({ osPid }) => osPid !== process.pid && !ancestors.has(osPid));
  if ('link' in of) {
    return { strays: others.filter(({ linkPath }) => linkPath === of.link), areMoreToCome: false };
  }
  const own = others.filter(({ linkPath }) => isIn(of.directory, linkPath));
  return {
    strays: own.filter(({ parent }) => ancestors.has(parent)),
    areMoreToCome: own.some(({ parent }) => ending.has(parent)),
  };
}

const isIn = (directory: string, linkPath: string): boolean =>
  dirname(linkPath) === resolve(directory);

/** Who takes orphans in: init, and whom `pid` descends from. */
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

/** The link of the agent that a process is, or descends from. Linux only. */
export async function readLinkPath(osPid: number): Promise<string | undefined> {
  return linkOf((await readEnviron(osPid)) ?? '');
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

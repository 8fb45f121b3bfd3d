// A look at the whole machine for processes that carry the mark of an agent: HIVE_LINK in their
// environment, which whatever it forks inherits. Who they are the children of does not matter.
//   1. It is of one moment: what is forked while it is under way is found, too.
//   2. A process that is about to run another program has no environment for an instant, and might
//      be anybody's: the look counts it as bare, and whoever must be sure looks again. One that is
//      about to end has none either, and is not counted: it forks no more.
//   /proc lists the children of a process, too, and leaves some out while others of them end: that
//   list is not used. Linux only.

import { readFileSync, readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

const MARK = 'HIVE_LINK=';
/** Read at once between two turns: a read takes 20 us, and a fourth of what one without waiting
 * does. */
const READS_A_TURN = 64;
/** More than a machine forks in the time of a look. */
const ROUNDS_MAX = 8;
/** PF_EXITING and PF_KTHREAD of the kernel's sched.h. */
const FLAG = { exiting: 0x4, kernelThread: 0x200000 } as const;
/** Fields of proc(5), counted from the one after the name. */
const FIELD = { state: 0, parent: 1, flags: 6 } as const;

export interface Marked {
  readonly osPid: number;
  readonly parent: number;
  readonly linkPath: string;
}

export interface MarkedLook {
  readonly marked: readonly Marked[];
  /** Who is about to end, and has not left its children yet. */
  readonly ending: ReadonlySet<number>;
  /** How many might be anybody's. */
  readonly bare: number;
}

/** The port: files of /proc, as they are at this instant. */
export interface Proc {
  osPids(): readonly number[];
  /** Undefined: another user's. Empty: it has none, or is gone. */
  environ(osPid: number): string | undefined;
  /** Empty: it is gone. */
  stat(osPid: number): string;
}

export async function lookForMarked(proc: Proc = PROC): Promise<MarkedLook> {
  const seen = new Set<number>();
  const marked: Marked[] = [];
  const ending = new Set<number>();
  let bare = 0;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const fresh = proc.osPids().filter((osPid) => !seen.has(osPid));
    if (fresh.length === 0) break;
    for (const [at, osPid] of fresh.entries()) {
      if (at > 0 && at % READS_A_TURN === 0) await nextTurn();
      seen.add(osPid);
      const found = readOne(proc, osPid);
      if (found === 'bare') bare += 1;
      else if (found === 'ending') ending.add(osPid);
      else if (found !== undefined) marked.push(found);
    }
  }
  return { marked, ending, bare };
}

function readOne(proc: Proc, osPid: number): Marked | 'bare' | 'ending' | undefined {
  const environ = proc.environ(osPid);
  if (environ === undefined) return undefined;
  if (environ === '') return bareOrEnding(proc.stat(osPid));
  const linkPath = linkOf(environ);
  if (linkPath === undefined) return undefined;
  return { osPid, parent: Number(fieldsOf(proc.stat(osPid))[FIELD.parent]), linkPath };
}

function bareOrEnding(stat: string): 'bare' | 'ending' | undefined {
  const fields = fieldsOf(stat);
  const state = fields[FIELD.state] ?? '';
  const flags = Number(fields[FIELD.flags]);
  if (state === '' || 'ZX'.includes(state) || (flags & FLAG.kernelThread) !== 0) return undefined;
  return (flags & FLAG.exiting) !== 0 ? 'ending' : 'bare';
}

/** Of an environment as /proc gives it. */
export function linkOf(environ: string): string | undefined {
  const entry = environ.split('\0').find((one) => one.startsWith(MARK));
  return entry?.slice(MARK.length);
}

/** Those after the name, which may hold spaces and brackets. */
const fieldsOf = (stat: string): readonly string[] =>
  stat.slice(stat.lastIndexOf(')') + 2).split(' ');

const FOREIGN = new Set(['EACCES', 'EPERM']);

const PROC: Proc = {
  osPids: () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  environ: (osPid) => {
    try {
      return readFileSync(`/proc/${osPid}/environ`, 'latin1');
    } catch (error) {
      return FOREIGN.has((error as NodeJS.ErrnoException).code ?? '') ? undefined : '';
    }
  },
  stat: (osPid) => {
    try {
      return readFileSync(`/proc/${osPid}/stat`, 'latin1');
    } catch {
      return '';
    }
  },
};

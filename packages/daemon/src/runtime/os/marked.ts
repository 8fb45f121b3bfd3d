// Looks at the whole machine for processes that carry the mark of an agent: HIVE_LINK in their
// environment, which whatever it forks inherits. Who they are the children of does not matter.
//   1. A look is of one moment: what is forked while it is under way is found, too.
//   2. A process that is about to run another program has no environment for an instant, and might
//      be anybody's: the look counts it as bare, and whoever must be sure looks again. One that is
//      about to end has none either, and does not count: it forks no more.
//   3. An environment is read once for each process. It may change later, but what an agent forks
//      carries the mark from its first instant on. The agent itself does not: its group is known.
//   4. One whose main thread has ended reads as a zombie and has no environment of its own, while
//      its other threads run, and have one (P10).
//   /proc lists the children of a process, too, and leaves some out while others of them end: that
//   list is not used. Linux only.

import { readFile, readdir } from 'node:fs/promises';
import { inBatches, listOsPids, statText } from './proc-files.ts';
import { isOver } from './process-group.ts';

const MARK = 'HIVE_LINK=';
/** More than a machine forks in the time of a look. */
const ROUNDS_MAX = 8;
/** PF_EXITING and PF_KTHREAD of the kernel's sched.h. */
const FLAG = { exiting: 0x4, kernelThread: 0x200000 } as const;
/** Fields of proc(5), counted from the one after the name. */
const FIELD = { state: 0, parent: 1, flags: 6, threads: 17, startTicks: 19 } as const;

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

/** The port: files of /proc. */
export interface Proc {
  osPids(): readonly number[];
  /** Never waits for the process that it is of. Empty: it is gone. */
  stat(osPid: number): string;
  /** May wait for it. Undefined: another user's. Empty: it has none, or is gone. */
  environ(osPid: number): Promise<string | undefined>;
}

interface Known {
  readonly startTicks: string;
  /** Undefined: it carries no mark. */
  readonly linkPath: string | undefined;
}

interface Stat {
  readonly parent: number;
  readonly startTicks: string;
  readonly isEnding: boolean;
}

interface Findings {
  readonly known: Map<number, Known>;
  readonly marked: Marked[];
  readonly ending: Set<number>;
  bare: number;
}

export class MarkedLooks {
  readonly #proc: Proc;
  /** Of the last look. */
  #known: ReadonlyMap<number, Known> = new Map();

  constructor(proc: Proc = PROC) {
    this.#proc = proc;
  }

  /** One after the other: who calls again meanwhile reads all of it anew. */
  async look(): Promise<MarkedLook> {
    const seen = new Set<number>();
    const found: Findings = { known: new Map(), marked: [], ending: new Set(), bare: 0 };
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const fresh = this.#proc.osPids().filter((osPid) => !seen.has(osPid));
      if (fresh.length === 0) break;
      for await (const batch of inBatches(fresh)) {
        for (const osPid of batch) seen.add(osPid);
        await Promise.all(batch.map((osPid) => this.#lookAt(osPid, found)));
      }
    }
    this.#known = found.known;
    return found;
  }

  async #lookAt(osPid: number, found: Findings): Promise<void> {
    const stat = parseStat(this.#proc.stat(osPid));
    if (stat === undefined) return;
    const { parent, startTicks, isEnding } = stat;
    const known = this.#known.get(osPid);
    const isKnown = known?.startTicks === startTicks;
    const linkPath = isKnown ? known.linkPath : await this.#read(osPid);
    if (linkPath === null) {
      this.#noteUnread(osPid, found);
      return;
    }
    found.known.set(osPid, { startTicks, linkPath });
    if (isEnding) found.ending.add(osPid);
    if (linkPath !== undefined) found.marked.push({ osPid, parent, linkPath });
  }

  /** Null: it had no environment at this instant. */
  async #read(osPid: number): Promise<string | undefined | null> {
    const environ = await this.#proc.environ(osPid);
    return environ === '' ? null : environ && linkOf(environ);
  }

  #noteUnread(osPid: number, found: Findings): void {
    const now = parseStat(this.#proc.stat(osPid));
    if (now?.isEnding === true) found.ending.add(osPid);
    else if (now !== undefined) found.bare += 1;
  }
}

/** Of an environment as /proc gives it. */
export function linkOf(environ: string): string | undefined {
  const entry = environ.split('\0').find((one) => one.startsWith(MARK));
  return entry?.slice(MARK.length);
}

/** Undefined: it runs no more, or is none of any user. */
function parseStat(text: string): Stat | undefined {
  // Past the name, which may hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[FIELD.state] ?? '';
  const flags = Number(fields[FIELD.flags]);
  const threads = Number(fields[FIELD.threads]);
  if (state === '' || isOver(state, threads)) return undefined;
  if ((flags & FLAG.kernelThread) !== 0) return undefined;
  return {
    parent: Number(fields[FIELD.parent]),
    startTicks: fields[FIELD.startTicks] ?? '',
    // The flags, too, are those of the main thread: where it is over already, others run.
    isEnding: (flags & FLAG.exiting) !== 0 && !'ZX'.includes(state),
  };
}

const FOREIGN = new Set(['EACCES', 'EPERM']);

/** Undefined: another user's. Empty: it has none, or is gone. Linux only. */
export async function readEnviron(osPid: number): Promise<string | undefined> {
  const own = await readOneEnviron(`/proc/${osPid}/environ`);
  if (own !== '') return own;
  const threads = await readdir(`/proc/${osPid}/task`).catch(() => []);
  for (const thread of threads) {
    if (thread === String(osPid)) continue;
    const environ = await readOneEnviron(`/proc/${osPid}/task/${thread}/environ`);
    if (environ !== '') return environ;
  }
  return '';
}

async function readOneEnviron(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    return FOREIGN.has((error as NodeJS.ErrnoException).code ?? '') ? undefined : '';
  }
}

const PROC: Proc = { osPids: listOsPids, stat: statText, environ: readEnviron };

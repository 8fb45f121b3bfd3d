// What runs on this machine, as /proc says it: an independent look, which shares no code with the
// kernel that it judges. It is made in one go, so that it is of one moment.
//   Whoever only waits to be reaped does not run. A process is told from a later one with its
//   number by its start time. The mark is `HIVE_LINK`, which agents have and what they fork
//   inherits. Linux only.

import { readFileSync, readdirSync } from 'node:fs';

export interface OsProcess {
  readonly osPid: number;
  readonly pgid: number;
  /** Clock ticks from the boot of the machine; with the pid, its name for good. */
  readonly startTicks: string;
  /** The agent's link, in an agent and in what it forked; empty: neither. */
  readonly link: string;
}

/** A process that is remembered. */
export type OsRecord = Pick<OsProcess, 'osPid' | 'startTicks'>;

const MARK = 'HIVE_LINK=';
const KIB = 1024;
const PAGE_BYTES = 4 * KIB;

/** Name, state, parent, group and session of proc(5). */
const KIN_FIELDS = 6;
/** Fields of proc(5), counted from the one after the name. */
const FIELD = { state: 0, pgid: 2, startTicks: 19 } as const;

/** Throws where there is no /proc to look at. */
export function requireProc(): void {
  if (process.platform === 'linux') return;
  throw new Error('what runs is looked for in /proc, which only Linux has');
}

/** Undefined: it does not run. */
export function lookAt(osPid: number): OsProcess | undefined {
  const stat = read(`/proc/${osPid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[FIELD.state];
  if (state === undefined || state === '' || 'ZX'.includes(state)) return undefined;
  const pgid = Number(fields[FIELD.pgid]);
  return { osPid, pgid, startTicks: fields[FIELD.startTicks] ?? '', link: linkOf(osPid) };
}

/** Agents of the daemon with this runtime directory, and what they forked. */
export function markedIn(runtimeDir: string): OsProcess[] {
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = numbers.map((name) => lookAt(Number(name)));
  return found.filter((one) => one !== undefined).filter(isIn(runtimeDir));
}

const isIn =
  (runtimeDir: string) =>
  ({ link }: OsProcess): boolean =>
    link.startsWith(`${runtimeDir}/`);

/** For who looks for a fault: its state, its kin and its command, as long as it is there. */
export function describeOs(osPid: number): string {
  const stat = read(`/proc/${osPid}/stat`);
  const command = read(`/proc/${osPid}/cmdline`).replaceAll('\0', ' ').trim();
  return `OS process ${osPid} (${stat.split(' ').slice(1, KIN_FIELDS).join(' ')}: ${command})`;
}

/** Those of the remembered ones that still run. */
export const stillRunning = (records: readonly OsRecord[]): OsProcess[] =>
  records
    .map(({ osPid, startTicks }) => ({ now: lookAt(osPid), startTicks }))
    .filter(({ now, startTicks }) => now?.startTicks === startTicks)
    .map(({ now }) => now as OsProcess);

/** Memory that nobody shares with them, in bytes. */
export function privateBytes(osPids: readonly number[]): number {
  const of = (osPid: number): number => {
    const [, resident = 0, shared = 0] = read(`/proc/${osPid}/statm`).split(' ').map(Number);
    return (resident - shared) * PAGE_BYTES;
  };
  return osPids.reduce((sum, osPid) => sum + of(osPid), 0);
}

/** What the system could give to new processes without swapping. */
export function availableBytes(): number {
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(read('/proc/meminfo'))?.[1] ?? 0) * KIB;
}

/** Kills what still carries a link of the directory, each by its own number. */
export function endMarked(runtimeDir: string): void {
  if (process.platform !== 'linux') return;
  for (const { osPid } of markedIn(runtimeDir)) signalOs(osPid, 'SIGKILL');
}

/** A group by its negative number. False: there was nobody to take it. */
export function signalOs(osPid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(osPid, signal);
    return true;
  } catch {
    return false;
  }
}

function linkOf(osPid: number): string {
  const entries = read(`/proc/${osPid}/environ`).split('\0');
  return entries.find((entry) => entry.startsWith(MARK))?.slice(MARK.length) ?? '';
}

/** Empty: it is gone, or not ours to read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

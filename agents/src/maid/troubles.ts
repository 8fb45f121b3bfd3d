// What is wrong, found in one look. Pure: the same look and the same past give the same troubles.
//   T1. A trouble is known by its key, the same in every round for as long as it lasts.
//   T2. One that is measured ends at another value than it begins at, so that it does not come and
//       go with every round.
//   T3. What the kernel mends itself (a restart, an agent that hung) is a trouble until the kernel
//       counts the process as healthy again: then it has no restarts in a row any more (S4).
import type { Severity } from '@hivekernel/sdk';
import { bytesText, nameOf } from './look.ts';
import type { Look, Seen } from './look.ts';

/** The most urgent first. */
export const SEVERITY_OF = {
  memory: 'critical',
  quarantined: 'error',
  unresponsive: 'error',
  hung: 'error',
  restarts: 'warning',
  'process-memory': 'warning',
  mailbox: 'warning',
  zombies: 'info',
} as const satisfies Readonly<Record<string, Severity>>;
export type Kind = keyof typeof SEVERITY_OF;
export const KINDS = Object.keys(SEVERITY_OF) as readonly Kind[];

export interface Trouble {
  readonly kind: Kind;
  readonly key: string;
  /** 0: of the machine. */
  readonly pid: number;
  /** One sentence without its full stop. */
  readonly text: string;
}

export interface Past {
  /** Keys of the troubles that there were. */
  readonly open: ReadonlySet<string>;
  /** Pids of the zombies that there were. */
  readonly zombies: ReadonlySet<number>;
}

interface Threshold {
  readonly beginsAt: number;
  readonly endsAt: number;
}

const THRESHOLDS = {
  /** Share of the machine's memory that is not available. */
  memory: { beginsAt: 0.9, endsAt: 0.85 },
  /** Share of the machine's memory that one OS process holds. */
  'process-memory': { beginsAt: 0.25, endsAt: 0.2 },
  mailbox: { beginsAt: 8_000, endsAt: 5_000 },
  /** Of one parent, uncollected since the round before at least. */
  zombies: { beginsAt: 10, endsAt: 5 },
} as const satisfies Partial<Record<Kind, Threshold>>;

/** In a row; the kernel's own limit is five (S4). */
const RESTARTS_MANY = 3;
/** M8 */
const MAILBOX_MAX = 10_000;
/** Who has more at once has one trouble: they are remembered, and listed. */
const TROUBLES_MAX = 1_000;

type Finder = (look: Look, past: Past) => Trouble[];

const FINDERS: readonly Finder[] = [
  lowMemory,
  ({ processes }) => processes.filter(({ quarantined }) => quarantined).map(crashLoop),
  ({ processes }) => processes.flatMap(stalled),
  ({ processes }) => processes.flatMap(oftenRestarted),
  largeProcesses,
  ({ processes }, past) => processes.flatMap((one) => fullMailbox(one, past)),
  uncollectedZombies,
];

/** In the order of their kinds, and not more than a bound. */
export function findTroubles(look: Look, past: Past): readonly Trouble[] {
  const found = FINDERS.flatMap((find) => find(look, past));
  const inOrder = found.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  return inOrder.slice(0, TROUBLES_MAX);
}

/** T2 */
function isOver(kind: keyof typeof THRESHOLDS, value: number, wasOver: boolean): boolean {
  const { beginsAt, endsAt } = THRESHOLDS[kind];
  return value >= (wasOver ? endsAt : beginsAt);
}

function lowMemory({ machine, node }: Look, past: Past): Trouble[] {
  const { totalBytes, availableBytes } = machine;
  if (totalBytes === 0) return [];
  const used = 1 - availableBytes / totalBytes;
  const key = `memory:${node}`;
  if (!isOver('memory', used, past.open.has(key))) return [];
  const left = `${bytesText(availableBytes)} of ${bytesText(totalBytes)}`;
  return [{ kind: 'memory', key, pid: 0, text: `the machine has ${left} memory left` }];
}

function crashLoop(seen: Seen): Trouble {
  const restarts = counted(seen.restartsInRow, 'restart');
  const text = `${nameOf(seen)} is quarantined: ${restarts} did not help; ${endOf(seen)}`;
  return troubleOf('quarantined', seen, text);
}

/** T3. Out, for good or until its parent decides; or back and not healthy yet. */
function stalled(seen: Seen): Trouble[] {
  if (seen.quarantined) return [];
  if (seen.phase === 'unresponsive') {
    return [troubleOf('unresponsive', seen, `${nameOf(seen)} does not answer`)];
  }
  const { exitCause: kind } = seen;
  if (kind !== 'unresponsive' && kind !== 'hung') return [];
  const isOut = seen.stateWord === 'zombie' || seen.stateWord === 'dead';
  if (!isOut && seen.restartsInRow === 0) return [];
  const what = kind === 'hung' ? 'hung and was ended' : 'did not answer and was ended';
  return [troubleOf(kind, seen, `${nameOf(seen)} ${what}: ${detailOf(seen)}`)];
}

/** T3 */
function oftenRestarted(seen: Seen): Trouble[] {
  const isOver = seen.quarantined || seen.stateWord === 'dead';
  if (isOver || seen.restartsInRow < RESTARTS_MANY) return [];
  const times = counted(seen.restartsInRow, 'time');
  const text = `${nameOf(seen)} was restarted ${times} in a row; ${endOf(seen)}`;
  return [troubleOf('restarts', seen, text)];
}

function largeProcesses({ processes, memory, machine }: Look, past: Past): Trouble[] {
  return processes.flatMap((seen) => {
    const bytes = memory.get(seen.pid);
    if (bytes === undefined || machine.totalBytes === 0) return [];
    const wasOver = past.open.has(keyOf('process-memory', seen.pid));
    if (!isOver('process-memory', bytes / machine.totalBytes, wasOver)) return [];
    const share = `${bytesText(bytes)} of the machine's ${bytesText(machine.totalBytes)} memory`;
    return [troubleOf('process-memory', seen, `${nameOf(seen)} holds ${share}`)];
  });
}

function fullMailbox(seen: Seen, past: Past): Trouble[] {
  const wasOver = past.open.has(keyOf('mailbox', seen.pid));
  if (!isOver('mailbox', seen.inboxDepth, wasOver)) return [];
  const text = `the inbox of ${nameOf(seen)} holds ${seen.inboxDepth} messages of ${MAILBOX_MAX}`;
  return [troubleOf('mailbox', seen, text)];
}

function uncollectedZombies({ processes }: Look, past: Past): Trouble[] {
  const left = new Map<number, number>();
  for (const { pid, ppid, stateWord } of processes) {
    if (stateWord !== 'zombie' || !past.zombies.has(pid)) continue;
    left.set(ppid, (left.get(ppid) ?? 0) + 1);
  }
  return processes.flatMap((parent) => {
    const count = left.get(parent.pid) ?? 0;
    const wasOver = past.open.has(keyOf('zombies', parent.pid));
    if (count === 0 || !isOver('zombies', count, wasOver)) return [];
    const text = `${nameOf(parent)} has not taken the results of ${count} children that ended`;
    return [troubleOf('zombies', parent, text)];
  });
}

/** T1 */
const keyOf = (kind: Kind, pid: number): string => `${kind}:${pid}`;

const troubleOf = (kind: Kind, { pid }: Seen, text: string): Trouble => ({
  kind,
  key: keyOf(kind, pid),
  pid,
  text,
});

const endOf = (seen: Seen): string => `it last ended as ${seen.exitCause}: ${detailOf(seen)}`;

/** The first line: what an agent printed may follow it. */
const detailOf = ({ exitDetail, exitCause }: Seen): string =>
  exitDetail.split('\n', 1)[0] || exitCause || 'nothing more is known';

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

// The maid's report: what she saw, as an artifact. Machines read its fields, people its `summary`.
// Pure. A report is written anew only when its gist is another: what changes with every round, such
// as who is running at this moment, is not in the gist.
import { bytesText } from './look.ts';
import type { Look, Seen } from './look.ts';
import { SEVERITY_OF } from './troubles.ts';
import type { Trouble } from './troubles.ts';

/** A trouble with the time since when it is known, and who it is about. */
export interface KnownTrouble extends Trouble {
  readonly sinceMs: number;
}

const TROUBLES_LISTED_MAX = 200;
/** A tenth of the machine's memory more or less is news. */
const MEMORY_BANDS = 10;

/** JSON, indented: it is read by people as well. */
export function reportText(look: Look, troubles: readonly KnownTrouble[]): string {
  const { node, atMs, machine } = look;
  const listed = troubles.slice(0, TROUBLES_LISTED_MAX);
  const report = {
    summary: summaryOf(look, listed, troubles.length - listed.length),
    node,
    at: isoOf(atMs),
    troubles: listed.map(({ kind, pid, text, sinceMs }) => ({
      kind,
      severity: SEVERITY_OF[kind],
      pid: pid === 0 ? null : pid,
      text,
      since: isoOf(sinceMs),
    })),
    troublesInAll: troubles.length,
    processes: countsOf(look),
    memory: { machine, agents: agentsMemory(look) },
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** One line on the whole, one on each trouble. */
export function summaryOf(look: Look, troubles: readonly Trouble[], more = 0): readonly string[] {
  const { node, machine, memory } = look;
  const { living } = countsOf(look);
  const held = sum([...memory.values()]);
  const count = troubles.length + more;
  const head = count === 0 ? 'all is well' : counted(count, 'trouble');
  const left = `${bytesText(machine.availableBytes)} of ${bytesText(machine.totalBytes)}`;
  const agents = memory.size === 0 ? '' : `agents hold ${bytesText(held)} of memory, `;
  return [
    `${node}: ${head}; ${counted(living, 'process', 'processes')}; ${agents}${left} are left`,
    ...troubles.map(({ kind, text }) => `${SEVERITY_OF[kind]}: ${text}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

/** Two reports of the same gist tell nothing new. */
export function gistOf({ processes, machine }: Look, troubles: readonly Trouble[]): string {
  const { availableBytes, totalBytes } = machine;
  const band = totalBytes === 0 ? 0 : Math.floor((availableBytes / totalBytes) * MEMORY_BANDS);
  const living = processes.filter(isLiving);
  const lives = living.map((seen) => [seen.pid, seen.restarts, lifeOf(seen)]);
  return JSON.stringify([troubles.map(({ key }) => key), lives, band]);
}

const isLiving = ({ stateWord }: Seen): boolean => stateWord !== 'dead';

const LASTING = new Set(['paused', 'sleeping', 'zombie']);

const lifeOf = ({ stateWord }: Seen): string => (LASTING.has(stateWord) ? stateWord : 'up');

function countsOf({ processes }: Look) {
  const living = processes.filter(isLiving);
  const byState: Record<string, number> = {};
  for (const { stateWord } of living) byState[stateWord] = (byState[stateWord] ?? 0) + 1;
  const deepest = largest(living, ({ inboxDepth }) => inboxDepth);
  const isEmpty = deepest === undefined || deepest.inboxDepth === 0;
  return {
    living: living.length,
    byState,
    quarantined: processes.filter(({ quarantined }) => quarantined).length,
    restarts: sum(living.map(({ restarts }) => restarts)),
    fullestInbox: isEmpty ? null : { ...whoIs(deepest), messages: deepest.inboxDepth },
  };
}

/** Null where nothing can be known of it. */
function agentsMemory({ processes, memory }: Look) {
  const bytesOf = ({ pid }: Seen): number => memory.get(pid) ?? 0;
  const most = largest(processes, bytesOf);
  if (memory.size === 0 || most === undefined) return null;
  return {
    osProcesses: memory.size,
    bytes: sum([...memory.values()]),
    largest: { ...whoIs(most), bytes: bytesOf(most) },
  };
}

const whoIs = ({ pid, name }: Seen) => ({ pid, name });

function largest(all: readonly Seen[], sizeOf: (seen: Seen) => number): Seen | undefined {
  return all.toSorted((a, b) => sizeOf(b) - sizeOf(a))[0];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

const counted = (n: number, one: string, many = `${one}s`): string =>
  `${n} ${n === 1 ? one : many}`;

const isoOf = (ms: number): string => new Date(ms).toISOString();

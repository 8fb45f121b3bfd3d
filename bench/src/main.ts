// `npm run bench [-- NAME…] [--json] [--full]`: runs the benchmarks and prints each figure beside
// its goal. The machine's line goes to stderr. A missed goal is a figure, not a failure: the exit
// code is 1 only where something did not run, 2 for a word that names nothing.
//   Each benchmark has a deadline of its own, so that a run of all of them has one, too.

import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Benchmark, Figure, Ground } from './benchmark.ts';
import { BENCHMARKS, GROUPS, chosenBy, membersOf } from './catalog.ts';
import { machineLine, measureDiskCommit } from './machine.ts';
import { TABLE_HEADER, jsonLine, tableRow } from './report.ts';

const EXIT = { ok: 0, failed: 1, badUsage: 2, interrupted: 130 } as const;
const SEED_BELOW = 2 ** 32;
const SEEDS: Range = { least: 0, most: SEED_BELOW - 1 };
/** Two make a ring. */
const AGENTS: Range = { least: 2, most: 1_000 };

const HELP = `Usage: npm run bench [-- NAME…] [--json]

A name is one of a benchmark or of a group; without one, all of them run.
${groupLines()}

  --json         one JSON object a line
  --agents N     so many agents in the ring (default: 100)
  --full         also what takes minutes, at its full length
  --dir DIR      measures on the disk of this directory (default: .hive)
  --seed N       of what is left to chance, to repeat a run (default: another each time)
  --profile DIR  daemon and agents leave CPU profiles there; the figures suffer
`;

class UsageError extends Error {}

interface Range {
  readonly least: number;
  readonly most: number;
}

interface Order {
  readonly chosen: readonly Benchmark[];
  readonly isJson: boolean;
  readonly isLong: boolean;
  readonly dir: string;
  readonly seed: number;
  readonly agents: number | undefined;
  readonly profileDir: string | undefined;
}

async function orderOf(args: readonly string[]): Promise<Order | undefined> {
  const { values, positionals } = parsed(args);
  if (values.help === true) return undefined;
  for (const word of positionals) if (membersOf(word).length === 0) await refuse(word);
  return {
    chosen: chosenBy(positionals),
    isJson: values.json === true,
    isLong: values.full === true,
    dir: resolve(values.dir ?? '.hive'),
    seed:
      values.seed === undefined ? randomInt(SEED_BELOW) : numberOf('--seed', values.seed, SEEDS),
    agents: values.agents === undefined ? undefined : numberOf('--agents', values.agents, AGENTS),
    profileDir: values.profile === undefined ? undefined : resolve(values.profile),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean' },
        full: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        dir: { type: 'string' },
        seed: { type: 'string' },
        agents: { type: 'string' },
        profile: { type: 'string' },
      },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function numberOf(flag: string, word: string, { least, most }: Range): number {
  const number = Number(word);
  if (/^\d+$/.test(word) && number >= least && number <= most) return number;
  throw new UsageError(`${flag} takes a whole number from ${least} to ${most}, not "${word}"`);
}

async function refuse(word: string): Promise<never> {
  // The whole daemon, for one word: only where it is needed.
  const { nearest } = await import('@hivekernel/daemon');
  const near = nearest(word, [...Object.keys(GROUPS), ...BENCHMARKS.map(({ name }) => name)]);
  const hint = near === undefined ? `they are:\n${groupLines()}` : `did you mean "${near}"?`;
  throw new UsageError(`no benchmark and no group is named "${word}"; ${hint}`);
}

/** Each group with its benchmarks. */
function groupLines(): string {
  const width = Math.max(...Object.keys(GROUPS).map((group) => group.length));
  const lines = Object.entries(GROUPS).map(([group, what]) => {
    const names = membersOf(group).map(({ name }) => name);
    return `  ${group.padEnd(width)}  ${what}: ${names.join(', ')}`;
  });
  return lines.join('\n');
}

async function run(order: Order, signal: AbortSignal): Promise<void> {
  await mkdir(order.dir, { recursive: true });
  const dir = await mkdtemp(join(order.dir, 'bench-'));
  try {
    const diskCommitMs = measureDiskCommit(dir);
    process.stderr.write(`${machineLine(diskCommitMs)} · seed ${order.seed}\n`);
    if (!order.isJson) process.stdout.write(`${TABLE_HEADER}\n`);
    const { seed, profileDir, isLong, agents } = order;
    const chosen = { ...(profileDir && { profileDir }), ...(agents && { agents }) };
    const base = { effort: 'full', dir, diskCommitMs, seed, signal, isLong } as const;
    const ground: Ground = { ...base, ...chosen };
    for (const benchmark of order.chosen) {
      signal.throwIfAborted();
      for (const figure of await runInTime(benchmark, ground)) {
        process.stdout.write(`${order.isJson ? jsonLine(figure) : tableRow(figure)}\n`);
      }
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
    // Only when it is empty: it may be a daemon's.
    await rmdir(order.dir).catch(() => undefined);
  }
}

async function runInTime(benchmark: Benchmark, ground: Ground): Promise<readonly Figure[]> {
  const { name, withinMs } = benchmark;
  const deadline = AbortSignal.timeout(withinMs);
  try {
    return await benchmark.run({ ...ground, signal: AbortSignal.any([ground.signal, deadline]) });
  } catch (cause) {
    if (!deadline.aborted) throw cause;
    throw new Error(`${name} is not done within ${withinMs / 1_000} s`, { cause });
  }
}

async function main(): Promise<number> {
  const order = await orderOf(process.argv.slice(2));
  if (order === undefined) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort(new Error('interrupted'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    await run(order, interrupt.signal);
    return EXIT.ok;
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT.interrupted;
    process.stderr.write(`${messageOf(error)}\n`);
    return EXIT.failed;
  }
}

const messageOf = (error: unknown): string =>
  `error: ${error instanceof Error ? error.message : String(error)}`;

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  return error instanceof UsageError ? EXIT.badUsage : EXIT.failed;
});

// `npm run check`: everything that can be said about the sources without running the system.
// It only judges, it writes nothing but caches. All checks run, two at a time, also when one has
// failed; each prints a line with its time, in the order of the list, and what failed is shown in
// full at the end. `node tools/check.ts tidy knip` runs only those.

import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

export interface Outcome {
  readonly name: string;
  readonly isGood: boolean;
  readonly output: string;
  readonly tookMs: number;
}

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WIDTH = 2;
const CHECK_TIMEOUT_MS = 300_000;

const bin = (name: string, ...rest: string[]): string[] => [
  process.execPath,
  `node_modules/${name}`,
  ...rest,
];

export const CHECKS: readonly Check[] = [
  {
    name: 'prettier',
    command: bin('prettier/bin/prettier.cjs', '--check', '--cache', '--log-level', 'warn', '.'),
  },
  { name: 'oxlint', command: bin('oxlint/bin/oxlint', '--type-aware', '--deny-warnings') },
  { name: 'tsc', command: bin('typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit') },
  {
    name: 'tsc-kernel',
    command: bin('typescript/bin/tsc', '-p', 'packages/kernel/tsconfig.json', '--noEmit'),
  },
  { name: 'tidy', command: bin('vitest/vitest.mjs', 'run', 'tools/tidy') },
  { name: 'knip', command: bin('knip/bin/knip.js', '--no-progress', '--no-config-hints') },
  { name: 'protocol', command: [process.execPath, 'tools/generate.ts', '--check'] },
];

/** Runs one check to its end; what it prints is kept, not shown. */
export function runCheck({ name, command }: Check): Promise<Outcome> {
  const [program = '', ...args] = command;
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const chunks: string[] = [];
    const end = (isGood: boolean): void => {
      resolve({ name, isGood, output: chunks.join(''), tookMs: performance.now() - startedMs });
    };
    // Some programs take any FORCE_COLOR for a yes, so that it is set or not there.
    const { FORCE_COLOR: _, ...rest } = process.env;
    const env = { ...rest, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }) };
    const child = spawn(program, args, {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: CHECK_TIMEOUT_MS,
    });
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    child.once('error', (error) => {
      chunks.push(error.message);
      end(false);
    });
    child.once('close', (code, signal) => {
      if (signal) chunks.push(`ended by ${signal}\n`);
      end(code === 0);
    });
  });
}

/** Runs the checks, `WIDTH` at a time; `print` gets the lines in the order of the list. */
export async function runChecks(
  checks: readonly Check[],
  print: (text: string) => void,
): Promise<boolean> {
  const outcomes: (Outcome | undefined)[] = checks.map(() => undefined);
  let next = 0;
  let printed = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < checks.length; at = next++) {
      const check = checks[at];
      if (check) outcomes[at] = await runCheck(check);
      for (let done = outcomes[printed]; done; done = outcomes[++printed]) print(lineOf(done));
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
  const bad = outcomes.filter((outcome) => outcome && !outcome.isGood);
  for (const outcome of bad) {
    if (outcome) print(`\n--- ${outcome.name} ---\n${outcome.output.trim()}`);
  }
  return bad.length === 0;
}

function lineOf({ name, isGood, tookMs }: Outcome): string {
  return `${isGood ? 'ok  ' : 'FAIL'}  ${name.padEnd(12)} ${(tookMs / 1000).toFixed(1)} s`;
}

async function main(names: readonly string[]): Promise<void> {
  const known = CHECKS.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`error: no check "${unknown}"; there are ${known.join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  const wanted = CHECKS.filter(({ name }) => names.length === 0 || names.includes(name));
  const isGood = await runChecks(wanted, (text) => process.stdout.write(`${text}\n`));
  if (!isGood) process.exitCode = 1;
}

if (import.meta.main) await main(process.argv.slice(2));

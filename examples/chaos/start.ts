// `npm start` here: a kernel with this folder's hive.yaml, the run, what the journal says of it
// meanwhile, and the end. Arguments are parameters of the run: `npm start -- seed=7 pieces=120`.
//   Nothing of it is left running, Ctrl-C included. What would come back with the next kernel is
//   killed before this one is stopped. A kernel that ran here before is left alone.
import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const USAGE = 'usage: npm start -- [seed=N] [pieces=N] [strikes=N]';
const PARAM = /^(seed|pieces|strikes)=/;
/** Of the journal: who was started again and why, and how far the work is. */
const TOLD = 'process.restarting|process.crash_loop|pieces$';
const EXIT = { usage: 2, interrupted: 130 } as const;

const interrupted = new AbortController();

function start(args: readonly string[], stdio: StdioOptions): ChildProcess {
  // A group of its own: the terminal's Ctrl-C comes here alone, and what follows is told in turn.
  return spawn('hive', args, { cwd: HERE, stdio, detached: true });
}

/** Its exit code. Throws when there is no `hive`. */
async function hive(args: readonly string[], stdio: StdioOptions = 'ignore'): Promise<number> {
  return codeOf(start(args, stdio));
}

async function codeOf(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? EXIT.interrupted;
}

async function lastSeq(): Promise<string> {
  const child = start(['journal', '-n', '1', '-o', 'name'], ['ignore', 'pipe', 'ignore']);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  return text.trim() || '0';
}

async function run(params: readonly string[]): Promise<number> {
  const after = ['--after-cursor', await lastSeq()];
  const journal = start(['journal', '-f', '-g', TOLD, ...after], ['ignore', 'inherit', 'ignore']);
  try {
    const given = params.flatMap((param) => ['--param', param]);
    const args = ['run', './chaos.ts#Chaos', 'work under chaos', '--wait', ...given];
    const work = start([...args, '-q'], ['ignore', 'inherit', 'inherit']);
    interrupted.signal.addEventListener('abort', () => work.kill('SIGKILL'));
    return await codeOf(work);
  } finally {
    journal.kill('SIGTERM');
    await once(journal, 'close');
  }
}

async function main(params: readonly string[]): Promise<number> {
  const bad = params.find((param) => !PARAM.test(param));
  if (bad !== undefined) {
    console.error(`${bad}: no parameter of this\n${USAGE}`);
    return EXIT.usage;
  }
  const isOurs = (await hive(['status'])) !== 0;
  if (isOurs) {
    const code = await hive(['up', '-d'], ['ignore', 'ignore', 'inherit']);
    if (code !== 0) return code;
  }
  try {
    const code = interrupted.signal.aborted ? EXIT.interrupted : await run(params);
    return interrupted.signal.aborted ? EXIT.interrupted : code;
  } finally {
    if (interrupted.signal.aborted) await hive(['kill', 'chaos/', '--yes']);
    if (isOurs) await hive(['down', '--yes']);
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort());
}
process.exitCode = await main(process.argv.slice(2));

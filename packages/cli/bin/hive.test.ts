import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const LAUNCHER = join(dirname(fileURLToPath(import.meta.url)), 'hive.js');

// A command line that does what its first argument says, as the real one stands in the repository.
const MAIN = `
const say = (value: unknown): void => console.log(JSON.stringify(value));
const [what, ...rest] = process.argv.slice(2);
if (what === 'show') {
  say({ node: process.versions.node, rest, mark: process.env['HIVE_RELAUNCHED'] ?? null });
  process.exitCode = Number(rest[0] ?? 0);
}
if (what === 'die') process.kill(process.pid, 'SIGKILL');
if (what === 'wait') {
  let interrupts = 0;
  const alive = setInterval(() => {}, 1000);
  process.on('SIGINT', () => { interrupts += 1; say('interrupted'); });
  process.on('SIGTERM', () => clearInterval(alive));
  process.on('exit', () => { say({ interrupts }); process.exitCode = 9; });
  say('ready');
}
`;

interface NodeCommand {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** This Node made to believe that it is old: every machine has that one. */
const PRETENDING: NodeCommand = {
  name: 'a Node that says it is 20',
  command: [
    process.execPath,
    '--import',
    'data:text/javascript,Object.defineProperty(process,"versions",' +
      '{value:{...process.versions,node:"20.0.0"}})',
  ],
};

function findOldNodes(): NodeCommand[] {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder.includes('node_modules')) continue;
    const command = join(folder, 'node');
    const run = spawnSync(command, ['--version'], { encoding: 'utf8', timeout: 10_000 });
    const major = Number(/^v(\d+)/.exec(run.stdout ?? '')?.[1] ?? 99);
    if (major < 24) return [{ name: `the old Node of this machine`, command: [command] }];
  }
  return [];
}

let root: string;
let launcher: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hive-launcher-'));
  const cli = join(root, 'packages/cli');
  for (const folder of ['bin', 'src']) mkdirSync(join(cli, folder), { recursive: true });
  writeFileSync(join(cli, 'package.json'), '{"type":"module"}');
  writeFileSync(join(cli, 'src/main.ts'), MAIN);
  launcher = join(cli, 'bin/hive.js');
  copyFileSync(LAUNCHER, launcher);
});

afterEach(() => {
  for (const { pid, exitCode, signalCode } of started.splice(0)) {
    if (pid !== undefined && exitCode === null && signalCode === null)
      process.kill(-pid, 'SIGKILL');
  }
  rmSync(root, { recursive: true, force: true });
});

/** Installs this Node as the pinned one of the folder. */
function pinNode(folder: string, version = process.versions.node): void {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const pinned = join(folder, 'node_modules', `node-${platform}-${process.arch}`);
  mkdirSync(join(pinned, 'bin'), { recursive: true });
  writeFileSync(join(pinned, 'package.json'), JSON.stringify({ version }));
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  symlinkSync(process.execPath, join(pinned, 'bin', name));
}

interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Never group 0, which is that of the tests. */
function interruptGroup({ pid }: ChildProcess): void {
  if (pid === undefined) throw new Error('it did not start');
  process.kill(-pid, 'SIGINT');
}

function launch(node: NodeCommand, args: readonly string[]): ChildProcess {
  const [program, ...nodeArgs] = node.command;
  const { NODE_COMPILE_CACHE: _, ...rest } = process.env;
  const env = { ...rest, HIVE_COMPILE_CACHE: join(root, 'cache') };
  const child = spawn(program, [...nodeArgs, launcher, ...args], {
    cwd: join(root, 'packages'),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  started.push(child);
  return child;
}

async function endOf(child: ChildProcess): Promise<Run> {
  const texts = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
  await once(child, 'close');
  return { ...texts, code: child.exitCode, signal: child.signalCode };
}

/** Waits until the program has printed `word`. */
function output(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (chunk: Buffer): void => {
      if (chunk.includes(word)) resolve();
    };
    child.stdout?.on('data', look);
  });
}

const run = (node: NodeCommand, ...args: string[]): Promise<Run> => endOf(launch(node, args));

describe.each([PRETENDING, ...findOldNodes()])('hive under $name', (node) => {
  it('starts itself with the pinned Node, passes arguments on and the exit code back', async () => {
    pinNode(root);
    const { stdout, stderr, code } = await run(node, 'show', '7', '--flag', 'a b');
    const rest = ['7', '--flag', 'a b'];
    expect(JSON.parse(stdout)).toEqual({ node: process.versions.node, rest, mark: null });
    expect(stderr).toBe('');
    expect(code).toBe(7);
  });

  it('ends by the signal that ended its child', async () => {
    pinNode(root);
    expect(await run(node, 'die')).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it('passes signals on; one to the whole group counts once', async () => {
    pinNode(root);
    const child = launch(node, ['wait']);
    const end = endOf(child);
    await output(child, 'ready');
    interruptGroup(child);
    await output(child, 'interrupted');
    child.kill('SIGTERM');
    const { stdout, code } = await end;
    expect(stdout).toContain('{"interrupts":1}');
    expect(code).toBe(9);
  });

  it('lets a second interrupt count', async () => {
    pinNode(root);
    const child = launch(node, ['wait']);
    const end = endOf(child);
    await output(child, 'ready');
    interruptGroup(child);
    await output(child, 'interrupted');
    // The time between the two is what it is about: longer than an echo takes.
    await sleep(400);
    interruptGroup(child);
    await output(child, 'interrupted');
    child.kill('SIGTERM');
    expect((await end).stdout).toContain('{"interrupts":2}');
  });

  it("keeps from Node what is a flag of Node's too", async () => {
    pinNode(root);
    // An old Node reads it before anything of ours runs, unless it is told where its own flags end.
    const ended = { ...node, command: [...node.command, '--'] as [string, ...string[]] };
    const { stdout, code } = await run(ended, 'show', '0', '--env-file', 'none');
    expect(JSON.parse(stdout)).toMatchObject({ rest: ['0', '--env-file', 'none'] });
    expect(code).toBe(0);
  });

  it('says what, why and what to do when there is no pinned Node, exit 78', async () => {
    const { stdout, stderr, code } = await run(node, 'show');
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error\[E_NODE_TOO_OLD\]: hive needs Node\.js 24 or newer.*\n/);
    expect(stderr).toMatch(/\n {2}No pinned Node is installed.*\n {2}Install it here: {2}npm ci/);
    expect(code).toBe(78);
  });

  it('does not take a pinned Node that is too old itself', async () => {
    pinNode(root, '22.1.0');
    expect(await run(node, 'show')).toMatchObject({ code: 78 });
  });

  it('finds the pinned Node from the working directory too', async () => {
    pinNode(join(root, 'packages'));
    expect(await run(node, 'show')).toMatchObject({ code: 0 });
  });
});

describe('hive under this Node', () => {
  const current: NodeCommand = { name: 'this Node', command: [process.execPath] };

  it('runs the sources, silently, and fills the compile cache', async () => {
    const { stdout, stderr, code } = await run(current, 'show', '3');
    expect(JSON.parse(stdout)).toMatchObject({ rest: ['3'] });
    expect(stderr).toBe('');
    expect(code).toBe(3);
    expect(readdirSync(join(root, 'cache'))).not.toEqual([]);
  });

  it('runs the built files where there are no sources', async () => {
    const cli = dirname(dirname(launcher));
    rmSync(join(cli, 'src'), { recursive: true });
    mkdirSync(join(cli, 'dist'));
    writeFileSync(join(cli, 'dist/main.js'), 'console.log("built");');
    expect(await run(current)).toMatchObject({ stdout: 'built\n', stderr: '', code: 0 });
  });
});

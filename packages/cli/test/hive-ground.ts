// `hive` in a temporary directory, for the tests of the whole. What it starts is ended by its pid.
//   A command that only talks to a kernel runs inside the test, as `runCli` with streams of its
//   own: same arguments, streams and exit code, without the third of a second that a process takes.
//   What starts a kernel, what `start` gives and what `runProcess` runs is a process.

import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE_ENV, shareCompileCache } from '@hivekernel/testkit/compile-cache';
import { runCli } from '../src/index.ts';
import type { Streams } from '../src/index.ts';

const LAUNCHER = fileURLToPath(new URL('../bin/hive.js', import.meta.url));
/** Kernels of tests stand on ports that nobody has, and never ask a model that costs. */
export const ANYWHERE = ['--http-port', '0', '--listen', '127.0.0.1:0', '--model', 'sim'] as const;

/** They carry a kernel, or leave one behind with the environment that they were given. */
const OF_ITS_OWN = new Set(['up', 'demo']);

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

export class HiveGround {
  readonly dir = mkdtempSync(join(tmpdir(), 'hive-cli-'));
  readonly dataDir = join(this.dir, '.hive');
  /** By the environment. One agent less to count. */
  settings: Readonly<Record<string, string>> = { HIVE_MAID_ENABLED: 'false' };
  readonly #children: ChildProcessWithoutNullStreams[] = [];

  /** Runs it to its end. */
  async run(...args: readonly string[]): Promise<Ended> {
    return OF_ITS_OWN.has(args[0] ?? '') ? this.runProcess(...args) : this.#runHere(args, '');
  }

  /** The same with something on stdin. */
  async feed(input: string, ...args: readonly string[]): Promise<Ended> {
    return this.#runHere(args, input);
  }

  /** The whole way: launcher, process, exit. */
  async runProcess(...args: readonly string[]): Promise<Ended> {
    return this.endOf(this.start(...args));
  }

  start(...args: readonly string[]): ChildProcessWithoutNullStreams {
    if (OF_ITS_OWN.has(args[0] ?? '') && !args.includes('--data')) shareCompileCache(this.dataDir);
    return this.#spawn(process.execPath, [LAUNCHER, ...args]);
  }

  /** In a shell, into a pipe from which one line is read; it ends when `hive` has ended too. */
  startForOneLine(...args: readonly string[]): ChildProcessWithoutNullStreams {
    return this.#spawn('sh', ['-c', '"$@" | head -n 1', 'sh', process.execPath, LAUNCHER, ...args]);
  }

  #spawn(program: string, argv: readonly string[]): ChildProcessWithoutNullStreams {
    const child = spawn(program, argv, { cwd: this.dir, env: this.#env });
    this.#children.push(child);
    return child;
  }

  async endOf(child: ChildProcessWithoutNullStreams): Promise<Ended> {
    const texts = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
    if (!child.stdin.writableEnded) child.stdin.end();
    await once(child, 'close');
    return { ...texts, code: child.exitCode };
  }

  get #env(): Readonly<Record<string, string | undefined>> {
    const { PATH } = process.env;
    return { PATH, HOME: this.dir, LANG: 'C.UTF-8', ...COMPILE_CACHE_ENV, ...this.settings };
  }

  async #runHere(argv: readonly string[], input: string): Promise<Ended> {
    const stdout = new Kept();
    const stderr = new Kept();
    const streams = {
      stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
      stdout,
      stderr,
      env: this.#env,
    } as unknown as Streams;
    const code = await runCli({ argv, cwd: this.dir, streams });
    return { stdout: stdout.text, stderr: stderr.text, code };
  }

  file(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, text);
    return path;
  }

  /** The OS process of the kernel here; undefined: none says so. */
  get kernelPid(): number | undefined {
    try {
      const text = readFileSync(join(this.dataDir, 'run.json'), 'utf8');
      return (JSON.parse(text) as { osPid: number }).osPid;
    } catch {
      return undefined;
    }
  }

  async end(): Promise<void> {
    for (const child of this.#children) if (child.exitCode === null) child.kill('SIGKILL');
    if (this.kernelPid !== undefined) await this.run('down');
    const left = this.kernelPid;
    if (left !== undefined) process.kill(left, 'SIGKILL');
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A pipe whose reader keeps all. */
class Kept extends Writable {
  readonly #chunks: Buffer[] = [];

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}

/** Waits until a stream has said it; the stream goes on. */
export function said(stream: NodeJS.ReadableStream, words: RegExp): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (words.test(text)) resolve(undefined);
  });
  stream.once('close', () => reject(new Error(`the stream ended without ${words}: ${text}`)));
  return promise;
}

export const ECHO = `
import { defineAgent } from '@hivekernel/sdk';
export const Echo = defineAgent(async (task, ctx) => {
  const { description, params } = task;
  if (description === 'fail') throw new Error('as asked');
  if (description === 'exit 3') return { exitCode: 3, output: 'three' };
  if (description === 'hang') await new Promise((_, no) => {
    ctx.signal.addEventListener('abort', () => no(new Error('interrupted')));
  });
  await ctx.progress(50, 'half of it');
  return { output: 'echo: ' + description, metadata: params };
});
`;

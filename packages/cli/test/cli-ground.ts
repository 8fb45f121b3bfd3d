// `hive` in this process, on a daemon in this process: for the many small cases of commands, which
// would pay a process each. What a process is for (signals, pipes, exit codes of the whole) is
// tested with hive-ground.ts.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { Daemon, loadConfig } from '@hivekernel/daemon';
import { runCli } from '../src/cli.ts';

export interface CliEnd {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export class CliGround {
  readonly dir: string;
  readonly #daemon: Daemon;

  static async make(): Promise<CliGround> {
    const dir = await mkdtemp(join(tmpdir(), 'hive-cli-'));
    const flags = {
      data: join(dir, '.hive'),
      'http-port': '0',
      listen: '127.0.0.1:0',
      model: 'sim',
    };
    const env = { PATH: process.env['PATH'], HOME: dir, HIVE_MAID_ENABLED: 'false' };
    const config = await loadConfig({ cwd: dir, env, flags });
    return new CliGround(dir, await Daemon.start({ config, log: () => undefined }));
  }

  private constructor(dir: string, daemon: Daemon) {
    this.dir = dir;
    this.#daemon = daemon;
  }

  get dataDir(): string {
    return join(this.dir, '.hive');
  }

  run(...argv: readonly string[]): Promise<CliEnd> {
    return this.feed('', ...argv);
  }

  /** The same with something on stdin. */
  async feed(input: string, ...argv: readonly string[]): Promise<CliEnd> {
    const stdout = new PassThrough();
    const text = textOf(stdout);
    const { stderr, code } = await this.runInto(stdout, { argv, input });
    stdout.end();
    return { stdout: await text, stderr, code };
  }

  async runInto(
    stdout: Writable,
    { argv, input = '' }: { argv: readonly string[]; input?: string },
  ): Promise<Omit<CliEnd, 'stdout'>> {
    const stderr = new PassThrough();
    const told = textOf(stderr);
    const streams = { stdin: Readable.from([Buffer.from(input)]), stdout, stderr };
    const code = await runCli({
      argv,
      cwd: this.dir,
      streams: { ...streams, env: { HIVE_DATA: this.dataDir } } as never,
    });
    stderr.end();
    return { stderr: await told, code };
  }

  async end(): Promise<void> {
    await this.#daemon.stop('the test is over');
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Takes so many writes; then its reader is gone. */
export function brokenPipe(writesMax: number): Writable & { readonly text: string } {
  const chunks: string[] = [];
  const pipe = new Writable({
    write(chunk: Buffer, _, done) {
      if (chunks.length === writesMax) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      } else {
        chunks.push(chunk.toString());
        done();
      }
    },
  });
  return Object.defineProperty(pipe, 'text', { get: () => chunks.join('') }) as never;
}

async function textOf(stream: PassThrough): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks).toString();
}

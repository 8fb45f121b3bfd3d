// A kernel in this process: `hive up` in the foreground, and `hive demo`. Its log goes to the same
// file as that of a kernel in the background.

import { createWriteStream, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { WriteStream } from 'node:fs';
import { Daemon, loadConfig } from '@hivekernel/daemon';
import type { Config, Flags } from '@hivekernel/daemon';
import { CliError, asCliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import type { Env, Terminal } from '../output/terminal.ts';

export interface HostRequest {
  readonly cwd: string;
  readonly env: Env;
  readonly flags: Flags;
  /** hive.yaml. */
  readonly file?: string;
  readonly terminal: Terminal;
  /** Also shows the log on stderr. */
  readonly isVerbose: boolean;
}

export interface HostedKernel {
  readonly daemon: Daemon;
  readonly config: Config;
  readonly dataDir: string;
  /** Whether the data directory was made just now. */
  readonly isNew: boolean;
  readonly startMs: number;
}

export const LOG_FILE = join('logs', 'hived.log');

/** Throws what the configuration and the start throw. */
export async function hostKernel(request: HostRequest): Promise<HostedKernel> {
  const { cwd, env, flags, file, terminal } = request;
  const startedMs = performance.now();
  const config = await loadConfig({ cwd, env, flags, ...(file === undefined ? {} : { file }) });
  for (const warning of config.warnings) terminal.note(`warning: ${warning}`);
  const { dataDir } = config.daemon;
  const isNew = !existsSync(dataDir);
  const log = new KernelLog(request);
  const daemon = await Daemon.start({ config, log: (line) => log.write(line) }).catch(
    (error: unknown) => {
      throw startError(error);
    },
  );
  await log.open(dataDir);
  void daemon.ended.then(
    () => log.close(),
    () => log.close(),
  );
  return { daemon, config, dataDir, isNew, startMs: performance.now() - startedMs };
}

function startError(error: unknown): CliError {
  const told = asCliError(error);
  if (told.exitCode !== EXIT.unreachable) return told;
  const { code, message, why, details, cause } = told;
  return new CliError({ code, message, why, details, cause, exitCode: EXIT.failed });
}

/** Lines before the data directory is known to be good wait in memory. */
class KernelLog {
  readonly #request: HostRequest;
  readonly #waiting: string[] = [];
  #file: WriteStream | undefined;

  constructor(request: HostRequest) {
    this.#request = request;
  }

  write(line: string): void {
    const { isVerbose, terminal } = this.#request;
    if (isVerbose) terminal.note(terminal.errPaint.dim(line));
    const text = `${new Date().toISOString()} ${line}\n`;
    if (this.#file === undefined) this.#waiting.push(text);
    else this.#file.write(text);
  }

  /** A log that cannot be written never stops a kernel. */
  async open(dataDir: string): Promise<void> {
    await mkdir(join(dataDir, 'logs'), { recursive: true });
    const file = createWriteStream(join(dataDir, LOG_FILE), { flags: 'a', mode: 0o600 });
    file.on('error', () => undefined);
    file.write(this.#waiting.splice(0).join(''));
    this.#file = file;
  }

  close(): void {
    this.#file?.end();
  }
}

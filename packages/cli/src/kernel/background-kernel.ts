// A kernel in the background: its own session and process, its log in a file, and nothing told as
// started before it answers.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, openSync, closeSync, readFileSync, statSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect } from '@hivekernel/client';
import type { HiveClient } from '@hivekernel/client';
import { makeDirectory } from '@hivekernel/daemon/make-directory';
import { CliError } from '../errors/cli-error.ts';
import { EXIT, exitCodeOfStartError } from '../errors/exit-codes.ts';
import type { ExitCode } from '../errors/exit-codes.ts';
import { cliVersion } from '../version.ts';
import { osPidOfKernel } from './kernel-process.ts';

const LOG_FILE = join('logs', 'hived.log');
const START_TIMEOUT_MS = 15_000;
const LOOK_EVERY_MS = 40;
const LOG_LINES_SHOWN = 12;

export interface BackgroundRequest {
  readonly dataDir: string;
  readonly cwd: string;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}

/** Returns a client of it. Throws E_START_FAILED with the log's last lines. */
export async function startInBackground(request: BackgroundRequest): Promise<HiveClient> {
  const { dataDir, signal } = request;
  const logPath = await makeLog(dataDir);
  const logFrom = existsSync(logPath) ? statSync(logPath).size : 0;
  const child = launch(request, logPath);
  try {
    return await answering(child, { dataDir, signal });
  } catch (error) {
    if (child.exitCode === null && child.pid !== undefined) process.kill(child.pid, 'SIGTERM');
    throw failure({ child, logPath, logFrom, error });
  }
}

async function makeLog(dataDir: string): Promise<string> {
  try {
    await makeDirectory(join(dataDir, 'logs'), 0o700);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new CliError({
      code: 'E_DATA_DIR',
      exitCode:
        code === 'EACCES' || code === 'EPERM' || code === 'EROFS' ? EXIT.refused : EXIT.failed,
      message: `the data directory ${dataDir} cannot be written (${code})`,
      hints: [{ label: 'Choose another', command: 'hive up -d --data DIR' }],
      cause,
    });
  }
  return join(dataDir, LOG_FILE);
}

function launch({ args, cwd }: BackgroundRequest, logPath: string): ChildProcess {
  const log = openSync(logPath, 'a', 0o600);
  try {
    // Behind `--` Node takes no flag, such as --env-file, for itself.
    const child = spawn(process.execPath, ['--', daemonProgram(), ...args], {
      cwd,
      env: { ...process.env, ...compileCacheEnv() },
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** The launcher's cache, which lies one above what this version of Node keeps in it. */
function compileCacheEnv(): { readonly NODE_COMPILE_CACHE?: string } {
  const own = getCompileCacheDir();
  return own === undefined ? {} : { NODE_COMPILE_CACHE: dirname(own) };
}

/** Beside the daemon's index: `main.ts` in the workspace, `main.js` where it is packed. */
function daemonProgram(): string {
  const index = import.meta.resolve('@hivekernel/daemon');
  return fileURLToPath(new URL(`main${index.endsWith('.ts') ? '.ts' : '.js'}`, index));
}

async function answering(
  child: ChildProcess,
  { dataDir, signal }: { dataDir: string; signal: AbortSignal },
): Promise<HiveClient> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  const client = `hive/${cliVersion()}`;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended');
    if (performance.now() > deadlineMs)
      throw new Error(`it did not answer in ${START_TIMEOUT_MS} ms`);
    const found = await connect({ dataDir, client, signal }).catch(() => undefined);
    const isIt = found !== undefined && (await osPidOfKernel(found, dataDir)) === child.pid;
    if (isIt) return found;
    found?.close();
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

interface Failure {
  readonly child: ChildProcess;
  readonly logPath: string;
  readonly logFrom: number;
  readonly error: unknown;
}

function failure({ child, logPath, logFrom, error }: Failure): CliError {
  const lines = logLines(logPath, logFrom);
  const told = lines.findLast((line) => REASON.test(line)) ?? '';
  const reason = REASON.exec(told);
  const [, code = '', message] = reason ?? [];
  const what = error instanceof Error ? error.message : String(error);
  return new CliError({
    code: child.exitCode === EXIT.config ? 'E_CONFIG' : codeOfStart(code),
    exitCode: exitCodeOfStart(child.exitCode, code),
    message: message ?? `the kernel did not start: ${what}`,
    why: [
      ...lines.filter((line) => line !== told).slice(-LOG_LINES_SHOWN),
      `Its log is ${logPath}.`,
    ].join('\n'),
    hints: [{ label: 'Check everything', command: 'hive doctor' }],
    cause: error,
  });
}

/** How the daemon's log tells why it ended: `… error[conflict]: …`. */
const REASON = / error(?:\[([a-z_]+)\])?: (.*)$/;

const codeOfStart = (errorCode: string): string =>
  errorCode === '' ? 'E_START_FAILED' : `E_${errorCode.toUpperCase()}`;

function exitCodeOfStart(exitCode: number | null, errorCode: string): ExitCode {
  if (exitCode === EXIT.config || exitCode === EXIT.usage) return exitCode;
  return exitCodeOfStartError(errorCode);
}

function logLines(path: string, from: number): string[] {
  try {
    const text = readFileSync(path).subarray(from).toString('utf8');
    return text.split('\n').filter((line) => line !== '');
  } catch {
    return [];
  }
}

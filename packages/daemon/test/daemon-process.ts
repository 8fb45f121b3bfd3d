// The daemon as a program: an OS process of its own, which tests may kill. Ready when it says so on
// stdout; what it writes to stderr is kept for messages about a failure.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect, type HiveClient, type RunInfo } from '@hivekernel/client';
import { COMPILE_CACHE_ENV } from '@hivekernel/testkit/compile-cache';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export interface DaemonProcessOptions {
  readonly dataDir: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface DaemonExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface DaemonProcess {
  readonly child: ChildProcess;
  readonly osPid: number;
  readonly exited: Promise<DaemonExit>;
  /** Resolves when it is ready; rejects with what it said when it ended before. */
  readonly ready: Promise<RunInfo>;
  stderr(): string;
}

/** Starts it; whoever starts it ends it. */
export function launchDaemon(options: DaemonProcessOptions): DaemonProcess {
  const { dataDir, args = [], env = {} } = options;
  const flags = ['--data', dataDir, '--listen', '127.0.0.1:0', '--http-port', '0', ...args];
  const child = spawn(process.execPath, [MAIN, ...flags], {
    cwd: dirname(dataDir),
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: dirname(dataDir),
      HIVE_MODELS_LOCAL_PROBE: 'false',
      HIVE_SIM_LATENCY: '0',
      HIVE_JOURNAL_BALLAST: '0',
      HIVE_MAID_ENABLED: 'false',
      ...COMPILE_CACHE_ENV,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<DaemonExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const ready = Promise.race([
    firstLine(child),
    exited.then(({ code, signal }) => {
      throw new Error(`the daemon ended (${signal ?? code}) before it was ready:\n${stderr}`);
    }),
  ]);
  ready.catch(() => undefined); // For those who wait for its end only.
  return { child, osPid: child.pid ?? 0, exited, ready, stderr: () => stderr };
}

async function firstLine(child: ChildProcess): Promise<RunInfo> {
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await once(lines, 'line')) as [string];
  return (JSON.parse(line) as { ready: RunInfo }).ready;
}

/** With a client, once it is ready. */
export async function startDaemonProcess(
  options: DaemonProcessOptions,
): Promise<DaemonProcess & { readonly client: HiveClient; readonly runtimeDir: string }> {
  const daemon = launchDaemon(options);
  const { adminSocket } = await daemon.ready;
  const client = await connect({ dataDir: options.dataDir });
  return { ...daemon, client, runtimeDir: dirname(adminSocket) };
}

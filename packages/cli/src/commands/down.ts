// `hive down`: stops the kernel with all its agents and returns when its process is gone. Where
// none runs there is nothing to do; what a dead one left in the way is cleared.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOsProcessAlive, readRunFile, RUN_FILE } from '@hivekernel/client';
import type { HiveClient } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { osPidOfKernel } from '../kernel/kernel-process.ts';
import { findKernel, shownPath } from '../kernel/reach-kernel.ts';
import { showSpan } from '../output/human.ts';

const STOP_TIMEOUT_MS = 30_000;
const LOOK_EVERY_MS = 25;

export function define(command: Command, bind: Bind): void {
  bind(command, down);
}

async function down(context: Context): Promise<number> {
  const { cwd, flags } = context;
  const dataDir = await context.dataDir();
  const client = await findKernel({ dataDir, cwd });
  if (client === undefined) return notRunning(context, dataDir);
  const osPid = await osPidOfKernel(client, dataDir);
  const startedMs = performance.now();
  await askToStop(client, osPid);
  const timeoutMs = flags.timeoutMs ?? STOP_TIMEOUT_MS;
  while (isOsProcessAlive(osPid)) {
    if (performance.now() - startedMs > timeoutMs) throw tooLate(osPid, timeoutMs);
    await sleep(LOOK_EVERY_MS);
  }
  tell(context, { stopped: true, osPid, tookMs: Math.round(performance.now() - startedMs) });
  return EXIT.ok;
}

/** It may be gone before it could answer. One that cannot do what is asked is asked by the OS. */
async function askToStop(client: HiveClient, osPid: number): Promise<void> {
  try {
    await client.stop('hive down');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'unavailable') process.kill(osPid, 'SIGTERM');
  } finally {
    client.close();
  }
}

async function notRunning(context: Context, dataDir: string): Promise<number> {
  const run = await readRunFile(dataDir);
  if (run !== undefined) await rm(join(dataDir, RUN_FILE), { force: true });
  tell(context, { stopped: false, osPid: null, tookMs: 0 });
  if (run !== undefined) {
    const file = shownPath(join(dataDir, RUN_FILE), context.cwd);
    context.terminal.note(`${file} of a kernel that died is cleared away`);
  }
  return EXIT.ok;
}

function tell(
  context: Context,
  result: { stopped: boolean; osPid: number | null; tookMs: number },
): void {
  const { format, terminal } = context;
  if (format !== 'table' && format !== 'wide' && format !== 'name') {
    context.show('StopResult', result, () => '');
  }
  const { stopped, osPid, tookMs } = result;
  terminal.note(stopped ? `stopped OS process ${osPid} in ${showSpan(tookMs)}` : 'not running');
}

function tooLate(osPid: number, timeoutMs: number): CliError {
  return new CliError({
    code: 'E_TIMED_OUT',
    exitCode: EXIT.timedOut,
    message: `the kernel (OS process ${osPid}) is still there after ${showSpan(timeoutMs)}`,
    hints: [{ label: 'Force it', command: `kill -9 ${osPid}` }],
  });
}

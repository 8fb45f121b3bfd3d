// `hive up [FILE] [-d]`: starts the kernel of this directory, here or in the background.
//   Running already: with -d that is what was wanted (0); in the foreground it is a conflict (5).

import { resolve } from 'node:path';
import type { HiveClient } from '@hivekernel/client';
import { loadConfig } from '@hivekernel/daemon/config';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { startInBackground } from '../kernel/background-kernel.ts';
import { osPidOfKernel } from '../kernel/kernel-process.ts';
import { findKernel, shownPath } from '../kernel/reach-kernel.ts';
import { requireDataDir } from '../kernel/require-data-dir.ts';
import { addSettingFlags, asArguments, givenSettings } from '../kernel/setting-flags.ts';
import { exitCodeOfSignal, onStopSignals, untilSignal } from '../kernel/signals.ts';
import type { StopSignal } from '../kernel/signals.ts';

interface UpFlags {
  readonly detach?: boolean;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('[file]', 'a configuration; left out: the nearest hive.yaml, if there is one')
    .option('-d, --detach', 'in the background; returns when it answers')
    .addHelpText('after', '\nExamples:\n  hive up -d\n  hive up --model sim --http-port 0\n');
  addSettingFlags(command);
  bind(command, up);
}

async function up(context: Context, command: Command): Promise<number> {
  const { terminal, flags, cwd } = context;
  const settings = givenSettings(command, flags.data);
  const [file] = command.args;
  const source = file === undefined ? {} : { file: resolve(cwd, file) };
  const config = await loadConfig({ cwd, env: terminal.env, flags: settings, ...source });
  const { dataDir } = config.daemon;
  await requireDataDir(dataDir);
  const isDetached = command.opts<UpFlags>().detach === true;
  const running = await findKernel({ dataDir, cwd });
  if (running !== undefined) return alreadyRunning(context, { running, dataDir, isDetached });
  if (!isDetached) return foreground(context, { settings, ...source });
  const args = [...asArguments({ ...settings, data: dataDir }), ...Object.values(source)];
  const stop = untilSignal();
  try {
    const client = await startInBackground({ dataDir, cwd, args, signal: stop.signal });
    const code = await tellUp(context, { client, dataDir, word: 'started' });
    const { dotenvNames } = config;
    if (dotenvNames.length > 0) terminal.note(`env     ${dotenvNames.join(', ')} from .env`);
    return code;
  } finally {
    stop.release();
  }
}

async function alreadyRunning(
  context: Context,
  found: { running: HiveClient; dataDir: string; isDetached: boolean },
): Promise<number> {
  const { running, dataDir, isDetached } = found;
  if (isDetached) return tellUp(context, { client: running, dataDir, word: 'is running already' });
  const osPid = await osPidOfKernel(running, dataDir);
  running.close();
  throw new CliError({
    code: 'E_ALREADY_RUNNING',
    exitCode: EXIT.wrongState,
    message: `a kernel is running in ${shownPath(dataDir, context.cwd)} already`,
    why: `It is OS process ${osPid}.`,
    hints: [
      { label: 'Stop it', command: 'hive down' },
      { label: 'Another one', command: 'hive up --data DIR' },
    ],
    details: { osPid, dataDir },
  });
}

interface Up {
  readonly client: HiveClient;
  readonly dataDir: string;
  readonly word: string;
}

async function tellUp(context: Context, { client, dataDir, word }: Up): Promise<number> {
  const { terminal, cwd, format } = context;
  try {
    const osPid = await osPidOfKernel(client, dataDir);
    const status = await client.status().catch(() => undefined);
    const { httpUrl = '', grpcAddress = '' } = status ?? {};
    const model = status && { provider: status.modelProvider, simulated: status.modelSimulated };
    const body = { osPid, dataDir, http: httpUrl, grpc: grpcAddress, model: model ?? null };
    if (format === 'name') terminal.out(`${osPid}\n`);
    else if (format !== 'table' && format !== 'wide') context.show('Kernel', body, () => '');
    terminal.note(`kernel ${word}: OS process ${osPid}, state in ${shownPath(dataDir, cwd)}`);
    const simulated = model?.simulated === true ? ' (simulated)' : '';
    if (model === undefined) terminal.note('status  it cannot tell; see: hive status');
    else terminal.note(`model   ${model.provider}${simulated}   http ${httpUrl || '-'}`);
    return EXIT.ok;
  } finally {
    client.close();
  }
}

async function foreground(
  { terminal, cwd, flags }: Context,
  source: { settings: ReturnType<typeof givenSettings>; file?: string },
): Promise<number> {
  const { hostKernel } = await import('../kernel/hosted-kernel.ts');
  const { kernelLines, printLines } = await import('../kernel/kernel-lines.ts');
  const { settings, ...file } = source;
  const early = untilSignal();
  const kernel = await hostKernel({
    cwd,
    env: terminal.env,
    flags: settings,
    ...file,
    terminal,
    isVerbose: flags.verbosity > 0,
  });
  let stoppedBy = early.signal.aborted ? (early.signal.reason as StopSignal) : undefined;
  early.release();
  const release = onStopSignals((signal, count) => {
    if (count > 1) process.exit(exitCodeOfSignal(signal));
    stoppedBy = signal;
    terminal.note('stopping; once more forces it');
    void kernel.daemon.stop(signal);
  });
  printLines(terminal, kernelLines(kernel, cwd));
  terminal.note('Ctrl-C stops it');
  if (stoppedBy !== undefined) void kernel.daemon.stop(stoppedBy);
  try {
    await kernel.daemon.ended;
  } finally {
    release();
  }
  return stoppedBy === undefined ? EXIT.ok : exitCodeOfSignal(stoppedBy);
}

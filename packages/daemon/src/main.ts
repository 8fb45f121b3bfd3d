// hived: the daemon as a program. Flags come from the settings table; it prints one line of JSON on
// stdout when it is ready, logs to stderr, and ends cleanly on SIGTERM and SIGINT. A stop that is
// asked for during the boot happens right after it; a second signal waits for nothing.

import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { KernelError } from '@hivekernel/kernel';
import { loadConfig, SETTING_KEYS, settingRow, type Flags } from './config/index.ts';
import { Daemon } from './daemon.ts';

const EXIT = { ok: 0, failed: 1, badUsage: 2, badConfig: 78 } as const;

const log = (line: string): void => {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
};

async function main(): Promise<number> {
  const boot: { daemon?: Daemon; stopAsked?: NodeJS.Signals } = {};
  onStopSignal((signal) => {
    boot.stopAsked = signal;
    if (boot.daemon !== undefined) stop(boot.daemon, signal);
  });
  const { flags, file } = readArguments(process.argv.slice(2));
  const source = file === undefined ? {} : { file };
  const config = await loadConfig({ cwd: process.cwd(), env: process.env, flags, ...source });
  for (const warning of config.warnings) log(warning);
  const daemon = await Daemon.start({ config, log });
  boot.daemon = daemon;
  if (boot.stopAsked !== undefined) stop(daemon, boot.stopAsked);
  process.stdout.write(`${JSON.stringify({ ready: daemon.info })}\n`);
  log(`ready: ${daemon.model.line}`);
  await daemon.ended;
  return EXIT.ok;
}

/** The flags of the settings table, `--env-file`, and the configuration file. */
function readArguments(args: readonly string[]): { flags: Flags; file: string | undefined } {
  const options: ParseArgsOptionsConfig = { 'env-file': { type: 'string' } };
  for (const key of SETTING_KEYS) {
    const { flag, kind } = settingRow(key);
    if (flag !== undefined) options[flag] = { type: isSwitch(kind) ? 'boolean' : 'string' };
  }
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  return { flags: values as Flags, file: positionals[0] };
}

const isSwitch = (kind: { readonly allowed: string }): boolean => kind.allowed.includes('true');

function onStopSignal(listener: (signal: NodeJS.Signals) => void): void {
  let count = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    count += 1;
    if (count > 1) process.exit(EXIT.failed);
    log(`${signal}: stopping`);
    listener(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** How it ends is told by `ended`. */
function stop(daemon: Daemon, signal: NodeJS.Signals): void {
  daemon.stop(signal).catch((error: unknown) => {
    log(`error: the stop failed: ${String(error)}`);
    process.exit(EXIT.failed);
  });
}

function exitCodeOf(error: unknown): number {
  if (error instanceof KernelError && error.details['reason'] === 'configuration') {
    return EXIT.badConfig;
  }
  const code = (error as { code?: unknown }).code;
  const isUsage = typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS');
  return isUsage ? EXIT.badUsage : EXIT.failed;
}

process.exitCode = await main().catch((error: unknown) => {
  const code = error instanceof KernelError ? `[${error.code}]` : '';
  log(`error${code}: ${error instanceof Error ? error.message : String(error)}`);
  return exitCodeOf(error);
});

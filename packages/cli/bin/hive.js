#!/usr/bin/env node
// The launcher of `hive`: plain JavaScript that an old Node can still read.
//   - Node 24 or newer: switches the compile cache on and loads the command line.
//   - Older: starts itself again with the Node that npm installed beside it, and stands for that
//     child: terminal, signals and the end are passed on. None found: says what is needed, exit 78.
// It parses no arguments and prints nothing of its own but that error.

import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { constants, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 24;
const EXIT_BAD_CONFIG = 78;
/** Set for the child of an old Node; it must not start itself again. */
const RELAUNCHED = 'HIVE_RELAUNCHED';
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
/** What a terminal sends, it sends to the whole foreground group: the child has it already. */
const KEYBOARD_SIGNALS = ['SIGINT', 'SIGQUIT'];
const STANDARD_FDS = [0, 1, 2];
/**
 * Without a terminal a signal to the whole group comes directly and by the launcher, which may be
 * late on a busy machine. Programs are not as quick to ask again as fingers are.
 */
const SIGNAL_ECHO_MS = 250;

const HERE = dirname(fileURLToPath(import.meta.url));

/** @param {string} version */
function majorOf(version) {
  return Number(version.replace(/^v/, '').split('.')[0]);
}

/**
 * Looks for the pinned Node in `node_modules` of `from` and of every folder above it.
 * @param {string} from
 */
function findPinnedNode(from) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const pinned = join(folder, 'node_modules', name);
    const binary = join(pinned, 'bin', file);
    if (existsSync(binary) && isNewEnough(join(pinned, 'package.json'))) return binary;
    if (folder === dirname(folder)) return undefined;
  }
}

/** @param {string} packageFile */
function isNewEnough(packageFile) {
  try {
    return majorOf(JSON.parse(readFileSync(packageFile, 'utf8')).version) >= NODE_MAJOR_MIN;
  } catch {
    return false;
  }
}

/** @param {string} why */
function refuse(why) {
  process.stderr.write(
    `error[E_NODE_TOO_OLD]: hive needs Node.js ${NODE_MAJOR_MIN} or newer, ` +
      `this is ${process.versions.node} (${process.execPath})\n` +
      `  ${why}\n` +
      `  Install it here:  npm ci        Or for the whole machine:  https://nodejs.org\n`,
  );
  process.exitCode = EXIT_BAD_CONFIG;
}

function relaunch() {
  if (process.env[RELAUNCHED]) return refuse('The Node that was found beside hive is too old.');
  const node = findPinnedNode(HERE) || findPinnedNode(process.cwd());
  if (!node) {
    return refuse(`No pinned Node is installed beside ${HERE} or in ${process.cwd()}.`);
  }
  // Behind `--` Node takes no flag for itself, wherever it stands.
  const args = ['--', fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const env = { ...process.env, [RELAUNCHED]: '1' };
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of FORWARDED_SIGNALS) {
    if (signal in constants.signals) process.on(signal, () => passOn(child, signal));
  }
  child.once('error', (error) => {
    refuse(`The Node beside hive does not start (${node}): ${error.message}.`);
  });
  child.once('exit', (code, signal) => {
    if (code !== null) process.exit(code);
    for (const name of FORWARDED_SIGNALS) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function passOn(child, signal) {
  if (isPassedOn(signal)) child.kill(signal);
}

/** @param {string} signal */
function isPassedOn(signal) {
  if (!KEYBOARD_SIGNALS.includes(signal)) return FORWARDED_SIGNALS.includes(signal);
  return !STANDARD_FDS.some((fd) => isatty(fd));
}

/** Lets a signal that comes twice within a moment, directly and forwarded, count once. */
function dropSignalEchoes() {
  const emit = process.emit;
  const lastMs = new Map();
  process.emit = function emitOnce(name, ...rest) {
    if (isPassedOn(name)) {
      const nowMs = performance.now();
      const beforeMs = lastMs.get(name);
      lastMs.set(name, nowMs);
      if (beforeMs !== undefined && nowMs - beforeMs < SIGNAL_ECHO_MS) return true;
    }
    return emit.call(process, name, ...rest);
  };
}

/** A folder that only this user can write to: what lies in it is run. */
function compileCacheFolder() {
  if (process.env.HIVE_COMPILE_CACHE) return process.env.HIVE_COMPILE_CACHE;
  const uid = process.getuid ? process.getuid() : 0;
  const folder = join(tmpdir(), `hive-compile-cache-${uid}`);
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true });
    const { mode, uid: owner } = lstatSync(folder);
    const isPrivate = process.platform === 'win32' || (owner === uid && (mode & 0o077) === 0);
    return isPrivate ? folder : undefined;
  } catch {
    return undefined;
  }
}

async function main() {
  if (process.env[RELAUNCHED]) {
    delete process.env[RELAUNCHED];
    dropSignalEchoes();
  }
  const folder = compileCacheFolder();
  if (folder) module.enableCompileCache(folder);
  // Sources in the repository; built files in an installed package, where types are not stripped.
  await import(existsSync(join(HERE, '../src/main.ts')) ? '../src/main.ts' : '../dist/main.js');
}

if (majorOf(process.versions.node) < NODE_MAJOR_MIN) relaunch();
// A failure to load is an unhandled rejection: Node prints it and exits with 1.
else void main();

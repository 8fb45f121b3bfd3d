// The entry of `hive`: the real streams, and the exit code. The launcher (bin/hive.js) imports it.
// The process ends when nothing is left to do; what holds it longer than the linger is cut off.

import { runCli } from './cli.ts';

const LINGER_MS = 2_000;

const { stdin, stdout, stderr, env } = process;
const argv = process.argv.slice(2);
const code = await runCli({ argv, cwd: process.cwd(), streams: { stdin, stdout, stderr, env } });
process.exitCode = code;
setTimeout(() => process.exit(code), LINGER_MS).unref();

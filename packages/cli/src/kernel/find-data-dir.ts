// Which data directory a command means: `--data` > HIVE_DATA > what the configuration says. Where
// no file can say anything, the answer is known without loading the configuration: that keeps
// `hive ps` quick.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Env } from '../output/terminal.ts';

const DEFAULT_DATA = '.hive';
const LEVELS_MAX = 256;

export interface Surroundings {
  readonly cwd: string;
  readonly env: Env;
  /** `--data`. */
  readonly flag: string | undefined;
}

/** Absolute. Throws what the configuration throws. */
export async function findDataDir({ cwd, env, flag }: Surroundings): Promise<string> {
  const named = flag ?? env['HIVE_DATA'];
  if (named !== undefined && named !== '' && !named.startsWith('~')) return resolve(cwd, named);
  if (named === undefined && !mayBeConfigured(cwd, env)) return resolve(cwd, DEFAULT_DATA);
  const { loadConfig } = await import('@hivekernel/daemon/config');
  const config = await loadConfig({ cwd, env, flags: flag === undefined ? {} : { data: flag } });
  return config.daemon.dataDir;
}

/** Whether any file exists that could name another directory. */
function mayBeConfigured(cwd: string, env: Env): boolean {
  if (existsSync(join(cwd, '.env')) || existsSync(userFile(env))) return true;
  let dir = resolve(cwd);
  for (let level = 0; level < LEVELS_MAX; level++) {
    if (existsSync(join(dir, 'hive.yaml'))) return true;
    const parent = dirname(dir);
    if (parent === dir) return false;
    dir = parent;
  }
  return true;
}

function userFile(env: Env): string {
  const xdg = env['XDG_CONFIG_HOME'];
  const base = xdg && isAbsolute(xdg) ? xdg : join(env['HOME'] || homedir(), '.config');
  return join(base, 'hive', 'config.yaml');
}

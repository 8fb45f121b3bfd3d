// Parameters of a task from flags: `--input` paths become one absolute path a line, `--param k=v`
// goes as it is. A path that is not there is told before anything is started.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError, usageError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';

export interface ParamFlags {
  readonly input?: readonly string[];
  readonly param?: readonly string[];
}

export function readParams(flags: ParamFlags, cwd: string): Record<string, string> {
  const params = readPairs(flags.param ?? [], '--param');
  const { input = [] } = flags;
  if (input.length > 0) params['input'] = input.map((path) => existing(path, cwd)).join('\n');
  return params;
}

/** `k=v`; the value may have more `=`. */
export function readPairs(pairs: readonly string[], flag: string): Record<string, string> {
  const entries = pairs.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw usageError(`${flag} wants KEY=VALUE; got "${pair}".`);
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return Object.fromEntries(entries);
}

function existing(path: string, cwd: string): string {
  const whole = resolve(cwd, path);
  if (existsSync(whole)) return whole;
  throw new CliError({
    code: 'E_NO_FILE',
    exitCode: EXIT.usage,
    message: `there is no file or directory ${path}`,
    why: whole === path ? '' : `Looked at ${whole}.`,
  });
}

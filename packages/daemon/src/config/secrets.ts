// Keys of model providers: which variables hold one, `NAME_FILE` for a file with it, and how one
// is shown. A key comes from the environment only, and is never printed whole.
//   NAME wins over NAME_FILE, with a warning when both are set.

import { resolve } from 'node:path';
import { PRESETS } from '../llm/presets.ts';
import { readTextFile } from './config-files.ts';
import type { ConfigProblem } from './problem.ts';
import type { EnvValue } from './text-sources.ts';

/** Keys of the providers that need no entry in `providers`. */
export const KEY_ENV_NAMES: readonly string[] = PRESETS.map(({ keyEnv }) => keyEnv);

const MASK_CHARS_MIN = 16;
const MASK_EDGE_CHARS = 3;

export interface SecretStatus {
  /** `OPENROUTER_API_KEY`. */
  readonly name: string;
  /** `sk-…f3a`; absent when it is not set. */
  readonly shown?: string;
  /** `env OPENROUTER_API_KEY`, with the file where one was named. */
  readonly where?: string;
}

/** First and last three characters of a long key, nothing of a short one. */
export function maskSecret(secret: string): string {
  if (secret.length < MASK_CHARS_MIN) return '…';
  return `${secret.slice(0, MASK_EDGE_CHARS)}…${secret.slice(-MASK_EDGE_CHARS)}`;
}

export interface SecretReading {
  readonly statuses: readonly SecretStatus[];
  /** What came from files, to be added to the environment. */
  readonly fromFiles: Readonly<Record<string, string>>;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

/** Looks up every name in `env`, following NAME_FILE where NAME is empty or not set. */
export async function readSecrets(
  names: readonly string[],
  env: ReadonlyMap<string, EnvValue>,
): Promise<SecretReading> {
  const statuses: SecretStatus[] = [];
  const fromFiles: Record<string, string> = {};
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  for (const name of new Set(names)) {
    const plain = env.get(name);
    const file = env.get(`${name}_FILE`);
    const hasFile = file !== undefined && file.value !== '';
    if (plain !== undefined && plain.value !== '') {
      if (hasFile) warnings.push(`${name} and ${name}_FILE are both set; ${name} is used`);
      statuses.push({ name, shown: maskSecret(plain.value), where: `env ${plain.where}` });
      continue;
    }
    const secret = hasFile ? await readSecretFile(file, problems) : undefined;
    if (secret === undefined) {
      statuses.push({ name });
      continue;
    }
    fromFiles[name] = secret;
    statuses.push({ name, shown: maskSecret(secret), where: `env ${file?.where}` });
  }
  return { statuses, fromFiles, problems, warnings };
}

async function readSecretFile(
  file: EnvValue,
  problems: ConfigProblem[],
): Promise<string | undefined> {
  const path = resolve(file.baseDir, file.value);
  const content = await readTextFile(path);
  const secret = content.kind === 'text' ? content.text.trim() : '';
  if (secret !== '' && !/\s/.test(secret)) return secret;
  const what = {
    absent: 'there is no such file',
    unreadable: content.kind === 'unreadable' ? content.what : '',
    text: secret === '' ? 'the file is empty' : 'the file holds more than one word',
  }[content.kind];
  problems.push({ where: file.where, what: `${path}: ${what}` });
  return undefined;
}

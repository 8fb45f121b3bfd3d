// Which files make up a configuration, and how they are read. Not what they mean.
//   hive.yaml is the nearest one, from the working directory upward; its directory is the project.
//   Only regular files of a bounded size are read, so that a pipe or a device cannot hang a start.

import { open, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

export const PROJECT_FILE = 'hive.yaml';
const MISSPELT_FILES: readonly string[] = ['hive.yml'];
const FILE_BYTES_MAX = 1024 * 1024;
/** Directories looked at on the way up. */
const LEVELS_MAX = 256;

export type Env = Readonly<Record<string, string | undefined>>;

export type FileText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly what: string };

/** Reads a whole UTF-8 file without its byte order mark. */
export async function readTextFile(path: string): Promise<FileText> {
  try {
    const info = await stat(path);
    if (!info.isFile()) return { kind: 'unreadable', what: 'this is not a regular file' };
    if (info.size > FILE_BYTES_MAX) {
      return { kind: 'unreadable', what: `${info.size} bytes are too many for this file` };
    }
    return decode(await readBounded(path));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    return { kind: 'unreadable', what: `cannot be read (${code})` };
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  await using file = await open(path, 'r');
  const buffer = new Uint8Array(FILE_BYTES_MAX);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

function decode(content: Uint8Array): FileText {
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(content) };
  } catch {
    return { kind: 'unreadable', what: 'this is not UTF-8 text' };
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

export interface FoundProject {
  /** Directory of hive.yaml, else the working directory. */
  readonly dir: string;
  readonly file?: string;
  /** A file that looks meant for us but is not read. */
  readonly misspelt?: string;
}

/** The nearest hive.yaml from `cwd` upward. */
export async function findProject(cwd: string): Promise<FoundProject> {
  let misspelt: string | undefined;
  let dir = resolve(cwd);
  for (let level = 0; level < LEVELS_MAX; level++) {
    const file = join(dir, PROJECT_FILE);
    if (await exists(file)) return { dir, file };
    for (const name of MISSPELT_FILES) {
      if (misspelt === undefined && (await exists(join(dir, name)))) misspelt = join(dir, name);
    }
    const parent = dirname(dir);
    if (parent === dir) break;
    dir = parent;
  }
  return { dir: resolve(cwd), ...(misspelt === undefined ? {} : { misspelt }) };
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

export const homeDirOf = (env: Env): string => env['HOME'] || homedir();

/** `$XDG_CONFIG_HOME/hive/config.yaml`; a relative XDG_CONFIG_HOME counts as unset, as it asks. */
export function userFile(env: Env): string {
  const xdg = env['XDG_CONFIG_HOME'];
  const base = xdg && isAbsolute(xdg) ? xdg : join(homeDirOf(env), '.config');
  return join(base, 'hive', 'config.yaml');
}

/** A path for people: relative to `cwd` inside it, else whole. */
export function shownPath(path: string, cwd: string): string {
  const inside = relative(cwd, path);
  return inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)
    ? path
    : inside;
}

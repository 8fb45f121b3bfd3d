// Makes one frozen Config of all sources: flags > HIVE_* > hive.yaml > the user's file > defaults.
//   All problems of all sources are reported at once; a Config that is returned has none.
//   What a higher source overrides is validated nevertheless.
//   Every value knows its origin; entries of a map know theirs.

import { dirname, join, resolve } from 'node:path';
import type { KernelSettings } from '@hivekernel/kernel';
import { findProject, homeDirOf, readTextFile, shownPath, userFile } from './config-files.ts';
import type { Env } from './config-files.ts';
import { toDaemonSettings, toKernelSettings } from './daemon-settings.ts';
import type { DaemonSettings } from './daemon-settings.ts';
import { parseDotenv } from './dotenv.ts';
import { configError } from './problem.ts';
import type { ConfigProblem } from './problem.ts';
import { KEY_ENV_NAMES, readSecrets } from './secrets.ts';
import type { SecretStatus } from './secrets.ts';
import type { SettingValues } from './settings-table.ts';
import { settle } from './settle.ts';
import type { Candidate, Origin, OriginKind } from './source.ts';
import { envCandidates, flagCandidates, flagValue, unknownEnvWarnings } from './text-sources.ts';
import type { EnvValue, Flags } from './text-sources.ts';
import { readYaml } from './yaml-source.ts';

export interface ConfigRequest {
  readonly cwd: string;
  readonly env: Env;
  /** Also `env-file`: the file to read instead of the project's `.env`. */
  readonly flags?: Flags;
  /** A file to read instead of the nearest hive.yaml; its directory is then the project. */
  readonly file?: string;
}

export interface Config {
  readonly kernel: KernelSettings;
  readonly daemon: DaemonSettings;
  readonly values: SettingValues;
  /** By key; entries of a map also as `models.aliases.opus`. */
  readonly origins: Readonly<Record<string, Origin>>;
  readonly secrets: readonly SecretStatus[];
  /** Sentences for people: things that are ignored or unwise, but no reason to stop. */
  readonly warnings: readonly string[];
  /** What was read; all absolute. */
  readonly files: {
    readonly projectDir: string;
    readonly project?: string;
    readonly user?: string;
    readonly env?: string;
  };
  /** Names that `.env` contributed: those that were not set already. */
  readonly dotenvNames: readonly string[];
  /** Process environment over `.env`, with keys from NAME_FILE. It holds secrets: never log it. */
  readonly env: Readonly<Record<string, string>>;
}

/** Throws `invalid_argument` with one line for each problem. */
export async function loadConfig(request: ConfigRequest): Promise<Config> {
  return new Loader(request).load();
}

class Loader {
  readonly #request: ConfigRequest;
  readonly #flags: Flags;
  readonly #problems: ConfigProblem[] = [];
  readonly #warnings: string[] = [];
  readonly #files: { projectDir: string; project?: string; user?: string; env?: string };

  constructor(request: ConfigRequest) {
    this.#request = request;
    this.#flags = request.flags ?? {};
    this.#files = { projectDir: resolve(request.cwd) };
  }

  async load(): Promise<Config> {
    const { cwd } = this.#request;
    const user = await this.#readUserFile();
    const project = await this.#readProjectFile();
    const dotenv = await this.#readDotenv();
    const env = this.#mergedEnv(dotenv);
    this.#warnings.push(...unknownEnvWarnings(env));
    const { values, origins, problems, warnings } = settle({
      candidates: [...user, ...project, ...envCandidates(env), ...flagCandidates(this.#flags, cwd)],
      projectDir: this.#files.projectDir,
      homeDir: homeDirOf(this.#request.env),
    });
    this.#problems.push(...problems);
    this.#warnings.push(...warnings);
    const keyNames = values.providers.flatMap(({ apiKeyEnv }) => apiKeyEnv ?? []);
    const secrets = await readSecrets([...KEY_ENV_NAMES, ...keyNames], env);
    this.#problems.push(...secrets.problems);
    this.#warnings.push(...secrets.warnings);
    if (this.#problems.length > 0) throw configError(this.#problems);
    return deepFreeze({
      kernel: toKernelSettings(values),
      daemon: toDaemonSettings(values),
      values,
      origins,
      secrets: secrets.statuses,
      warnings: this.#warnings,
      files: this.#files,
      dotenvNames: [...dotenv.keys()].filter((name) => env.get(name) === dotenv.get(name)),
      env: { ...plainEnv(env), ...secrets.fromFiles },
    });
  }

  async #readUserFile(): Promise<readonly Candidate[]> {
    const path = userFile(this.#request.env);
    const reading = await this.#readSettings({ path, kind: 'user_file', isOptional: true });
    if (reading) this.#files.user = path;
    return reading ?? [];
  }

  async #readProjectFile(): Promise<readonly Candidate[]> {
    const { cwd, file } = this.#request;
    const found =
      file === undefined
        ? await findProject(cwd)
        : { dir: dirname(resolve(cwd, file)), file: resolve(cwd, file) };
    if ('misspelt' in found && found.misspelt !== undefined) {
      const shown = shownPath(found.misspelt, cwd);
      this.#warnings.push(`${shown} is not read; the file is named hive.yaml`);
    }
    this.#files.projectDir = found.dir;
    if (found.file === undefined) return [];
    const source = { path: found.file, kind: 'project_file', isOptional: false } as const;
    const reading = await this.#readSettings(source);
    if (reading) this.#files.project = found.file;
    return reading ?? [];
  }

  /** Undefined: there is nothing to read, which is a problem unless it is optional. */
  async #readSettings(source: {
    path: string;
    kind: OriginKind;
    isOptional: boolean;
  }): Promise<readonly Candidate[] | undefined> {
    const { path, kind, isOptional } = source;
    const shown = shownPath(path, this.#request.cwd);
    const text = await this.#readText({ path, shown, isOptional });
    if (text === undefined) return undefined;
    const reading = await readYaml({ path, shown, text, kind });
    this.#problems.push(...reading.problems);
    return reading.candidates;
  }

  async #readText(source: {
    path: string;
    shown: string;
    isOptional: boolean;
  }): Promise<string | undefined> {
    const content = await readTextFile(source.path);
    if (content.kind === 'text') return content.text;
    const isAbsent = content.kind === 'absent';
    if (isAbsent && source.isOptional) return undefined;
    const what = isAbsent ? 'there is no such file' : content.what;
    this.#problems.push({ where: source.shown, what });
    return undefined;
  }

  async #readDotenv(): Promise<ReadonlyMap<string, EnvValue>> {
    const { cwd } = this.#request;
    const named = flagValue(this.#flags, 'env-file');
    const path =
      named === undefined ? join(this.#files.projectDir, '.env') : resolve(cwd, String(named));
    const shown = shownPath(path, cwd);
    const text = await this.#readText({ path, shown, isOptional: named === undefined });
    if (text === undefined) return new Map();
    this.#files.env = path;
    const { entries, problems } = parseDotenv(text);
    for (const { line, what } of problems) this.#problems.push({ where: `${shown}:${line}`, what });
    return new Map(
      entries.map(({ name, value, line }) => [
        name,
        { value, where: `${name} (${shown}:${line})`, baseDir: dirname(path) },
      ]),
    );
  }

  /** `.env` first, so that what is set already replaces it. */
  #mergedEnv(dotenv: ReadonlyMap<string, EnvValue>): ReadonlyMap<string, EnvValue> {
    const merged = new Map(dotenv);
    for (const [name, value] of Object.entries(this.#request.env)) {
      if (value !== undefined) merged.set(name, { value, where: name, baseDir: this.#request.cwd });
    }
    return merged;
  }
}

const plainEnv = (env: ReadonlyMap<string, EnvValue>): Record<string, string> =>
  Object.fromEntries([...env].map(([name, { value }]) => [name, value]));

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value) as unknown[]) {
    if (inner !== null && typeof inner === 'object' && !Object.isFrozen(inner)) deepFreeze(inner);
  }
  return Object.freeze(value);
}

// Starts agents of our own runtime: which program, where, with what in its environment (PROTOCOL
// §4). Each is recorded with the reaper before anything else happens, so that it ends with the
// daemon whatever it does.

import type { Pid, ProcessSpec } from '@hivekernel/kernel';
import { mkdir, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compileCacheOf } from '../directories.ts';
import type { StartOrder, Starter } from '../process-surroundings.ts';
import type { Reaper } from '../reaper/reaper.ts';
import type { RuntimeOptions } from '../runtime-options.ts';
import { startCommand } from './agent-command.ts';
import type { AgentCommand } from './agent-command.ts';
import { agentEnvironment } from './agent-environment.ts';
import { readOsStarted } from './os-started.ts';

const PRIVATE_MODE = 0o700;

export class AgentStarter implements Starter {
  readonly #options: RuntimeOptions;
  readonly #reaper: Pick<Reaper, 'add' | 'remove'>;

  constructor(options: RuntimeOptions, reaper: Pick<Reaper, 'add' | 'remove'>) {
    this.#options = options;
    this.#reaper = reaper;
  }

  async start(order: StartOrder): Promise<AgentCommand> {
    const { nodePath, runnerPath } = this.#options;
    const { pid, spec, startToken } = order;
    const cwd = await this.#directoryOf(pid, spec);
    const { env, ignored } = this.#environmentOf(order);
    if (ignored.length > 0) order.onIgnored(ignored);
    const args = [runnerPath, spec.image];
    const command = await startCommand({ command: nodePath, args, cwd, env, startToken });
    this.#reaper.add({ osPid: command.osPid, osStarted: '' });
    return command;
  }

  async record(osPid: number): Promise<string> {
    const osStarted = await readOsStarted(osPid);
    if (osStarted === undefined) return '';
    this.#reaper.add({ osPid, osStarted });
    return osStarted;
  }

  unrecord(osPid: number): void {
    this.#reaper.remove(osPid);
  }

  forget(pid: Pid): void {
    this.#options.modelEndpoint.revokeKey(pid);
    // Only when it is empty: what the agent left there stays.
    rmdir(this.#ownDirectoryOf(pid)).catch(() => undefined);
  }

  async #directoryOf(pid: Pid, spec: ProcessSpec): Promise<string> {
    if (spec.cwd !== '') return resolve(this.#options.projectDir, spec.cwd);
    const path = this.#ownDirectoryOf(pid);
    await mkdir(path, { recursive: true, mode: PRIVATE_MODE });
    return path;
  }

  #ownDirectoryOf(pid: Pid): string {
    return join(this.#options.dataDir, 'work', String(pid));
  }

  #environmentOf({ pid, spec, linkPath }: StartOrder) {
    const { projectDir, dataDir, modelEndpoint, envPass, env = process.env } = this.#options;
    return agentEnvironment({
      own: {
        HIVEKERNEL_PID: String(pid),
        HIVE_LINK: linkPath,
        HIVE_PROJECT: projectDir,
        OPENAI_BASE_URL: modelEndpoint.url,
        OPENAI_API_KEY: modelEndpoint.issueKey(pid),
        NODE_COMPILE_CACHE: compileCacheOf(dataDir),
      },
      asked: spec.env,
      pass: envPass,
      from: env,
    });
  }
}

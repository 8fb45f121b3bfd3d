// The daemon's side of the reaper: starts it, tells it which process groups are ours, and starts
// another when it dies. The list is kept here, too, for that.

import { KernelError, assert } from '@hivekernel/kernel';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { OsRecord } from '../os/end-recorded.ts';
import { isDoneWithin } from '../race-signal.ts';
import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import { QUIT_LINE, addLine, removeLine } from './reaper-list.ts';

export interface ReaperOptions {
  readonly nodePath: string;
  /** Strays are known by a link in it. */
  readonly runtimeDir: string;
  /** Its whole environment: it needs none. */
  readonly env: Readonly<Record<string, string>>;
  /** From the daemon's death to the kill of what has not ended by itself. */
  readonly graceMs: number;
  /** The reaper died; `isFinal`: it is not started again. */
  readonly onDied: (news: { message: string; isFinal: boolean }) => void;
}

const SCRIPT = import.meta.url.endsWith('.ts') ? './main.ts' : './main.js';

export class Reaper {
  readonly #options: ReaperOptions;
  readonly #records = new Map<number, string>();
  #child: ChildProcess | undefined;
  #restarts = 0;
  #restartTimer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(options: ReaperOptions) {
    this.#options = options;
  }

  get osPid(): number | undefined {
    return this.#child?.pid;
  }

  /** Throws `unavailable` when it cannot be started. */
  async start(): Promise<void> {
    this.#isStopping = false;
    this.#restarts = 0;
    if (this.#child === undefined) await this.#spawn();
  }

  /** Again with the start time, when that is known. */
  add({ osPid, osStarted }: OsRecord): void {
    this.#records.set(osPid, osStarted);
    this.#write(addLine({ osPid, osStarted }));
  }

  remove(osPid: number): void {
    if (this.#records.delete(osPid)) this.#write(removeLine(osPid));
  }

  /** Lets it believe that the daemon died: it kills what is recorded. */
  abandon(): void {
    this.#isStopping = true;
    this.#child?.stdin?.end();
  }

  /** Sends it away; what is still recorded is not killed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const exited = once(child, 'exit');
    child.stdin?.end(QUIT_LINE);
    if (await isDoneWithin(exited, RUNTIME_LIMITS.reaperQuitMs)) return;
    child.kill('SIGKILL');
    await exited;
  }

  async #spawn(): Promise<void> {
    const { nodePath, graceMs, env, runtimeDir } = this.#options;
    const script = fileURLToPath(new URL(SCRIPT, import.meta.url));
    const child = spawn(nodePath, [script, String(graceMs), runtimeDir], {
      env,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    if (child.pid === undefined) {
      const [cause] = (await once(child, 'error')) as [Error];
      const message = `the reaper of processes cannot be started: ${cause.message}`;
      throw new KernelError('unavailable', message, { cause });
    }
    const { stdin } = child;
    assert(stdin !== null, 'the reaper has a pipe');
    child.on('error', () => undefined); // Its exit follows.
    stdin.on('error', () => undefined);
    child.once('exit', (code, signal) => this.#onExit(child, signal ?? `exit code ${code}`));
    child.unref();
    // Neither keeps the daemon alive.
    if (stdin instanceof Socket) stdin.unref();
    this.#child = child;
    for (const [osPid, osStarted] of this.#records) this.#write(addLine({ osPid, osStarted }));
  }

  #write(line: string): void {
    // A broken pipe shows as the reaper's exit; the next one gets the whole list.
    if (this.#child?.stdin?.writable) this.#child.stdin.write(line);
  }

  #onExit(child: ChildProcess, how: string): void {
    if (this.#isStopping || child !== this.#child) return;
    this.#child = undefined;
    this.#restarts += 1;
    const isFinal = this.#restarts > RUNTIME_LIMITS.reaperRestartsMax;
    this.#options.onDied({ message: `the reaper of processes ended: ${how}`, isFinal });
    if (isFinal) return;
    this.#restartTimer = setTimeout(() => {
      this.#spawn().catch((error: unknown) => this.#onExit(child, String(error)));
    }, RUNTIME_LIMITS.reaperRestartMs * this.#restarts);
    this.#restartTimer.unref();
  }
}

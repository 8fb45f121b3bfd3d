// The OS process of one agent: started in a group of its own, with the start token on fd 3, and
// known to be gone only when its whole group is (P10). Not why it was started or ended.

import { KernelError } from '@hivekernel/kernel';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import { endGroup, signalGroup } from './process-group.ts';

export interface CommandOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** One line on fd 3, then its end. */
  readonly startToken: string;
}

export interface OsExit {
  /** 128 + the signal's number when it was ended by one. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
}

const TOKEN_FD = 3;
const SIGNAL_EXIT_BASE = 128;

export class AgentCommand {
  readonly osPid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** The leader is gone; others of its group were sent SIGKILL. */
  readonly exited: Promise<OsExit>;
  #hasExited = false;

  constructor(child: ChildProcess, osPid: number) {
    this.osPid = osPid;
    this.stdout = child.stdout as Readable;
    this.stderr = child.stderr as Readable;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#hasExited = true;
        // At once: the group's number is its own only as long as the group has members.
        signalGroup(osPid, 'SIGKILL');
        resolve({ exitCode: code ?? exitCodeOf(signal), signal });
      });
    });
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Kills the group; what it has forked, too. */
  kill(): void {
    if (!this.#hasExited) signalGroup(this.osPid, 'SIGKILL');
  }

  terminate(): void {
    if (!this.#hasExited) signalGroup(this.osPid, 'SIGTERM');
  }

  /** The group stands still until `proceed`, or dies. */
  suspend(): void {
    if (!this.#hasExited) signalGroup(this.osPid, 'SIGSTOP');
  }

  proceed(): void {
    if (!this.#hasExited) signalGroup(this.osPid, 'SIGCONT');
  }

  /** After `exited`. False: something of the group withstood SIGKILL. */
  groupGone(): Promise<boolean> {
    return endGroup(this.osPid, { withinMs: RUNTIME_LIMITS.groupGoneMs });
  }
}

/** Throws `start_failed` with the reason in words. */
export async function startCommand(options: CommandOptions): Promise<AgentCommand> {
  await requireDirectory(options.cwd);
  const { command, args, cwd, env } = options;
  const child = spawnOrThrow(() =>
    spawn(command, [...args], {
      cwd,
      env,
      // Its own session: no terminal's signals, and a group that it leads.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    }),
  );
  const { pid } = child;
  if (pid === undefined) {
    const [cause] = (await once(child, 'error')) as [Error];
    throw new KernelError('start_failed', `${command} does not start: ${cause.message}`, { cause });
  }
  // Signals to a child that is gone; there is nobody to tell.
  child.on('error', () => undefined);
  sendToken(child.stdio[TOKEN_FD] as Writable, options.startToken);
  return new AgentCommand(child, pid);
}

/** "exit code 3", "signal SIGSEGV". */
export function describeExit({ exitCode, signal }: OsExit): string {
  return signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
}

async function requireDirectory(cwd: string): Promise<void> {
  const found = await stat(cwd).catch(() => undefined);
  if (found?.isDirectory()) return;
  const what = found === undefined ? 'does not exist' : 'is not a directory';
  throw new KernelError('start_failed', `the working directory ${cwd} ${what}`);
}

function spawnOrThrow(start: () => ChildProcess): ChildProcess {
  try {
    return start();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KernelError('start_failed', `the process does not start: ${why}`, { cause });
  }
}

function sendToken(pipe: Writable, token: string): void {
  // A child that dies before it reads breaks the pipe; its exit tells the story.
  pipe.on('error', () => undefined);
  pipe.end(`${token}\n`);
}

function exitCodeOf(signal: NodeJS.Signals | null): number {
  return SIGNAL_EXIT_BASE + (signal === null ? 0 : constants.signals[signal]);
}

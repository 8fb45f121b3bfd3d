// Stops all that an agent runs, and lets it go on: its process group by one signal, and what it
// forked into sessions of its own one by one, by the mark in their environment (strays.ts).
//   S1. The group stands still when `freeze` returns, its strays soon after: `settled` says when.
//       What was stopped before by somebody else stays as it was at `thaw`, outside the group.
//   What is stopped dies of SIGKILL like everything else.
//   Strays on Linux only; elsewhere the group alone is stopped.

import { setTimeout as delay } from 'node:timers/promises';
import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import type { AgentCommand } from './agent-command.ts';
import { readProcStats } from './process-group.ts';
import { SharedLook } from './shared-look.ts';
import { readLinkPath } from './strays.ts';

const PAUSE_MS = 5;

export class Freezer {
  readonly #command: Pick<AgentCommand, 'osPid' | 'suspend' | 'proceed'>;
  readonly #linkPath: string;
  /** Of the strays, those that stand still because of us. */
  readonly #stopped = new Set<number>();
  #isFrozen = false;
  #work: Promise<void> = Promise.resolve();

  constructor(options: {
    command: Pick<AgentCommand, 'osPid' | 'suspend' | 'proceed'>;
    linkPath: string;
  }) {
    this.#command = options.command;
    this.#linkPath = options.linkPath;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  freeze(): void {
    if (this.#isFrozen) return;
    this.#isFrozen = true;
    this.#command.suspend();
    this.#work = this.#work.then(() => this.#stopStrays());
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    this.#command.proceed();
    this.#work = this.#work.then(() => this.#continueStrays());
  }

  /** Its end has begun: whatever stands still is killed as it is. */
  release(): void {
    this.#isFrozen = false;
    this.#stopped.clear();
  }

  /** Resolves when the last order has reached the strays. Never rejects. */
  settled(): Promise<void> {
    return this.#work;
  }

  /** Until none is found that runs: one may fork as it is stopped. */
  async #stopStrays(): Promise<void> {
    const endAt = performance.now() + RUNTIME_LIMITS.strayStopMs;
    while (this.#isFrozen && performance.now() < endAt) {
      const running = (await this.#strays()).filter(({ isStopped }) => !isStopped);
      if (running.length === 0 || !this.#isFrozen) return;
      for (const { osPid } of running) {
        this.#stopped.add(osPid);
        signal(osPid, 'SIGSTOP');
      }
      await delay(PAUSE_MS);
    }
  }

  async #continueStrays(): Promise<void> {
    if (this.#stopped.size === 0) return;
    const strays = await this.#strays();
    if (this.#isFrozen) return;
    for (const { osPid } of strays) if (this.#stopped.has(osPid)) signal(osPid, 'SIGCONT');
    this.#stopped.clear();
  }

  async #strays(): Promise<readonly Marked[]> {
    if (process.platform !== 'linux') return [];
    const found = await marked.next();
    return found.filter(
      ({ linkPath, pgid }) => linkPath === this.#linkPath && pgid !== this.#command.osPid,
    );
  }
}

interface Marked {
  readonly osPid: number;
  readonly pgid: number;
  readonly linkPath: string;
  readonly isStopped: boolean;
}

/** Everything on the machine that carries the link of an agent, and may be read by us. */
const marked = new SharedLook(async (): Promise<readonly Marked[]> => {
  const stats = await readProcStats();
  const found = await Promise.all(
    [...stats].map(async ([osPid, { pgid, state }]): Promise<Marked | undefined> => {
      const linkPath = await readLinkPath(osPid);
      return linkPath === undefined
        ? undefined
        : { osPid, pgid, linkPath, isStopped: state === 'T' || state === 't' };
    }),
  );
  return found.filter((one) => one !== undefined);
});

function signal(osPid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(osPid, name);
  } catch {
    // It ended meanwhile, or is another user's by now.
  }
}

// The crash of the demo: kill -9 of one worker in the middle of its task, so that a person sees it
// come back. It says what it does; whoever reads the journal finds a crash like any other.
//   Once a run, and only where a worker has just begun a task; where none does, nothing happens.

import type { KernelEvent } from '@hivekernel/client';
import type { RunModel } from './run-model.ts';
import type { RunView } from './run-view.ts';

export interface CrashOptions {
  readonly model: RunModel;
  /** Ends the OS process at once. */
  readonly kill: (osPid: number) => void;
}

/** The view, and a crash beside it. */
export class InjectedCrash implements RunView {
  readonly #view: RunView;
  readonly #options: CrashOptions;
  #hasStruck = false;

  constructor(view: RunView, options: CrashOptions) {
    this.#view = view;
    this.#options = options;
  }

  onEvent(event: KernelEvent): void {
    this.#view.onEvent(event);
    if (!this.#hasStruck && event.journal?.kind === 'task.started') this.#strike(event.pid);
  }

  note(line: string): void {
    this.#view.note(line);
  }

  end(): void {
    this.#view.end();
  }

  #strike(pid: number): void {
    const agent = this.#options.model.agents.get(pid);
    if (agent === undefined || agent.role !== 'worker' || agent.osPid === 0) return;
    this.#hasStruck = true;
    const who = `${agent.name} (pid ${pid}, OS process ${agent.osPid})`;
    this.#view.note(
      `kill -9 of ${who}, by this demo, to show that it comes back; --no-crash: none`,
    );
    try {
      this.#options.kill(agent.osPid);
    } catch {
      // It ended by itself meanwhile: then there is nothing to show.
    }
  }
}

// Warnings about one process, in its log: the first of a kind at once, then one counted summary an
// interval, so that an agent that does the same wrong thing for ever does not fill the journal.

import type { Pid } from '@hivekernel/kernel';
import type { Host } from '../journal/host.ts';
import { RUNTIME_LIMITS } from './runtime-limits.ts';

interface Kind {
  toldAtMs: number;
  untold: number;
  last: string;
}

const MESSAGE_CHARS_MAX = 2_000;

export class Warnings {
  readonly #host: Pick<Host, 'fact'>;
  readonly #pid: Pid;
  /** One entry a kind, of which there is a handful. */
  readonly #kinds = new Map<string, Kind>();

  constructor(options: { host: Pick<Host, 'fact'>; pid: Pid }) {
    this.#host = options.host;
    this.#pid = options.pid;
  }

  warn(kind: string, message: string): void {
    const nowMs = performance.now();
    const known = this.#kinds.get(kind);
    if (known === undefined) {
      this.#kinds.set(kind, { toldAtMs: nowMs, untold: 0, last: message });
      this.#tell('warn', message);
      return;
    }
    known.untold += 1;
    known.last = message;
    if (nowMs - known.toldAtMs >= RUNTIME_LIMITS.warningIntervalMs) this.#summarize(known, nowMs);
  }

  /** Something is wrong with the system, not with the agent. */
  error(message: string): void {
    this.#tell('error', message);
  }

  /** Tells what was only counted. */
  flush(): void {
    const nowMs = performance.now();
    for (const kind of this.#kinds.values()) if (kind.untold > 0) this.#summarize(kind, nowMs);
  }

  #summarize(kind: Kind, nowMs: number): void {
    const more = kind.untold === 1 ? '' : ` (${kind.untold} times)`;
    this.#tell('warn', kind.last + more);
    kind.toldAtMs = nowMs;
    kind.untold = 0;
  }

  #tell(level: 'warn' | 'error', message: string): void {
    const text = message.slice(0, MESSAGE_CHARS_MAX);
    this.#host.fact({ fact: 'log', pid: this.#pid, level, message: text });
  }
}

// Refusals as events (A4): the first per process and rule, then one counted summary a second.
// Volatile: the windows are forgotten at a restart; the events themselves are not.

import type { KernelError } from '../errors.ts';
import type { Log } from '../events/log.ts';
import type { Pid } from '../ids.ts';

interface Window {
  openedMonoMs: number;
  suppressed: number;
  last: Refusal;
}

interface Refusal {
  readonly pid: Pid;
  readonly syscall: string;
  readonly error: Pick<KernelError, 'code' | 'message'>;
}

const WINDOW_MS = 1_000;
const WINDOWS_MAX = 10_000;

export class Refusals {
  readonly #log: Log;
  /** While storage is low: a refusal is not worth the room that its event would take. */
  isPaused = false;
  /** In the order in which they were opened. */
  readonly #windows = new Map<string, Window>();

  constructor(log: Log) {
    this.#log = log;
  }

  note(refusal: Refusal): void {
    if (this.isPaused) return;
    const { pid, syscall, error } = refusal;
    const key = `${pid}|${syscall}|${error.code}|${ruleIn(error.message)}`;
    const window = this.#windows.get(key);
    const nowMonoMs = this.#log.monoMs;
    if (window !== undefined && nowMonoMs - window.openedMonoMs < WINDOW_MS) {
      window.suppressed += 1;
      window.last = refusal;
      return;
    }
    this.#emit(refusal, 1 + (window?.suppressed ?? 0));
    this.#windows.delete(key);
    if (this.#windows.size >= WINDOWS_MAX) this.#makeRoom();
    this.#windows.set(key, { openedMonoMs: nowMonoMs, suppressed: 0, last: refusal });
  }

  /** Writes the summaries that are due; called at every tick. */
  flush(): void {
    if (this.isPaused) return;
    for (const [key, window] of this.#windows) {
      if (this.#log.monoMs - window.openedMonoMs < WINDOW_MS) return;
      if (window.suppressed > 0) this.#emit(window.last, window.suppressed);
      this.#windows.delete(key);
    }
  }

  /** When a summary is due next. */
  get nextDeadline(): number | undefined {
    if (this.isPaused) return undefined;
    for (const window of this.#windows.values()) return window.openedMonoMs + WINDOW_MS;
    return undefined;
  }

  #makeRoom(): void {
    this.flush();
    for (const [key, window] of this.#windows) {
      if (this.#windows.size < WINDOWS_MAX) return;
      if (window.suppressed > 0) this.#emit(window.last, window.suppressed);
      this.#windows.delete(key);
    }
  }

  #emit(refusal: Refusal, count: number): void {
    const { pid, syscall, error } = refusal;
    const { code, message } = error;
    this.#log.emit('syscall.refused', {
      pid,
      syscall,
      rule: ruleIn(message),
      code,
      message,
      count,
    });
  }
}

const RULE = /\(([A-Z]\d+(?:, [A-Z]\d+)*)\)/;

/** The rule that a refusal's sentence names, "A2"; empty where it names none. */
const ruleIn = (message: string): string => RULE.exec(message)?.[1] ?? '';

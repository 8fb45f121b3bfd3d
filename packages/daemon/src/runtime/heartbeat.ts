// Asks every linked process for a sign of life (S6). One timer for all; a process that still owes
// an answer is not asked again.
//   S6. No answer for `unresponsiveAfterMs`: unresponsive, until it answers. What then happens to
//       it is the kernel's matter. A paused one is not asked, and its pause counts for nothing.

import type { AgentLink } from './link/agent-link.ts';

export interface PulseOptions {
  readonly link: Pick<AgentLink, 'request' | 'isAttached'>;
  /** On each change. */
  readonly onResponsive: (isResponsive: boolean) => void;
}

/** Of one process. */
export class Pulse {
  readonly #options: PulseOptions;
  #askedAtMs: number | undefined;
  #isResponsive = true;
  #isPaused = false;
  /** The answer that it owes from before its pause is waited for anew. */
  #isAskedAnew = false;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isAskedAnew ||= this.#isPaused && this.#askedAtMs !== undefined;
    this.#isPaused = false;
  }

  beat(now: { monoMs: number; wallMs: number }, unresponsiveAfterMs: number): void {
    if (this.#isPaused) return;
    if (this.#isAskedAnew && this.#askedAtMs !== undefined) this.#askedAtMs = now.monoMs;
    this.#isAskedAnew = false;
    if (this.#askedAtMs === undefined) {
      if (this.#options.link.isAttached) this.#ask(now);
      return;
    }
    const waitedMs = now.monoMs - this.#askedAtMs;
    if (waitedMs >= unresponsiveAfterMs - TIMER_ERROR_MS) this.#tell(false);
  }

  #ask(now: { monoMs: number; wallMs: number }): void {
    this.#askedAtMs = now.monoMs;
    const timestamp = Math.floor(now.wallMs / MS_PER_SECOND);
    // An answer that is an error is an answer; the end of the link comes to nobody here.
    const answered = (): void => {
      this.#askedAtMs = undefined;
      this.#tell(true);
    };
    this.#options.link.request('heartbeat', { timestamp }).then(answered, answered);
  }

  #tell(isResponsive: boolean): void {
    if (isResponsive === this.#isResponsive) return;
    this.#isResponsive = isResponsive;
    this.#options.onResponsive(isResponsive);
  }
}

const MS_PER_SECOND = 1_000;
/** Timers and clocks round differently. */
const TIMER_ERROR_MS = 5;

export class Heartbeats {
  readonly #options: { intervalMs: number; unresponsiveAfterMs: number };
  readonly #pulses = new Set<Pulse>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: { intervalMs: number; unresponsiveAfterMs: number }) {
    this.#options = options;
  }

  start(): void {
    const { intervalMs, unresponsiveAfterMs } = this.#options;
    this.#timer ??= setInterval(() => this.#beat(), Math.min(intervalMs, unresponsiveAfterMs));
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  add(pulse: Pulse): void {
    this.#pulses.add(pulse);
  }

  delete(pulse: Pulse): void {
    this.#pulses.delete(pulse);
  }

  #beat(): void {
    const now = { monoMs: performance.now(), wallMs: Date.now() };
    for (const pulse of this.#pulses) pulse.beat(now, this.#options.unresponsiveAfterMs);
  }
}

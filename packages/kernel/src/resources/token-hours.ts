// Tokens of each process in the sliding hour (B6), and those of its calls under way. Folded: the
// hour goes by the stamps of the events, so it is the same after a restart.
//   What is under way counts as if it were used now. Whoever asks changes nothing.

import type { Pid } from '../ids.ts';
import { fallsInMs, newCount, roll, usedOf, type WindowCount } from './sliding-window.ts';

const HOUR_MS = 3_600_000;

export class TokenHours {
  readonly #counts = new Map<Pid, WindowCount>();
  readonly #underWay = new Map<Pid, number>();

  /** The counts, for a snapshot. */
  counts(): Iterable<readonly [Pid, WindowCount]> {
    return this.#counts;
  }

  restore(pid: Pid, count: WindowCount): void {
    this.#counts.set(pid, { ...count });
  }

  add(pid: Pid, tokens: number, monoMs: number): void {
    if (tokens === 0) return;
    const count = this.#counts.get(pid) ?? newCount(Math.floor(monoMs / HOUR_MS));
    roll(count, monoMs, HOUR_MS);
    count.current = Math.min(count.current + tokens, Number.MAX_SAFE_INTEGER);
    this.#counts.set(pid, count);
  }

  began(pid: Pid, tokens: number): void {
    this.#underWay.set(pid, (this.#underWay.get(pid) ?? 0) + tokens);
  }

  ended(pid: Pid, tokens: number): void {
    const left = (this.#underWay.get(pid) ?? 0) - tokens;
    if (left > 0) this.#underWay.set(pid, left);
    else this.#underWay.delete(pid);
  }

  /** It is gone for good. */
  forget(pid: Pid): void {
    this.#counts.delete(pid);
  }

  usedOf(pid: Pid, nowMonoMs: number): number {
    return usedOf(this.#countAt(pid, nowMonoMs), nowMonoMs, HOUR_MS);
  }

  /** How long until `wanted` more fit under `max`; 0: now. */
  waitMs(pid: Pid, how: { wanted: number; max: number; nowMonoMs: number }): number {
    const { wanted, max, nowMonoMs } = how;
    const count = this.#countAt(pid, nowMonoMs);
    if (usedOf(count, nowMonoMs, HOUR_MS) + wanted <= max) return 0;
    const at = { nowMonoMs, windowMs: HOUR_MS, room: max - wanted };
    return Math.floor(fallsInMs(count, at)) + 1;
  }

  #countAt(pid: Pid, nowMonoMs: number): WindowCount {
    const kept = this.#counts.get(pid);
    const count = kept === undefined ? newCount(0) : { ...kept };
    roll(count, nowMonoMs, HOUR_MS);
    count.current += this.#underWay.get(pid) ?? 0;
    return count;
  }
}

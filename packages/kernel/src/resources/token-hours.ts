// Tokens of each process in the sliding hour (B6), and those of its calls under way. Folded: the
// hour goes by the stamps of the events, so it is the same after a restart.
//   What is under way counts as if it were used now. Whoever asks changes nothing.

import type { Pid } from '../ids.ts';
import { fallsInMs, newCount, roll, usedOf, type WindowCount } from './sliding-window.ts';

const HOUR_MS = 3_600_000;
const UNDER_WAY_MS = 1_000;

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

  /**
   * How long until `wanted` more fit under `max`, when nothing more comes; 0: now. Calls under way
   * do not get less by waiting: where they alone are in the way, it is a second.
   */
  waitMs(pid: Pid, how: { wanted: number; max: number; nowMonoMs: number }): number {
    const { wanted, max, nowMonoMs } = how;
    const kept = this.#counts.get(pid);
    const count = kept === undefined ? newCount(0) : { ...kept };
    roll(count, nowMonoMs, HOUR_MS);
    const room = max - wanted - (this.#underWay.get(pid) ?? 0);
    if (usedOf(count, nowMonoMs, HOUR_MS) <= room) return 0;
    if (room < 0) return UNDER_WAY_MS;
    return Math.floor(fallsInMs(count, { nowMonoMs, windowMs: HOUR_MS, room })) + 1;
  }
}

// Calls that are owed an answer, counted by process, so that nobody lets them pile up without end.
// Volatile: after a restore it counts from zero again, and the answers of older calls do not make
// it less than that.

import { KernelError } from '../errors.ts';
import type { Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

export class OwedCalls {
  readonly #counts = new Map<Pid, number>();

  count(pid: Pid): number {
    return this.#counts.get(pid) ?? 0;
  }

  /** Throws `limit_exceeded` when the process may not wait for one more. */
  requireRoom(pid: Pid): void {
    const count = this.count(pid);
    if (count < LIMITS.owedCallsPerProcessMax) return;
    throw new KernelError(
      'limit_exceeded',
      `Process ${pid} waits for the answers of ${count} calls already, which is the limit.`,
      { details: { pid, owed: count } },
    );
  }

  began(pid: Pid): void {
    this.#counts.set(pid, this.count(pid) + 1);
  }

  answered(pid: Pid): void {
    const count = this.count(pid);
    if (count > 1) this.#counts.set(pid, count - 1);
    else this.#counts.delete(pid);
  }
}

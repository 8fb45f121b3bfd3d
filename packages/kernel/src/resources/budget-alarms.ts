// Budget alarms: what the journal and the parent are told of a budget that nears its end.
//   B5. At four fifths an event, once per crossing. At the end an event, and the parent of whoever
//       has the budget is told, once until there is more.

import type { Log } from '../events/log.ts';
import type { AtLimit, Severity } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { isNearEnd, remainingOf, type Entry } from './budget-tree.ts';
import { amountText } from './budget-words.ts';

/** Tells the parent, and whoever is above it. */
export type BudgetAlarm = (
  record: ProcessRecord,
  what: { issue: string; severity: Severity; context: Readonly<Record<string, string>> },
) => void;

export class BudgetAlarms {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #atLimit: AtLimit;
  readonly #alarm: BudgetAlarm;

  constructor(options: { log: Log; table: ProcessTable; atLimit: AtLimit; alarm: BudgetAlarm }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#atLimit = options.atLimit;
    this.#alarm = options.alarm;
  }

  /** After something was spent of it by `by`. */
  spent(entry: Entry | undefined, by: Pid): void {
    if (entry === undefined) return;
    const { pid, purse, allocated, spent, given, reserved } = entry;
    if (!entry.isWarned && isNearEnd(entry)) {
      const remaining = remainingOf(entry);
      this.#log.emit('budget.warned', { pid, purse, allocated, spent, remaining });
    }
    const isEmpty = spent > 0 && remainingOf(entry) + reserved <= 0 && allocated > given;
    if (isEmpty) this.exhausted(entry, { by, wanted: 0 });
  }

  /** It could not pay what `by` wanted, or it is empty. */
  exhausted(entry: Entry, why: { by: Pid; wanted: number }): void {
    if (entry.isToldEmpty) return;
    const { pid, purse } = entry;
    const remaining = remainingOf(entry);
    const atLimit = this.#atLimit;
    this.#log.emit('budget.exhausted', { pid, purse, ...why, remaining, atLimit });
    const record = this.#table.find(pid);
    if (record === undefined) return;
    const { name } = record.spec;
    const context = {
      pid: String(pid),
      name,
      address: record.address,
      purse,
      by: String(why.by),
      wanted: String(why.wanted),
      remaining: String(remaining),
      detail: `${amountText(Math.max(0, remaining), purse)} are left of its budget`,
    };
    this.#alarm(record, { issue: 'budget_exhausted', severity: 'warning', context });
  }
}

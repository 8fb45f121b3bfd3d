// Model calls that wait for room in a budget (B5); folded, so that whoever is owed an answer by
// what is durable is owed it still.
//   Order: by priority, then by arrival. A call of a task keeps the task waiting (P4).

import type { CallRef, ReserveOrder } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { Pid, Seq, TaskId } from '../ids.ts';

export interface BudgetWait {
  readonly wait: Seq;
  readonly pid: Pid;
  readonly task: TaskId | null;
  readonly owed: CallRef;
  readonly order: ReserveOrder;
}

/** The task table, as far as a wait needs it. */
export interface WaitingTasks {
  beginWait(task: TaskId | null): void;
  endWait(task: TaskId | null): void;
}

export class BudgetWaits {
  readonly #tasks: WaitingTasks;
  readonly byId = new Map<Seq, BudgetWait>();

  constructor(tasks: WaitingTasks) {
    this.#tasks = tasks;
  }

  handlers(): Handlers {
    return {
      'budget.wait_began': ({ seq, body }) => this.restore({ wait: seq, ...body }),
      'budget.wait_ended': ({ body }) => {
        const wait = this.byId.get(body.wait);
        if (wait === undefined) return;
        this.byId.delete(wait.wait);
        this.#tasks.endWait(wait.task);
      },
    };
  }

  restore(wait: BudgetWait): void {
    this.byId.set(wait.wait, wait);
    this.#tasks.beginWait(wait.task);
  }

  by(pid: Pid): BudgetWait[] {
    return this.byId.size === 0 ? [] : [...this.byId.values()].filter((one) => one.pid === pid);
  }

  /** In the order in which they are served. */
  inTurn(): BudgetWait[] {
    return [...this.byId.values()].sort(
      (a, b) => a.order.priority - b.order.priority || a.wait - b.wait,
    );
  }
}

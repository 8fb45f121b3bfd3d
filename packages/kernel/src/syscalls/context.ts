// What a handler works with: the parts of the kernel, and the call that is being served. One
// context serves all calls, one after the other, since the kernel is single-threaded.
//   DESIGN §3, read gate: a reader other than the author waits until what it read is durable.

import { KernelError } from '../errors.ts';
import type { CallRef } from '../events/event.ts';
import { NO_PID, SEQ_ZERO, type Pid, type Seq, type TaskId } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { KernelParts } from './parts.ts';
import { besideOf } from './phase.ts';
import { viewOf, type ProcessView } from './views.ts';

/** A handler returns it when the reply will come later, as an effect. */
export const OWED = Symbol('owed');
export type Owed = typeof OWED;

export class CallContext {
  readonly parts: KernelParts;
  caller!: ProcessRecord;
  ref!: CallRef;
  task: TaskId | null = null;
  isOperator = false;
  #gate: Seq = SEQ_ZERO;

  constructor(parts: KernelParts) {
    this.parts = parts;
  }

  open(
    call: { ref: CallRef; task: TaskId | null; isOperator: boolean },
    caller: ProcessRecord,
  ): void {
    this.caller = caller;
    this.ref = call.ref;
    this.task = call.task === null ? null : this.#runningTask(call.task, caller);
    this.isOperator = call.isOperator;
    this.#gate = SEQ_ZERO;
  }

  /** A call that comes after its task's end, or names another's task, works for none. */
  #runningTask(id: TaskId, caller: ProcessRecord): TaskId | null {
    const task = this.parts.tasks.byId.get(id);
    return task !== undefined && task.pid === caller.pid && task.isRunning ? id : null;
  }

  get gate(): Seq {
    return this.#gate;
  }

  /** The answer tells of something that `by` changed at `seq`. Operators share a pid, so each is
   * a stranger to the others. */
  read(seq: Seq, by: Pid): void {
    if ((by !== this.caller.pid || this.isOperator) && seq > this.#gate) this.#gate = seq;
  }

  /** Pid 0 is the caller. Throws `not_found`. */
  process(pid: Pid): ProcessRecord {
    return pid === NO_PID ? this.caller : this.parts.table.require(pid);
  }

  view(record: ProcessRecord): ProcessView {
    this.read(record.changedSeq, record.changedBy);
    for (const { changedSeq, changedBy } of this.parts.state.budgets.tree.of(record.pid)) {
      this.read(changedSeq, changedBy);
    }
    return viewOf(record, besideOf(this.parts, record));
  }

  requireOperator(what: string): void {
    if (this.isOperator) return;
    throw new KernelError('permission_denied', `denied: ${what} is the operator's.`);
  }
}

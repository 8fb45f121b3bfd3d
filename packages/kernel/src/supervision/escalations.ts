// Escalations: a problem goes to the parent, and up from there until somebody takes it.
//   PROTOCOL §3. It is a message of type `escalation`; ACCEPTED or QUEUED means handled, with the
//   reply text as the answer. ESCALATE, no answer within 30 s, no runtime, or a full inbox hands it
//   on up where auto_propagate is set; where it is not, the parent alone is asked, and a full inbox
//   refuses. The king is last and always takes it (M11): its record is the keep, not the message.

import { contentOfText } from '../events/content.ts';
import type { CallRef, EventOf } from '../events/event.ts';
import type { EffectQueue } from '../events/effects.ts';
import type { Handlers } from '../events/fold.ts';
import type { Log } from '../events/log.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { AckStatus, Severity } from '../events/words.ts';
import { asMessageId, NO_PID, type MessageId, type Pid, type Seq, type TaskId } from '../ids.ts';
import { KernelError } from '../errors.ts';
import type { Content } from '../events/content.ts';
import type { Broker } from '../ipc/broker.ts';
import type { Acknowledgement } from '../ipc/message-ends.ts';
import type { Message } from '../ipc/mailbox.ts';
import type { OutgoingMessage } from '../ipc/outgoing.ts';
import { isVirtual, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { settle } from '../scheduler/activity.ts';
import type { TaskTable } from '../scheduler/task-table.ts';
import type { LifeListener } from './life.ts';

export interface EscalationOrder {
  readonly issue: string;
  readonly severity: Severity;
  readonly context: Readonly<Record<string, string>>;
  readonly autoPropagate: boolean;
}

export interface EscalationRecord extends EscalationOrder {
  readonly escalation: Seq;
  readonly from: Pid;
  readonly owed: CallRef | null;
  /** That waits for the answer (P4). */
  readonly task: TaskId | null;
  at: Pid;
  message: MessageId;
  untilMonoMs: number;
  /** Volatile. */
  timer: Timer | undefined;
}

export interface EscalationReport {
  /** 0 where nobody answered. */
  readonly handledBy: Pid;
  readonly response: Content | undefined;
}

/** The escalations under way; folded. */
export class EscalationTable {
  readonly #tasks: TaskTable;
  readonly byId = new Map<Seq, EscalationRecord>();
  readonly #byMessage = new Map<MessageId, EscalationRecord>();
  /** Whose turn it is to answer. */
  readonly #byTaker = new Map<Pid, Set<EscalationRecord>>();
  readonly #byRaiser = new Map<Pid, Set<EscalationRecord>>();

  constructor(tasks: TaskTable) {
    this.#tasks = tasks;
  }

  by(raiser: Pid): EscalationRecord[] {
    return [...(this.#byRaiser.get(raiser) ?? [])];
  }

  at(taker: Pid): EscalationRecord[] {
    return [...(this.#byTaker.get(taker) ?? [])];
  }

  byMessage(message: MessageId): EscalationRecord | undefined {
    return this.#byMessage.get(message);
  }

  handlers(): Handlers {
    return {
      'escalation.raised': (event) => this.#raised(event),
      'escalation.moved': (event) => {
        const record = this.byId.get(event.body.escalation);
        if (record === undefined) return;
        this.#leave(record);
        record.at = event.body.at;
        record.message = event.body.message;
        record.untilMonoMs = event.body.untilMonoMs;
        this.#enter(record);
      },
      'escalation.ended': (event) => {
        const record = this.byId.get(event.body.escalation);
        if (record === undefined) return;
        this.byId.delete(record.escalation);
        this.#leave(record);
        drop(this.#byRaiser, record.from, record);
        this.#tasks.endWait(record.task);
      },
    };
  }

  restore(record: EscalationRecord): void {
    this.#enter(record);
    add(this.#byRaiser, record.from, record);
    this.#tasks.beginWait(record.task);
  }

  #enter(record: EscalationRecord): void {
    this.byId.set(record.escalation, record);
    this.#byMessage.set(record.message, record);
    add(this.#byTaker, record.at, record);
  }

  #leave(record: EscalationRecord): void {
    if (this.#byMessage.get(record.message) === record) this.#byMessage.delete(record.message);
    drop(this.#byTaker, record.at, record);
  }

  #raised(event: EventOf<'escalation.raised'>): void {
    const { from, at, message, issue, severity, context, autoPropagate } = event.body;
    const { untilMonoMs, owed, task = null } = event.body;
    const what = { issue, severity, context, autoPropagate };
    const escalation = event.seq;
    this.restore({
      ...what,
      escalation,
      from,
      at,
      message,
      untilMonoMs,
      owed,
      task,
      timer: undefined,
    });
  }
}

export class Escalations implements LifeListener {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #records: EscalationTable;
  readonly #broker: Broker;
  readonly #effects: EffectQueue;
  readonly #timers: Timers;
  readonly #answerMs: number;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    records: EscalationTable;
    broker: Broker;
    effects: EffectQueue;
    timers: Timers;
    answerMs: number;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#records = options.records;
    this.#broker = options.broker;
    this.#effects = options.effects;
    this.#timers = options.timers;
    this.#answerMs = options.answerMs;
  }

  /**
   * The reply is owed to `ref`; it may be paid before this returns. Throws `too_large`, and
   * `queue_full` where only the parent may be asked and its inbox is full.
   */
  raise(
    from: ProcessRecord,
    order: EscalationOrder,
    how: { ref: CallRef; task: TaskId | null },
  ): void {
    this.#raise(from, order, { owed: how.ref, task: how.task });
  }

  /** S4, S6: what the kernel tells of a process, up to whoever takes it. */
  report(of: ProcessRecord, what: Omit<EscalationOrder, 'autoPropagate'>): void {
    this.#raise(of, { ...what, autoPropagate: true }, { owed: null, task: null });
  }

  #raise(
    from: ProcessRecord,
    order: EscalationOrder,
    how: { owed: CallRef | null; task: TaskId | null },
  ): void {
    const { at, message } = this.#tell(from, from.parent ?? this.#table.king, order);
    const id = this.#log.emit('escalation.raised', {
      ...order,
      from: from.pid,
      at: at.pid,
      message,
      untilMonoMs: this.#log.monoMs + this.#answerMs,
      ...how,
    });
    if (how.task !== null) settle(this.#log, from, 'an answer to its escalation');
    this.#settleOrWait(this.#records.byId.get(id) as EscalationRecord);
  }

  /** From the broker: a receiver answered for a message; was it one of ours? */
  onAcknowledged(message: Message, ack: Acknowledgement): boolean {
    const record = this.#records.byMessage(message.message);
    if (record === undefined) return false;
    if (ack.status === 'escalate') this.#passOn(record, 'escalate');
    else if (ack.status === 'rejected') this.#passOn(record, 'rejected');
    else this.#end(record, { by: message.to, status: ack.status, response: ack.reply });
    return true;
  }

  /** Its next run knows nothing of what this one asked; it finds what it was asked again. */
  onExited(gone: ProcessRecord, isOver: boolean): void {
    for (const record of this.#records.by(gone.pid)) {
      if (record.owed === null) continue;
      this.#end(record, { by: NO_PID, status: 'orphaned', response: undefined });
    }
    if (!isOver) return;
    for (const record of this.#records.at(gone.pid)) this.#passOn(record, 'orphaned');
  }

  onStartFailed(record: ProcessRecord): void {
    this.onExited(record, true);
  }

  /** At a restore. */
  rearm(): void {
    for (const record of this.#records.byId.values()) this.#arm(record);
  }

  #settleOrWait(record: EscalationRecord): void {
    if (record.at === this.#table.king.pid) {
      this.#end(record, { by: record.at, status: 'accepted', response: undefined });
    } else this.#arm(record);
  }

  #arm(record: EscalationRecord): void {
    record.timer = this.#timers.arm(record.untilMonoMs, () => this.#passOn(record, 'timed_out'));
  }

  #passOn(record: EscalationRecord, why: AckStatus | 'timed_out' | 'orphaned'): void {
    this.#timers.cancel(record.timer);
    const from = this.#table.find(record.from);
    const at = this.#table.find(record.at);
    if (!record.autoPropagate || from === undefined) {
      this.#end(record, { by: NO_PID, status: why, response: undefined });
      return;
    }
    const { at: next, message } = this.#tell(from, at?.parent ?? this.#table.king, record);
    this.#log.emit('escalation.moved', {
      escalation: record.escalation,
      at: next.pid,
      message,
      untilMonoMs: this.#log.monoMs + this.#answerMs,
    });
    this.#settleOrWait(record);
  }

  #end(
    record: EscalationRecord,
    end: { by: Pid; status: AckStatus | 'timed_out' | 'orphaned'; response: Content | undefined },
  ): void {
    this.#timers.cancel(record.timer);
    const { by, status } = end;
    this.#log.emit('escalation.ended', { escalation: record.escalation, by, status });
    const waiter = record.task === null ? undefined : this.#table.find(record.from);
    if (waiter !== undefined) settle(this.#log, waiter, '');
    if (record.owed === null) return;
    const value: EscalationReport = { handledBy: by, response: end.response };
    this.#effects.push({ do: 'reply', to: record.owed, result: { ok: true, value } });
  }

  /** Tells the first from `first` upwards that may and can be told. */
  #tell(from: ProcessRecord, first: ProcessRecord, order: EscalationOrder): Told {
    const { issue, severity, context, autoPropagate } = order;
    const body = { issue, severity, context, fromPid: from.pid, fromName: from.spec.name };
    const message: OutgoingMessage = {
      type: 'escalation',
      priority: severity === 'critical' ? 0 : 1,
      content: contentOfText(JSON.stringify(body)),
      requiresAck: false,
      ttlMs: 0,
      replyTo: '',
    };
    let at = first;
    for (;;) {
      while (at.parent !== undefined && !mayTake(at, autoPropagate)) at = at.parent;
      try {
        return { at, message: this.#broker.carryUp(from, at, message) };
      } catch (error) {
        if (!(error instanceof KernelError) || error.code !== 'queue_full') throw error;
        if (at.parent === undefined) return { at, message: NO_MESSAGE };
        if (!autoPropagate) throw error;
        at = at.parent;
      }
    }
  }
}

/** Who is asked, and by which message; by none where the king's inbox is full. */
interface Told {
  readonly at: ProcessRecord;
  readonly message: MessageId;
}

const NO_MESSAGE = asMessageId(0);

/**
 * A virtual process has no runtime to answer with. Where it alone is asked, it finds the message in
 * its inbox.
 */
const mayTake = (record: ProcessRecord, autoPropagate: boolean): boolean =>
  isLive(record.state) && !(autoPropagate && isVirtual(record));

function add(map: Map<Pid, Set<EscalationRecord>>, pid: Pid, record: EscalationRecord): void {
  const set = map.get(pid);
  if (set === undefined) map.set(pid, new Set([record]));
  else set.add(record);
}

function drop(map: Map<Pid, Set<EscalationRecord>>, pid: Pid, record: EscalationRecord): void {
  const set = map.get(pid);
  set?.delete(record);
  if (set?.size === 0) map.delete(pid);
}

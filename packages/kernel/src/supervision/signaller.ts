// Signaller: what each signal does to a process (S1). Rights are those of a kill.
//   S1. TERM and KILL end it; INT cancels its tasks; STOP and CONT hold it and let it go on; HUP is
//       a message to it; USR1 writes what it knows of itself, and what the kernel knows, to an
//   artifact. A signal whose effect is there already changes nothing. To the king: refused. TERM
//   and KILL to oneself: refused, since an end of one's own has a result (S8).

import { KernelError } from '../errors.ts';
import type { CallRef } from '../events/event.ts';
import type { EffectQueue } from '../events/effects.ts';
import type { Log } from '../events/log.ts';
import type { SignalName } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import type { Broker } from '../ipc/broker.ts';
import type { Guard } from '../permissions/guard.ts';
import { describeProcess, isVirtual, type ProcessRecord } from '../process/record.ts';
import { isAtWork, isLive } from '../process/states.ts';
import { walkDown } from '../process/tree.ts';
import type { Dispatcher } from '../scheduler/dispatcher.ts';
import type { Killer } from './killer.ts';
import type { Life } from './life.ts';
import type { Watchdog } from './watchdog.ts';

export interface SignalOrder {
  readonly signal: SignalName;
  /** Those below it, too, as far as the signal has a sense for each. */
  readonly isRecursive: boolean;
  /** For people. */
  readonly reason: string;
  /** Of TERM. */
  readonly graceMs: number;
}

/** What a signal led to, where that is known at once. */
export interface SignalOutcome {
  readonly killed?: readonly Pid[];
  readonly signalled?: readonly Pid[];
}

export class Signaller {
  readonly #log: Log;
  readonly #guard: Guard;
  readonly #effects: EffectQueue;
  readonly #broker: Broker;
  readonly #dispatcher: Dispatcher;
  readonly #life: Life;
  readonly #killer: Killer;
  readonly #watchdog: Watchdog;
  /** What the kernel knows of a process, JSON. */
  readonly #known: (record: ProcessRecord) => string;

  constructor(options: {
    log: Log;
    guard: Guard;
    effects: EffectQueue;
    broker: Broker;
    dispatcher: Dispatcher;
    life: Life;
    killer: Killer;
    watchdog: Watchdog;
    known: (record: ProcessRecord) => string;
  }) {
    this.#log = options.log;
    this.#guard = options.guard;
    this.#effects = options.effects;
    this.#broker = options.broker;
    this.#dispatcher = options.dispatcher;
    this.#life = options.life;
    this.#killer = options.killer;
    this.#watchdog = options.watchdog;
    this.#known = options.known;
  }

  /** Undefined: the reply is owed to `ref`. */
  signal(
    caller: ProcessRecord,
    target: ProcessRecord,
    order: SignalOrder & { ref: CallRef },
  ): SignalOutcome | undefined {
    const { signal } = order;
    if (target.parent === undefined) {
      throw new KernelError('permission_denied', `denied: the king takes no ${signal} (P2).`);
    }
    if (signal === 'TERM' || signal === 'KILL') return this.#end(caller, target, order);
    this.#guard.requireAccess(caller, 'kill', target);
    if (signal === 'USR1') return this.#dump(target, order);
    const found = order.isRecursive
      ? [...walkDown(target)].filter(
          (record) => canTake(record, signal) && this.#guard.hasAccess(caller, 'kill', record),
        )
      : [requireTaker(target, signal)];
    this.#note(target, order);
    for (const record of found) this.#apply(record, order);
    return { signalled: found.map(({ pid }) => pid) };
  }

  #end(
    caller: ProcessRecord,
    target: ProcessRecord,
    order: SignalOrder & { ref: CallRef },
  ): SignalOutcome | undefined {
    const graceMs = order.signal === 'KILL' ? 0 : order.graceMs;
    const { isRecursive, ref } = order;
    const how = { isRecursive, reason: 'user_request', graceMs, ref } as const;
    this.#killer.check(caller, target);
    this.#note(target, order);
    const killed = this.#killer.kill(caller, target, how);
    return killed === undefined ? undefined : { killed };
  }

  #apply(record: ProcessRecord, { signal, reason }: SignalOrder): void {
    switch (signal) {
      case 'INT':
        return this.#dispatcher.cancelAll(record, reason === '' ? 'interrupted' : reason);
      case 'STOP':
        if (record.state !== 'paused') this.#life.pause(record);
        return;
      case 'CONT':
        if (record.state === 'paused') this.#goOn(record);
        return;
      case 'HUP':
        return this.#broker.signal(record, { signal: 'HUP', reason });
      case 'TERM':
      case 'KILL':
      case 'USR1':
    }
  }

  /** What was said of it while it stood still, and could not be acted on, is acted on now (S6). */
  #goOn(record: ProcessRecord): void {
    this.#life.continue(record);
    if (!record.isResponsive) this.#watchdog.unresponsive(record);
  }

  #dump(target: ProcessRecord, order: SignalOrder & { ref: CallRef }): undefined {
    if (order.isRecursive) {
      throw new KernelError('invalid_argument', 'USR1 goes to one process, not to a subtree (S1).');
    }
    requireTaker(target, 'USR1');
    const key = `dump/${target.pid}/${this.#note(target, order)}`;
    const { pid, incarnation } = target;
    const known = this.#known(target);
    this.#effects.push({ do: 'dump', pid, incarnation, to: order.ref, key, known });
    return undefined;
  }

  #note({ pid }: ProcessRecord, { signal, reason }: SignalOrder): number {
    return this.#log.emit('process.signalled', { pid, signal, reason });
  }
}

/** Whether the signal has a sense for it now. */
function canTake(record: ProcessRecord, signal: SignalName): boolean {
  const { state } = record;
  if (signal === 'STOP' || signal === 'CONT') return isAtWork(state) || state === 'paused';
  if (signal === 'INT') return isLive(state) && !isVirtual(record);
  return isLive(state);
}

function requireTaker(record: ProcessRecord, signal: SignalName): ProcessRecord {
  if (canTake(record, signal)) return record;
  const why = isLive(record.state) && isVirtual(record) ? 'virtual' : record.state;
  throw new KernelError(
    'wrong_state',
    `${describeProcess(record)} is ${why}; ${signal} has no sense for it now (S1).`,
    { details: { pid: record.pid, state: record.state, signal } },
  );
}

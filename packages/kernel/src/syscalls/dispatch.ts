// Dispatch: the one way in. Look up -> caller -> rights -> rate -> storage -> run -> events. No
// call reaches a handler around it, so no check and no charge can be forgotten (D4).
//   DESIGN §3. A write's reply waits for its events; a read's for what it read of others; a prompt
//   one (log) for nothing.

import { AssertionError, KernelError } from '../errors.ts';
import { SEQ_ZERO } from '../ids.ts';
import type { Time } from '../ports.ts';
import type { ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { Call, Outcome } from './abi.ts';
import { CallContext, OWED } from './context.ts';
import type { KernelParts } from './parts.ts';
import { SYSCALLS, type Syscall } from './table.ts';

/** A row of the table, whichever call it is of. */
interface AnySyscall extends Omit<Syscall<'exit'>, 'run'> {
  readonly run: (ctx: CallContext, args: never) => unknown;
}

const STILL_OWED: Outcome = { done: false };

export class SyscallDispatcher {
  readonly #parts: KernelParts;
  readonly #context: CallContext;
  /** Set by the journal's side while space is low: growing calls are refused first. */
  isStorageLow = false;

  constructor(parts: KernelParts) {
    this.#parts = parts;
    this.#context = new CallContext(parts);
  }

  dispatch(call: Call, time: Time): Outcome {
    const { log } = this.#parts;
    log.begin(time, call.ref.pid);
    const syscall = SYSCALLS[call.name] as AnySyscall;
    try {
      const caller = this.#callerOf(call);
      this.#admit(caller, syscall, call);
      this.#context.open(call, caller);
      const value = this.#run(syscall, call);
      if (value === OWED) return STILL_OWED;
      return { done: true, ok: true, value, gate: this.#gateOf(syscall) };
    } catch (error) {
      return this.#refuse(call, error);
    }
  }

  #run(syscall: AnySyscall, call: Call): unknown {
    if (syscall.mayOwe !== true) return syscall.run(this.#context, call.args as never);
    const { owed } = this.#parts;
    const { pid } = call.ref;
    // Operators share the king's pid; their doors bound them.
    if (!call.isOperator) owed.requireRoom(pid);
    // Counted before, since the answer may be paid while it runs.
    owed.began(pid);
    let value: unknown;
    try {
      value = syscall.run(this.#context, call.args as never);
    } finally {
      if (value !== OWED) owed.answered(pid);
    }
    return value;
  }

  #gateOf(syscall: AnySyscall): number {
    if (syscall.isPrompt === true) return SEQ_ZERO;
    return syscall.does === 'read' ? this.#context.gate : this.#parts.log.lastSeq;
  }

  #callerOf(call: Call): ProcessRecord {
    const caller = this.#parts.table.find(call.ref.pid);
    if (caller !== undefined && isLive(caller.state)) return caller;
    throw new KernelError('unauthenticated', `The caller, process ${call.ref.pid}, is not alive.`, {
      details: { pid: call.ref.pid },
    });
  }

  #admit(caller: ProcessRecord, syscall: AnySyscall, call: Call): void {
    if (syscall.needs !== null) this.#parts.guard.requireRight(caller, syscall.needs);
    if (!call.isOperator) {
      this.#parts.rate.admit(caller.pid, this.#parts.log.monoMs);
      this.#parts.watchdog.progressed(caller.pid); // S6
    }
    if (this.isStorageLow && syscall.does === 'grow') {
      throw new KernelError(
        'storage_full',
        `Storage is low: "${call.name}" would need more of it. Free some disk space; reading, ` +
          'ending and killing still work.',
      );
    }
  }

  #refuse(call: Call, error: unknown): Outcome {
    if (!(error instanceof KernelError)) {
      // An assertion of ours failed: the state may be wrong, so nobody may build on it.
      throw error instanceof AssertionError
        ? error
        : new AssertionError(`syscall ${call.name} threw`, { cause: error });
    }
    const { log, refusals } = this.#parts;
    // Whoever is told that storage is full must not wait for it.
    if (error.code === 'storage_full') return { done: true, ok: false, error, gate: SEQ_ZERO };
    refusals.note({ pid: call.ref.pid, syscall: call.name, error });
    return { done: true, ok: false, error, gate: log.lastSeq };
  }
}

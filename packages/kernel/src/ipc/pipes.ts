// SKELETON: to be written.
import { KernelError } from '../errors.ts';
import type { EffectQueue } from '../events/effects.ts';
import type { CallRef } from '../events/event.ts';
import type { Timers } from '../events/timers.ts';
import type { Pid } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';

export interface PipeOf {
  readonly caller: ProcessRecord;
  readonly peer: ProcessRecord;
  readonly name: string;
}

export interface PipeRead {
  readonly chunks: readonly Uint8Array[];
  readonly isEnd: boolean;
}

export class Pipes {
  constructor(_options: { table: ProcessTable; effects: EffectQueue; timers: Timers }) {}

  open(_pipe: PipeOf): void {
    throw new KernelError('unimplemented', 'skeleton');
  }

  /** False: it waits for room, and the answer is an effect. */
  write(_pipe: PipeOf, _what: { chunk: Uint8Array; isPatient: boolean; ref: CallRef }): boolean {
    throw new KernelError('unimplemented', 'skeleton');
  }

  /** Undefined: it waits for a chunk, and the answer is an effect. */
  read(
    _pipe: PipeOf,
    _how: { max: number; untilMonoMs: number | undefined; ref: CallRef },
  ): PipeRead | undefined {
    throw new KernelError('unimplemented', 'skeleton');
  }

  close(_pipe: PipeOf, _isBoth: boolean): void {
    throw new KernelError('unimplemented', 'skeleton');
  }

  cancel(_ref: CallRef): boolean {
    return false;
  }

  /** The run of a process is over, or it has another parent. */
  endAllOf(_pid: Pid): void {}
}

// The state of a process from one incarnation to the next (S7): read before its start, kept when it
// hands one over at Shutdown. What is in it is the agent's business alone.

import { KernelError, LIMITS } from '@hivekernel/kernel';
import type { Content, Pid } from '@hivekernel/kernel';
import { bytesOf } from '../../api/wire/content-bytes.ts';
import type { Host } from '../../journal/host.ts';
import type { Warnings } from '../warnings.ts';

/** Undefined: there is none, or an empty one. Rejects with `start_failed`. */
export async function readCheckpoint(
  checkpoint: Content | undefined,
  host: Pick<Host, 'bytes'>,
): Promise<Uint8Array | undefined> {
  if (checkpoint === undefined || checkpoint.bytes === 0) return undefined;
  try {
    return await bytesOf(checkpoint, host);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `its checkpoint of ${checkpoint.bytes} bytes cannot be read: ${why}`;
    throw new KernelError('start_failed', message, { cause });
  }
}

/** Tells the kernel of the state that a process handed over at its end. */
export function keepCheckpoint(
  state: Uint8Array,
  keeper: { pid: Pid; incarnation: number; host: Pick<Host, 'content' | 'fact'> } & {
    warnings: Pick<Warnings, 'warn'>;
  },
): void {
  if (state.length === 0) return;
  const { pid, incarnation, host, warnings } = keeper;
  const most = LIMITS.checkpointBytesMax;
  if (state.length > most) {
    const what = `its state at Shutdown has ${state.length} bytes, at most ${most} are kept (S7)`;
    warnings.warn('checkpoint', `${what}: it was dropped`);
    return;
  }
  host.fact({ fact: 'checkpointed', pid, incarnation, content: host.content(state) });
}

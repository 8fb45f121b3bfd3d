// What the maid sees in one round: the processes that she may read, and the memory. Plain values,
// so that what follows from them (troubles.ts, report.ts) is decided without asking again.
import type { ProcessInfo } from '@hivekernel/sdk';

export type Seen = Pick<
  ProcessInfo,
  | 'pid'
  | 'ppid'
  | 'name'
  | 'stateWord'
  | 'phase'
  | 'osPid'
  | 'restarts'
  | 'restartsInRow'
  | 'quarantined'
  | 'inboxDepth'
  | 'exitCause'
  | 'exitDetail'
>;

export interface Look {
  readonly node: string;
  /** Wall clock. */
  readonly atMs: number;
  /** Dead ones too, as long as their records are kept: the quarantined are among them. */
  readonly processes: readonly Seen[];
  readonly machine: { readonly totalBytes: number; readonly availableBytes: number };
  /** Bytes of an agent's OS process by its pid; without those that cannot be known. */
  readonly memory: ReadonlyMap<number, number>;
}

/** "worker-3 (pid 11)". */
export const nameOf = ({ name, pid }: Pick<Seen, 'name' | 'pid'>): string => `${name} (pid ${pid})`;

const KIB = 1_024;
const MIB = KIB ** 2;
const GIB = KIB ** 3;

/** "62 MiB", "1.5 GiB". */
export function bytesText(bytes: number): string {
  return bytes < GIB ? `${Math.round(bytes / MIB)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;
}

// Looks for the tests of what the maid makes of them: a node on which nothing is wrong, to be
// changed in the one thing that a test is about.
import type { Look, Seen } from './look.ts';

const GIB = 1_024 ** 3;

export function seen(pid: number, wish: Partial<Seen> = {}): Seen {
  return {
    pid,
    ppid: 1,
    name: `worker-${pid}`,
    stateWord: 'idle',
    phase: '',
    osPid: 1_000 + pid,
    restarts: 0,
    restartsInRow: 0,
    quarantined: false,
    inboxDepth: 0,
    exitCause: '',
    exitDetail: '',
    ...wish,
  };
}

export function look(processes: readonly Seen[] = [], wish: Partial<Look> = {}): Look {
  const king = seen(1, { ppid: 0, name: 'king', stateWord: 'running', osPid: 0 });
  return {
    node: 'vps1',
    atMs: Date.UTC(2026, 10, 22, 14, 2, 1),
    processes: [king, ...processes],
    machine: { totalBytes: 16 * GIB, availableBytes: 8 * GIB },
    memory: new Map(),
    ...wish,
  };
}

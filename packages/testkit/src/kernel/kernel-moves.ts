// The moves that a journal tells, held against the state table (P4): each must be a cell of it, for
// the event that the kind stands for. A move that no cell allows was made around the table.

import {
  nextState,
  STATE_EVENTS,
  type Event,
  type Pid,
  type State,
  type StateEvent,
} from '@hivekernel/kernel';

/** Of each kind: who moved, where to, and by which events of the table. */
function moveOf(event: Event): { pid: Pid; to: State; by: readonly StateEvent[] } | undefined {
  switch (event.kind) {
    case 'process.moved':
      return { pid: event.body.pid, to: event.body.to, by: STATE_EVENTS };
    case 'process.exited':
      return { pid: event.body.pid, to: event.body.to, by: ['exit', 'killed'] };
    case 'process.restarting':
      return { pid: event.body.pid, to: 'starting', by: ['restart'] };
    case 'process.crash_loop':
      return { pid: event.body.pid, to: 'dead', by: ['quarantine'] };
    case 'process.collected':
      return { pid: event.body.pid, to: 'dead', by: ['collect'] };
    case 'process.slept':
      return { pid: event.body.pid, to: 'sleeping', by: ['sleep'] };
    case 'process.woken':
      return { pid: event.body.pid, to: 'starting', by: ['wake'] };
    default:
      return undefined;
  }
}

/** A sentence for each that is no cell. */
export function movesAroundTheTable(events: readonly Event[]): string[] {
  const states = new Map<Pid, State>();
  const found: string[] = [];
  for (const event of events) {
    if (event.kind === 'process.spawned') states.set(event.body.pid, 'starting');
    const move = moveOf(event);
    if (move === undefined) continue;
    const { pid, to, by } = move;
    const from = states.get(pid) ?? 'starting';
    states.set(pid, to);
    // One that backs off already is told anew when (S3).
    const isNews = !(event.kind === 'process.restarting' && from === 'starting');
    if (isNews && !by.some((word) => nextState(from, word) === to)) {
      found.push(`process ${pid}: ${from} -> ${to} by ${event.kind} is no cell of the table (P4)`);
    }
  }
  return found;
}

// A signal as an act: what it does to agents, in words, and when it asks first (UX §4.9).
//   TERM and KILL end: they ask where more than one agent is hit; KILL on a subtree always. The
//   others undo themselves or lose a task at most, and never ask.

import type { AgentView, HiveClient, SignalOrder } from '@hivekernel/client';
import { usageError } from '../errors/cli-error.ts';
import type { Act } from './act-on.ts';
import type { Done } from './carry-out.ts';
import type { SignalWord } from './signal-words.ts';
import type { Target } from './targets.ts';

interface Words {
  readonly effect: string;
  readonly done: string;
}

const WORDS: Readonly<Record<SignalWord, Words>> = {
  TERM: { effect: 'stop', done: 'killed' },
  KILL: { effect: 'stop', done: 'killed' },
  INT: { effect: 'interrupt', done: 'interrupted' },
  STOP: { effect: 'pause', done: 'paused' },
  CONT: { effect: 'resume', done: 'resumed' },
  HUP: { effect: 'reload', done: 'signalled' },
  USR1: { effect: 'dump', done: 'dumped' },
};

export interface SignalRequest {
  readonly signal: SignalWord;
  /** What the user typed: `kill`, `pause`. */
  readonly verb: string;
  readonly reason?: string | undefined;
  readonly graceMs?: number | undefined;
  readonly isRecursive?: boolean;
}

const isEnd = (signal: SignalWord): boolean => signal === 'TERM' || signal === 'KILL';

export function signalAct(request: SignalRequest): Act {
  const { signal, verb, reason, graceMs, isRecursive = false } = request;
  if (graceMs !== undefined && signal !== 'TERM') {
    throw usageError(`--grace is for TERM; ${signal} has none.`);
  }
  const order: SignalOrder = {
    signal,
    ...(reason === undefined ? {} : { reason }),
    ...(graceMs === undefined ? {} : { graceMs }),
  };
  const { effect, done } = WORDS[signal];
  const shared = {
    verb,
    effect,
    also: { signal, reason: reason ?? null },
    isRecursive,
    // A dump is one artifact for each.
    isOneByOne: signal === 'USR1',
    run: (client: HiveClient, target: Target) => send(client, { target, order }),
  };
  if (!isEnd(signal)) return { ...shared, kind: 'SignalResult', done, field: 'signalled' };
  return {
    ...shared,
    kind: 'KillResult',
    done,
    field: done,
    check: refuseKing,
    asks: (hit, targets) =>
      hit.length > 1 || (signal === 'KILL' && hit.length > 0 && targets.some(isWhole)),
  };
}

const isWhole = ({ isSubtree }: Target): boolean => isSubtree;

function refuseKing(hit: readonly AgentView[]): void {
  if (!hit.some(({ ppid }) => ppid === 0)) return;
  throw usageError('The king cannot be killed.', {
    hints: [{ label: 'Stop the kernel', command: 'hive down' }],
  });
}

async function send(
  client: HiveClient,
  what: { target: Target; order: SignalOrder },
): Promise<Done> {
  const { target, order } = what;
  const { isSubtree: isRecursive, agent } = target;
  const report = await client.signal(agent.pid, { ...order, isRecursive });
  const pids = isEnd(order.signal) ? report.killed : report.signalled;
  return report.key === '' ? { pids } : { pids, key: report.key };
}

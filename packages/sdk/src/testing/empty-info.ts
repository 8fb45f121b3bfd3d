// A row of the process table of which the test kernel knows only the name: everything that it keeps
// no rules for is nought. Rows of real processes are in test-process.ts.
import type { core } from '@hivekernel/protocol';
import { numberOf, ROLES, STATES, TIERS } from '../words.ts';

export function emptyInfo(who: {
  readonly pid: number;
  readonly name: string;
  readonly address: string;
}): core.ProcessInfo {
  return {
    ...who,
    ppid: 0,
    user: 'root',
    role: numberOf(ROLES, 'kernel'),
    cognitiveTier: numberOf(TIERS, 'strategic'),
    model: 'opus',
    state: numberOf(STATES, 'running'),
    stateWord: 'running',
    vps: 'test',
    tokensConsumed: 0,
    contextUsagePercent: 0,
    childCount: 0,
    startedAt: 0,
    currentTaskId: '',
    runtimeAddr: '',
    phase: '',
    exitCause: '',
    exitCode: 0,
    exitDetail: '',
    restarts: 0,
    restartsInRow: 0,
    budgetAllocated: {},
    budgetRemaining: {},
    budgetFrozen: false,
    restartPolicy: 'temporary',
    strategy: 'one_for_one',
    quarantined: false,
    gone: false,
    checkpointBytes: 0,
    osPid: 0,
    tokensSubtree: 0,
    inboxDepth: 0,
    llmCalls: 0,
    tokensSimulated: 0,
    tasksRunning: 0,
    tasksQueued: 0,
    output: '',
    startedAtMs: 0,
  };
}

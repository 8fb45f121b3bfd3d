// How a process's record looks at its birth, and what the king is. Nothing is decided here: the
// spawner says what a child is, the table enters it.
//   P2. The king: parent 0, role kernel, tier strategic, running always.

import type { ProcessSpec } from '../events/event.ts';
import { KING_PID, SEQ_ZERO, type Pid } from '../ids.ts';
import { KING_ADDRESS } from './address.ts';
import { NOT_READY, type ProcessRecord } from './record.ts';

export interface Birth {
  readonly pid: Pid;
  readonly parent: ProcessRecord | undefined;
  readonly spec: ProcessSpec;
  readonly address: string;
  readonly wallMs: number;
  readonly monoMs: number;
}

export function newRecord(birth: Birth): ProcessRecord {
  return {
    pid: birth.pid,
    spec: birth.spec,
    address: birth.address,
    spawnedWallMs: birth.wallMs,
    spawnedMonoMs: birth.monoMs,
    parent: birth.parent,
    children: new Map(),
    liveChildren: 0,
    depth: birth.parent === undefined ? 0 : birth.parent.depth + 1,
    state: birth.pid === KING_PID ? 'running' : 'starting',
    owed: null,
    phase: '',
    incarnation: 0,
    osPid: 0,
    osStarted: '',
    isLaunched: false,
    isResponsive: true,
    exiting: undefined,
    halting: undefined,
    exit: undefined,
    isCollected: false,
    isGone: false,
    decay: undefined,
    wasReady: false,
    readyMonoMs: NOT_READY,
    healthMs: 0,
    restartsInRow: 0,
    restartAtMonoMs: 0,
    isRestarting: false,
    isQuarantined: false,
    isHeld: false,
    pausedMonoMs: 0,
    sleepAsked: false,
    checkpoint: undefined,
    tasks: new Set(),
    tasksInLine: new Set(),
    requestedTasks: new Set(),
    tasksRunning: 0,
    lastOutput: '',
    waits: 0,
    tokens: 0,
    tokensSimulated: 0,
    tokensSubtree: 0,
    tokensUnreported: 0,
    llmCalls: 0,
    grants: new Map(),
    changedSeq: SEQ_ZERO,
    changedBy: birth.pid,
  };
}

/** P2. The king: parent 0, role kernel, strategic, always running. */
export function kingSpec(node: string, model: string, childrenMax: number): ProcessSpec {
  return {
    name: KING_ADDRESS.slice(1),
    user: 'root',
    role: 'kernel',
    tier: 'strategic',
    model,
    node,
    image: '',
    systemPrompt: '',
    tools: [],
    env: {},
    cwd: '',
    limits: {
      tokensPerHourMax: Number.MAX_SAFE_INTEGER,
      contextTokensMax: Number.MAX_SAFE_INTEGER,
      childrenMax,
      concurrentTasksMax: 1,
      taskTimeoutMs: Number.MAX_SAFE_INTEGER,
      tokensTotalMax: 0,
    },
    initialTask: '',
    exitAfterTask: false,
    restart: 'temporary',
    strategy: 'one_for_one',
    watch: { wallMs: 0, idleMs: 0, firstTokenMs: 0 },
  };
}

// A row of the process table, for tests of what is made of one: an idle worker under the king.
// What a test is about, it says itself.

import type { AgentView } from '@hivekernel/client';

const ROW: AgentView = {
  pid: 7,
  ppid: 1,
  name: 'worker-3',
  address: '/king/worker-3',
  role: 'worker',
  tier: 'tactical',
  user: 'root',
  model: 'sonnet',
  state: 'idle',
  phase: '',
  node: 'vps1',
  osPid: 0,
  isVirtual: false,
  tokens: 0,
  tokensSubtree: 0,
  tokensSimulated: 0,
  llmCalls: 0,
  children: 0,
  task: '',
  tasksRunning: 0,
  tasksQueued: 0,
  inboxDepth: 0,
  restart: 'notify',
  strategy: 'one_for_one',
  restarts: 0,
  restartsInRow: 0,
  isQuarantined: false,
  isGone: false,
  checkpointBytes: 0,
  exitCause: '',
  exitCode: 0,
  exitDetail: '',
  output: '',
  startedAtMs: 0,
};

export const agentRow = (told: Partial<AgentView> = {}): AgentView => ({ ...ROW, ...told });

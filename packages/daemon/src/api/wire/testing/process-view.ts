// A process as the kernel tells of it, every counter different from every other, for tests that
// tell it on.

import { asPid } from '@hivekernel/kernel';
import type { ProcessView } from '@hivekernel/kernel';

export const PROCESS_VIEW: ProcessView = {
  pid: asPid(7),
  ppid: asPid(1),
  user: 'root',
  name: 'w',
  address: '/king/w',
  role: 'worker',
  tier: 'tactical',
  model: 'm',
  image: './a.ts',
  state: 'zombie',
  phase: '',
  node: 'n',
  tokens: 1,
  tokensSimulated: 2,
  tokensSubtree: 3,
  llmCalls: 4,
  children: 5,
  startedWallMs: 6_000,
  task: 0,
  tasksRunning: 7,
  tasksQueued: 8,
  inboxDepth: 9,
  osPid: 10,
  restarts: 11,
  isResponsive: true,
  restart: 'transient',
  strategy: 'rest_for_one',
  isQuarantined: false,
  isGone: false,
  checkpointBytes: 12,
  restartsInRow: 13,
  budget: [],
  isBudgetFrozen: false,
  exit: { exitCode: -1, cause: 'crashed', detail: 'exit code 3', output: '' },
};

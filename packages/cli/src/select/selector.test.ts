import type { AgentView } from '@hivekernel/client';
import { describe, expect, it } from 'vitest';
import { resolveAll, resolveOne } from './resolve.ts';
import { matchSelector, parseSelector, subtreeOf } from './selector.ts';

const agent = (pid: number, ppid: number, address: string, state = 'idle'): AgentView => ({
  pid,
  ppid,
  name: address.slice(address.lastIndexOf('/') + 1).replace(/~\d$/, ''),
  address,
  role: pid === 1 ? 'kernel' : 'worker',
  tier: 'tactical',
  user: 'root',
  model: 'sonnet',
  state,
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
  restarts: 0,
  exitCause: '',
  exitCode: 0,
  output: '',
  startedAtMs: 0,
});

const AGENTS = [
  agent(1, 0, '/king', 'running'),
  agent(2, 1, '/king/queen'),
  agent(3, 2, '/king/queen/lead'),
  agent(4, 3, '/king/queen/lead/w', 'running'),
  agent(5, 3, '/king/queen/lead/w~2'),
  agent(6, 1, '/king/coder'),
];

const pids = (text: string): number[] =>
  matchSelector(parseSelector(text), AGENTS).map(({ pid }) => pid);

describe('matchSelector()', () => {
  it.each([
    ['4', [4]],
    ['2/', [2, 3, 4, 5]],
    ['coder', [6]],
    ['w', [4, 5]],
    ['w~2', [5]],
    ['state~run', [1, 4]],
    ['/queen', [2]],
    ['/king/queen/lead', [3]],
    ['queen/lead', [3]],
    ['/queen/', [2, 3, 4, 5]],
    ['lead/', [3, 4, 5]],
    ['/', [1]],
    ['role=worker,state!=idle', [4]],
    ['under:lead', [3, 4, 5]],
    ['99', []],
    ['nobody', []],
    ['king', [1]],
  ])('%s names %j', (text, expected) => {
    expect(pids(text)).toEqual(expected);
  });

  it.each(['', '-'])('%j names nobody and is refused', (text) => {
    expect(() => parseSelector(text)).toThrow('names no agent');
  });
});

describe('subtreeOf()', () => {
  it('has the root first and parents before their children', () => {
    expect(subtreeOf(1, AGENTS)).toHaveLength(6);
    expect(subtreeOf(3, AGENTS).map(({ pid }) => pid)).toEqual([3, 4, 5]);
  });
});

describe('resolveAll(), resolveOne()', () => {
  it('end with 3 where nothing matches, with the nearest name', async () => {
    await expect(resolveAll('codr', AGENTS)).rejects.toMatchObject({
      code: 'E_NO_MATCH',
      exitCode: 3,
      message: 'No agent matches "codr". Did you mean "coder"?',
    });
  });

  it('end with 2 where one is wanted and several match, and list them', async () => {
    await expect(resolveOne('w', AGENTS)).rejects.toMatchObject({
      code: 'E_AMBIGUOUS',
      exitCode: 2,
      why: '4  /king/queen/lead/w  running\n5  /king/queen/lead/w~2  idle',
    });
    expect((await resolveOne('lead', AGENTS)).pid).toBe(3);
  });
});

import type { AgentView } from '@hivekernel/client';
import { describe, expect, it } from 'vitest';
import { agentRow } from '../../test/agent-row.ts';
import { resolveAll, resolveOne } from './resolve.ts';
import { isAddressable, matchSelector, parseSelector, subtreeOf } from './selector.ts';

const agent = (pid: number, ppid: number, address: string, state = 'idle'): AgentView => {
  const name = address.slice(address.lastIndexOf('/') + 1).replace(/~\d$/, '');
  return agentRow({ pid, ppid, name, address, state, role: pid === 1 ? 'kernel' : 'worker' });
};

const AGENTS = [
  agent(1, 0, '/king', 'running'),
  agent(2, 1, '/king/queen'),
  agent(3, 2, '/king/queen/lead'),
  agent(4, 3, '/king/queen/lead/w', 'running'),
  agent(5, 3, '/king/queen/lead/w~2'),
  agent(6, 1, '/king/coder', 'blocked'),
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
    ['state=waiting', [6]],
    ['state=blocked', [6]],
    ['state!=waiting,role=worker', [2, 3, 4, 5]],
    ['policy=notify,restarts<1', [1, 2, 3, 4, 5, 6]],
    ['quarantined=true', []],
    ['/queen', [2]],
    ['/king/queen/lead', [3]],
    ['queen/lead', [3]],
    ['/queen/', [2, 3, 4, 5]],
    ['lead/', [3, 4, 5]],
    ['/', [1]],
    ['role=worker,state!=idle', [4, 6]],
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
    expect(subtreeOf(99, AGENTS)).toEqual([]);
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

describe('isAddressable()', () => {
  it.each(['coder', 'w-1', 'a b', 'more~2', 'x.y'])('takes "%s"', (name) => {
    expect(isAddressable(name)).toBe(true);
  });

  it.each(['', '-', 'king', '42', 'x=y', 'a>b', 'state~2', 'a/b', 'a/'])(
    'refuses "%s", which as a selector means something else',
    (name) => {
      expect(isAddressable(name)).toBe(false);
    },
  );
});

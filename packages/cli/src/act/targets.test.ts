import { describe, expect, it } from 'vitest';
import { agentRow } from '../../test/agent-row.ts';
import { findTargets, reachOf } from './targets.ts';
import type { Search } from './targets.ts';

const row = (pid: number, ppid: number, name: string, state = 'idle') =>
  agentRow({ pid, ppid, name, address: `/king/${name}`, state });

const AGENTS = [
  row(1, 0, 'king', 'running'),
  row(2, 1, 'lead'),
  row(3, 2, 'worker'),
  row(4, 2, 'worker', 'dead'),
  row(5, 3, 'task'),
  row(6, 1, 'coder', 'sleeping'),
];

const find = async (words: string, how: Partial<Search> = {}): Promise<string> => {
  const targets = await findTargets(words.split(' '), { agents: AGENTS, ...how });
  return targets.map(({ agent, isSubtree }) => `${agent.pid}${isSubtree ? '/' : ''}`).join(' ');
};

describe('findTargets()', () => {
  it.each([
    ['2', '2'],
    ['2/', '2/'],
    ['2 2', '2'],
    ['2 2/', '2/'],
    ['2/ 2', '2/'],
    ['lead/', '2/'],
    ['2 3 5', '5 3 2'],
    ['2/ 3 6', '6 2/'],
    ['3/ 2/', '2/'],
    ['worker', '4 3'],
    ['state=idle', '5 3 2'],
  ])('of `%s` are `%s`: each once, none twice, children first', async (words, found) => {
    expect(await find(words)).toBe(found);
  });

  it('are subtrees where everything is to be recursive', async () => {
    expect(await find('2 6', { isRecursive: true })).toBe('6/ 2/');
  });

  it('are the members of a subtree one by one, children first', async () => {
    expect(await find('2/', { isOneByOne: true })).toBe('5 4 3 2');
  });

  it('are of one word those that are preferred, and all where none is', async () => {
    const prefers: Search['prefers'] = ({ state }) => state === 'dead';
    expect(await find('worker', { prefers })).toBe('4');
    expect(await find('2/', { prefers, isOneByOne: true })).toBe('4');
    expect(await find('2', { prefers })).toBe('2');
    expect(await find('worker 2', { prefers })).toBe('4 2');
  });

  it('refuse a word that names nobody', async () => {
    await expect(find('2 nobody')).rejects.toMatchObject({ code: 'E_NO_MATCH', exitCode: 3 });
  });
});

describe('reachOf()', () => {
  it('is everybody that the targets reach, in the order of the table', async () => {
    const targets = await findTargets(['6', '3/'], { agents: AGENTS });
    expect(reachOf(targets, AGENTS).map(({ pid }) => pid)).toEqual([3, 5, 6]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANYWHERE, HiveGround } from './hive-ground.ts';

// Capabilities of a real agent, given and taken by a person while it runs.

const AGENTS = `
import { defineAgent } from '@hivekernel/sdk';

export const Maker = defineAgent({
  async onMessage(message, ctx) {
    try {
      const pid = await ctx.spawn({ name: 'made', image: '', role: 'worker' });
      return { reply: 'made ' + pid };
    } catch (error) {
      const held = (await ctx.capabilities()).filter(({ isHeld }) => isHeld);
      return { reply: error.code + ' of ' + held.map(({ capability }) => capability).join() };
    }
  },
});
`;

const ground = new HiveGround();
const hive = (...args: string[]) => ground.run(...args);

beforeAll(async () => {
  ground.file('agents.ts', AGENTS);
  expect(await hive('up', '-d', ...ANYWHERE)).toMatchObject({ code: 0 });
  const flags = ['--name', 'maker', '--cap', 'broadcast'];
  expect((await hive('spawn', './agents.ts#Maker', ...flags)).stderr).toContain('is ready');
}, 40_000);

afterAll(() => ground.end(), 40_000);

describe('hive cap', () => {
  it('revokes from a running agent and gives back, at once (A3)', async () => {
    expect((await hive('cap', 'revoke', 'maker', 'spawn_children', 'escalate')).stdout).toMatch(
      /^spawn_children revoked from maker \(pid \d+\)\nescalate revoked from maker/,
    );
    const refused = await hive('send', 'maker', 'go', '--wait-reply');
    expect(refused.stdout).toBe(
      'permission_denied of kill_processes,network_access,file_write,file_read,' +
        'budget_allocate,broadcast\n',
    );
    expect(await hive('cap', 'grant', 'maker', 'spawn_children')).toMatchObject({ code: 0 });
    expect((await hive('send', 'maker', 'go', '--wait-reply')).stdout).toMatch(/^made \d+\n$/);
  });

  it('lists what is held, and why not the rest', async () => {
    const { stdout } = await hive('cap', 'ls', 'maker');
    expect(stdout).toMatch(/^CAPABILITY +HELD +BY ROLE +WHY NOT\n/);
    expect(stdout).toMatch(/broadcast +yes +no +-/);
    expect(stdout).toMatch(/shell_exec +no +no +role \w+ does not hold shell_exec/);
    expect(stdout).toMatch(/escalate +no +yes +escalate was revoked from it/);
  });

  it('says what there is for a word that is none, and refuses the king', async () => {
    const typo = await hive('cap', 'grant', 'maker', 'shell');
    expect(typo).toMatchObject({ code: 2 });
    expect(typo.stderr).toContain('known are: spawn_children, kill_processes');
    expect(await hive('cap', 'revoke', 'king', 'escalate')).toMatchObject({ code: 4 });
    expect(await hive('cap', 'ls', 'nobody')).toMatchObject({ code: 3 });
  });
});

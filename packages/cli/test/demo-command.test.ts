import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isOsProcessAlive } from '@hivekernel/client';
import { ANYWHERE, HiveGround, said } from './hive-ground.ts';

const DOCUMENT = `# Bees

A bee colony has one queen. The queen lays up to two thousand eggs a day.
Worker bees collect nectar and pollen. A worker lives for six weeks in summer.
Drones have no sting. The hive keeps a temperature of 35 degrees for the brood.
`;

let ground: HiveGround;

beforeEach(() => {
  ground = new HiveGround();
  ground.file('bees.md', DOCUMENT);
});

afterEach(() => ground.end(), 40_000);

const demo = (...more: string[]) => ['demo', 'How long does a worker bee live?', ...more];

describe('hive demo', () => {
  it('is one JSON document with -o json, leaves no process, has no maid', async () => {
    ground.settings = {};
    const args = demo('--input', 'bees.md', '--once', '--workers', '2', ...ANYWHERE);
    const { stdout, stderr, code } = await ground.run(...args, '-o', 'json');
    expect(stderr).toContain('model   sim · simulated');
    expect(code).toBe(0);
    const run = JSON.parse(stdout) as { agents: { osPid: number; state: string }[] };
    expect(run).toMatchObject({
      apiVersion: 'v1',
      kind: 'Run',
      report: expect.stringContaining('A worker lives for six weeks in summer.'),
      artifact: expect.stringMatching(/^reports\/.*@v1$/),
      llm: { provider: 'sim', simulated: true },
      seq: expect.any(Number),
      exitCode: 0,
    });
    const osPids = run.agents.map(({ osPid }) => osPid);
    expect(osPids.length).toBeGreaterThanOrEqual(3);
    expect(new Set(osPids).size).toBe(osPids.length);
    expect(osPids.filter(isOsProcessAlive)).toEqual([]);
    expect(run.agents.every(({ state }) => state === 'dead')).toBe(true);
    expect(ground.kernelPid).toBeUndefined();
    ground.settings = { HIVE_MAID_ENABLED: 'false' };
    await ground.run('up', '-d', ...ANYWHERE);
    const births = await ground.run('journal', '-n', 'all', '-g', 'process.spawned');
    expect(births.stdout).toContain('spawned queen');
    expect(births.stdout).not.toContain('maid');
  }, 40_000);

  it('kills one worker, which comes back and does its share', { timeout: 40_000 }, async () => {
    const run = await ground.run(...demo('--input', 'bees.md', '--once', ...ANYWHERE));
    expect(run.stderr).toMatch(/kill -9 of worker-\d/);
    expect(run.stderr).toMatch(/worker-1 .*crashed: signal SIGKILL/);
    expect(run.stderr).toMatch(/worker-1 .*its share is not read yet/);
    expect(run.stdout).toContain('six weeks');
    expect(run.code).toBe(0);
  });

  it('uses a kernel that runs already, and leaves it running', { timeout: 40_000 }, async () => {
    await ground.run('up', '-d', ...ANYWHERE);
    const run = await ground.run(...demo('--input', 'bees.md'));
    expect(run.stdout).toContain('six weeks');
    expect(run.code).toBe(0);
    const [, key = ''] = /kept as (\S+)/.exec(run.stderr) ?? [];
    expect((await ground.run('artifact', 'get', key)).stdout.trim()).toBe(run.stdout.trim());
    expect(await ground.run('status')).toMatchObject({ code: 0 });
  });

  it('stops everything at Ctrl-C, exit 130', { timeout: 40_000 }, async () => {
    const child = ground.start(...demo('--input', 'bees.md', ...ANYWHERE));
    const end = ground.endOf(child);
    await said(child.stderr, /lead +took task/);
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 130, stdout: '' });
    expect(ground.kernelPid).toBeUndefined();
  });

  it('tells what it cannot read before anything is started', async () => {
    const run = await ground.run(...demo('--input', 'wasps.md'));
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('error[E_NO_FILE]: there is no file or directory wasps.md');
    expect(ground.kernelPid).toBeUndefined();
  });
});

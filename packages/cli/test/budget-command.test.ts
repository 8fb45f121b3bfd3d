import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '@hivekernel/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliGround } from './cli-ground.ts';

// Budgets of processes without a runtime, on a real kernel: the lead's are the worker's giver.

let ground: CliGround;
let lead = 0;
let worker = 0;
const hive = (...args: string[]) => ground.run(...args);
type Items = Record<string, unknown>[];
const items = async (...args: string[]): Promise<Items> =>
  (JSON.parse((await hive('budget', 'ls', ...args, '-o', 'json')).stdout) as { items: Items })
    .items;

beforeAll(async () => {
  ground = await CliGround.make();
  await using client = await connect({ dataDir: ground.dataDir });
  const limits = { tokensTotalMax: 100_000 };
  const spec = { role: 'lead', tier: 'tactical', limits } as const;
  lead = await client.spawn({ name: 'lead', ...spec });
  // Nobody above has a limit of dollars: the operator gives them out of nothing.
  await client.raiseBudget({ pid: lead, purse: 'usd', change: { to: 2_000_000 } });
  const child = { name: 'w', role: 'worker', tier: 'tactical' } as const;
  worker = await client.spawn(child, { as: lead });
});

afterAll(() => ground.end());

describe('hive budget', () => {
  it('sets, raises and lowers tokens, out of the budget above and back (B2)', async () => {
    const set = await hive('budget', 'set', 'w', '30k', '--note', 'a start');
    expect(set).toMatchObject({ code: 0, stderr: '' });
    expect(set.stdout).toBe(
      `budget of w (pid ${worker}): 30,000 tactical tokens (0 spent, 30,000 left)\n`,
    );
    expect((await hive('budget', 'raise', 'w', '1.5k')).stdout).toContain(': 31,500 tactical');
    expect((await hive('budget', 'raise', 'w', '-20k')).stdout).toContain(': 11,500 tactical');
    expect(await items('lead')).toMatchObject([
      { pid: lead, purse: 'tactical', allocated: 100_000, given: 11_500, remaining: 88_500 },
      { pid: lead, purse: 'usd', unit: 'usd_micros', allocated: 2_000_000 },
      { pid: worker, purse: 'tactical', unit: 'tokens', allocated: 11_500, frozen: false },
    ]);
    const { stdout } = await hive('journal', 'w', '-o', 'json');
    expect(stdout).toContain(
      `its budget was raised by 30,000 tactical tokens out of the budget of ${lead}: a start`,
    );
  });

  it('moves dollars to the millionth, and tokens of another tier', async () => {
    const raised = await hive('budget', 'raise', 'w', '$0.50', '-o', 'json');
    expect(JSON.parse(raised.stdout)).toMatchObject({
      kind: 'Budget',
      pid: worker,
      frozen: false,
      purses: expect.arrayContaining([
        expect.objectContaining({ purse: 'usd', unit: 'usd_micros', allocated: 500_000 }),
      ]),
    });
    expect((await hive('budget', 'raise', 'w', '-$0.25')).stdout).toContain(': $0.25 ($0.00 spen');
    const other = await hive('budget', 'set', 'lead', '5000', '--tier', 'operational');
    expect(other.stdout).toContain(': 5,000 operational tokens (0 spent, 5,000 left)');
  });

  it('lists for people what json lists, and who draws on another budget', async () => {
    const { stdout } = await hive('budget', 'ls', 'w');
    expect(stdout).toMatch(/^PID +NAME +PURSE +ALLOCATED +SPENT +RESERVED +GIVEN +REMAINING +FRO/);
    expect(stdout).toMatch(/ w +tactical +11,500 +0 +0 +0 +11,500 +no\n/);
    expect(stdout).toMatch(/ w +usd +\$0\.25 +\$0\.00 +\$0\.00 +\$0\.00 +\$0\.25 +no\n/);
    const all = await items();
    expect(all.map(({ pid }) => pid)).toEqual(expect.arrayContaining([1, lead, worker]));
    await using client = await connect({ dataDir: ground.dataDir });
    await client.spawn({ name: 'poor', role: 'worker', tier: 'tactical' }, { as: worker });
    const none = await hive('budget', 'ls', 'poor');
    expect(none).toMatchObject({ code: 0, stdout: '' });
    expect(none.stderr).toMatch(/poor \(pid \d+\) .* have no budget of their own/);
  });

  it('freezes, so that nothing is given, and thaws', async () => {
    const frozen = await hive('budget', 'freeze', 'lead', '--note', 'look first');
    expect(frozen.stdout).toContain(`budget of lead (pid ${lead}) is frozen`);
    expect((await hive('budget', 'ls', 'lead')).stdout).toMatch(/ lead .* yes\n/);
    const refused = await hive('budget', 'raise', 'w', '1k');
    expect(refused).toMatchObject({ code: 6, stdout: '' });
    expect(refused.stderr).toContain('is frozen');
    const thawed = await hive('budget', 'thaw', 'lead');
    expect(thawed.stdout).toBe(`budget of lead (pid ${lead}) pays again\n`);
    expect(await hive('budget', 'raise', 'w', '1k')).toMatchObject({ code: 0 });
  });

  it('says with 6 that there is not so much, above it or in it', async () => {
    const above = await hive('budget', 'raise', 'w', '100k');
    expect(above).toMatchObject({ code: 6, stdout: '' });
    expect(above.stderr).toMatch(/error\[E_BUDGET_EXHAUSTED\]: The raise is refused: 100,000 /);
    expect(await hive('budget', 'raise', 'w', '-1M')).toMatchObject({ code: 6 });
    expect(await hive('budget', 'freeze', 'poor')).toMatchObject({ code: 5 });
    expect(await hive('budget', 'set', 'nobody', '1k')).toMatchObject({ code: 3 });
  });

  it.each([
    [['set', 'w', '-5'], 'A budget is nothing or more.'],
    [['raise', 'w', '0.5'], 'A token is not divided.'],
    [['raise', 'w', '0'], 'A raise by 0 changes nothing'],
    [['raise', 'w', '9007199254740992'], 'The most that can be counted is'],
    [['raise', 'w', 'lots'], 'It is no amount'],
    [['set', 'w', '1k', '--tier', 'opus'], 'Allowed choices are strategic, tactical, operational'],
    [['set', 'w', '$1', '--tier', 'strategic'], '--tier is for tokens'],
    [['set', 'w'], "missing required argument 'amount'"],
    [['raise', 'w', '1k', '--tierr', 'x'], 'unknown option "--tierr". Did you mean "--tier"?'],
  ])('refuses %j with 2', async (args, says) => {
    const { stdout, stderr, code } = await hive('budget', ...args);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain(says);
  });
});

const ECHO = `
import { defineAgent } from '@hivekernel/sdk';
export const Echo = defineAgent((task) => task.description);
`;

describe('--budget', () => {
  beforeAll(() => writeFile(join(ground.dir, 'echo.ts'), ECHO));

  it('of hive spawn gives tokens and dollars out of the budget above', async () => {
    const flags = ['--parent', 'lead', '--tier', 'tactical', '--budget', '5k', '$0.10'];
    const { stdout, code } = await hive('spawn', './echo.ts#Echo', ...flags);
    expect(code).toBe(0);
    expect(await items(stdout.trim())).toMatchObject([
      { name: 'echo', purse: 'tactical', allocated: 5_000 },
      { name: 'echo', purse: 'usd', allocated: 100_000 },
    ]);
    const refused = await hive('spawn', './echo.ts#Echo', '--parent', 'lead', '--budget', '1G');
    expect(refused).toMatchObject({ code: 6, stdout: '' });
  });

  it('of hive run is for what is started, and comes back with its end (B4)', async () => {
    const { stdout, code } = await hive('run', './echo.ts#Echo', 'hi', '--wait', '--budget', '2k');
    expect({ stdout, code }).toEqual({ stdout: 'hi\n', code: 0 });
    expect((await hive('journal')).stdout).toContain(
      'was given 2,000 tactical tokens out of the budget of 1',
    );
    const running = await hive('run', 'lead', 'hi', '--budget', '2k');
    expect(running).toMatchObject({ code: 2, stdout: '' });
    expect(running.stderr).toContain('hive budget set lead AMOUNT');
  });
});

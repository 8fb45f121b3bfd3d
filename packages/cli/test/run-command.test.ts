import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANYWHERE, ECHO, HiveGround, said } from './hive-ground.ts';

const ground = new HiveGround();
const hive = (...args: string[]) => ground.run(...args);

beforeAll(async () => {
  ground.file('echo.ts', ECHO);
  expect(await hive('up', '-d', ...ANYWHERE)).toMatchObject({ code: 0 });
}, 30_000);

afterAll(() => ground.end(), 40_000);

describe('hive run --wait', () => {
  it('starts an agent for the task, prints its result, and leaves nobody behind', async () => {
    const args = ['./echo.ts#Echo', 'hello', '--wait', '--param', 'a=b'];
    const run = await ground.runProcess('run', ...args);
    expect(run).toMatchObject({ code: 0, stdout: 'echo: hello\n' });
    expect(run.stderr).toMatch(/^\d\d:\d\d:\d\d echo +spawned echo \(agent\)/);
    expect(run.stderr).toContain('half of it (50%)');
    const live = await hive('ps', '--live', '-q');
    expect(live.stdout).toBe('1\n');
  });

  it('is one JSON document with -o json', async () => {
    const run = await hive('run', './echo.ts#Echo', 'x', '--wait', '--param', 'k=v', '-o', 'json');
    expect(JSON.parse(run.stdout)).toMatchObject({
      apiVersion: 'v1',
      kind: 'TaskResult',
      task: expect.stringMatching(/^t\d+$/),
      pid: expect.any(Number),
      completed: true,
      exitCode: 0,
      output: 'echo: x',
      metadata: { k: 'v' },
      error: null,
    });
  });

  it.each([
    { task: 'exit 3', code: 3, stdout: 'three\n', error: 'E_TASK_FAILED' },
    { task: 'fail', code: 1, stdout: '', error: 'as asked' },
  ])('ends with $code when the task is "$task"', async ({ task, code, stdout, error }) => {
    const run = await hive('run', './echo.ts#Echo', task, '--wait');
    expect(run).toMatchObject({ code, stdout });
    expect(run.stderr).toContain(error);
  });

  it('ends with 7 when the time is over', async () => {
    const run = await hive('run', './echo.ts#Echo', 'hang', '--wait', '--timeout', '1s');
    expect(run).toMatchObject({ code: 7, stdout: '' });
    expect(run.stderr).toContain('error[E_TIMED_OUT]');
  });

  it('ends with 7 also where its agent is paused and never comes to it', async () => {
    await hive('spawn', './echo.ts#Echo', '--name', 'held');
    await hive('pause', 'held');
    const run = await hive('run', 'held', 'x', '--wait', '--timeout', '1s');
    expect(run).toMatchObject({ code: 7, stdout: '' });
    expect(run.stderr).toContain('Its agent did not come to it; the task is cancelled.');
    expect((await hive('ps', 'held', '-o', 'json')).stdout).toContain('"tasksQueued": 0');
    await hive('kill', 'held');
  });

  it('gives the task to a running agent by name, which stays', async () => {
    const { stdout } = await hive('spawn', './echo.ts#Echo', '--name', 'stays');
    expect(await hive('run', 'stays', 'hi', '--wait')).toMatchObject({ stdout: 'echo: hi\n' });
    expect(await hive('run', stdout.trim(), 'hi', '--wait')).toMatchObject({ code: 0 });
    expect(await hive('run', '/stays', 'hi', '--wait')).toMatchObject({ code: 0 });
    await hive('kill', 'stays');
  });

  it.each([
    { args: ['stranger', 'x'], code: 3 },
    { args: ['./none.ts', 'x'], code: 3 },
    { args: ['./echo.ts#None', 'x', '--wait'], code: 1 },
    { args: ['./echo.ts#Echo', 'x', '--input', 'none.md'], code: 2 },
    { args: ['./echo.ts#Echo'], code: 2 },
    { args: ['./echo.ts#Echo', 'x', '--param', 'novalue'], code: 2 },
    { args: ['1', 'x', '--wait'], code: 5 },
  ])('ends with $code for $args, and starts nothing that stays', async ({ args, code }) => {
    expect(await hive('run', ...args)).toMatchObject({ code, stdout: '' });
    expect((await hive('ps', '--live', '-q')).stdout).toBe('1\n');
  });
});

describe('hive run', () => {
  it('returns at once without --wait; the task goes on and its agent ends with it', async () => {
    const run = await hive('run', './echo.ts#Echo', 'later', '-o', 'json');
    const { task, pid } = JSON.parse(run.stdout) as { task: string; pid: number };
    expect(run.code).toBe(0);
    expect(await hive('wait', String(pid), '--timeout', '10s')).toMatchObject({ code: 0 });
    const journal = await hive('journal', String(pid), '-n', 'all');
    expect(journal.stdout).toContain(`task ${task} completed`);
  });

  it('leaves at Ctrl-C or SIGTERM and says so; the task goes on', async () => {
    const leave = async (signal: 'SIGINT' | 'SIGTERM') => {
      const child = ground.start('run', './echo.ts#Echo', 'hang', '--wait');
      const end = ground.endOf(child);
      await said(child.stderr, /took task/);
      child.kill(signal);
      return end;
    };
    const ends = await Promise.all([leave('SIGINT'), leave('SIGTERM')]);
    expect(ends.map(({ code }) => code)).toEqual([130, 143]);
    for (const { stderr } of ends) {
      expect(stderr).toMatch(/left: task t\d+ of echo(~2)? \(pid \d+\) goes on/);
    }
    const live = (await hive('ps', 'role=agent', '--live', '-q')).stdout.trim().split('\n');
    expect(live).toHaveLength(2);
    await hive('kill', ...live, '--yes');
  });

  it('cancels the task at the second Ctrl-C', async () => {
    const child = ground.start('run', './echo.ts#Echo', 'hang', '--wait');
    const end = ground.endOf(child);
    await said(child.stderr, /took task/);
    child.kill('SIGINT');
    await said(child.stderr, /Ctrl-C again within 2 s cancels it/);
    child.kill('SIGINT');
    const { code, stderr } = await end;
    expect(code).toBe(130);
    expect(stderr).toContain('cancelling the task');
    expect((await hive('ps', '--live', '-q')).stdout).toBe('1\n');
  });
});

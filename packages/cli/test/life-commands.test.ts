import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANYWHERE, HiveGround } from './hive-ground.ts';

const ground = new HiveGround();
const TIMEOUT_MS = 40_000;
const hive = (...args: string[]) => ground.run(...args);
const json = async (...args: string[]): Promise<Json> =>
  JSON.parse((await hive(...args, '-o', 'json')).stdout) as Json;

type Item = Readonly<Record<string, unknown>>;
type Json = Item & { readonly items: readonly Item[]; readonly agents: readonly Item[] };

const WORKER = `
import { defineAgent } from '@hivekernel/sdk';
export const Worker = defineAgent(async (task, ctx) => {
  const { description } = task;
  if (description === 'die') process.kill(process.pid, 'SIGKILL');
  if (description === 'hang') await new Promise((_, no) => {
    ctx.signal.addEventListener('abort', () => no(new Error('interrupted')));
  });
  return { output: 'did ' + description };
});
`;

async function spawn(name: string, ...flags: string[]): Promise<string> {
  const { stdout, stderr } = await hive('spawn', './worker.ts#Worker', '--name', name, ...flags);
  expect(stderr).toContain('is ready');
  return stdout.trim();
}

const agentOf = async (pid: string): Promise<Item> => (await json('ps', pid)).items[0] ?? {};
const isIn = (pid: string, state: string) =>
  hive('wait', pid, '--for', `state=${state}`, '--timeout', '20s');

beforeAll(async () => {
  ground.file('worker.ts', WORKER);
  ground.file('hive.yaml', 'restart:\n  backoff_first: 20ms\n  max_in_row: 1\n');
  expect(await hive('up', '-d', ...ANYWHERE)).toMatchObject({ code: 0 });
}, TIMEOUT_MS);

afterAll(() => ground.end(), TIMEOUT_MS);

describe('hive pause, resume, kill -SIGNAL', { timeout: TIMEOUT_MS }, () => {
  it('hold a branch while its mail waits, and let it go on', async () => {
    const lead = await spawn('held', '--role', 'lead');
    const worker = await spawn('below', '--parent', lead);
    const paused = await ground.runProcess('pause', `${lead}/`, '--reason', 'budget talk');
    expect(paused).toMatchObject({ code: 0, stdout: 'paused 2\n', stderr: '' });
    expect(await isIn(`${lead}/`, 'paused')).toMatchObject({ code: 0 });
    await hive('send', worker, 'later');
    const { stdout } = await hive('ps', worker, '--columns', 'state,activity');
    expect(stdout).toContain('⏸ paused  1 message queued');
    expect((await hive('journal', lead)).stdout).toContain('got SIGSTOP: budget talk');
    expect(await json('resume', `${lead}/`)).toMatchObject({
      kind: 'SignalResult',
      signal: 'CONT',
      signalled: [Number(lead), Number(worker)],
      failed: [],
    });
    expect(await hive('kill', '-STOP', worker)).toMatchObject({ code: 0, stdout: 'paused 1\n' });
    expect(await hive('kill', '-18', worker)).toMatchObject({ code: 0, stdout: 'resumed 1\n' });
    await hive('kill', `${lead}/`, '--yes');
  });

  it('stop the task and keep the agent with INT; print the key of a dump with USR1', async () => {
    const pid = await spawn('busy');
    const { task } = (await json('run', pid, 'hang')) as { task?: string };
    expect(await isIn(pid, 'running')).toMatchObject({ code: 0 });
    expect(await hive('kill', '-s', 'int', pid)).toMatchObject({ stdout: 'interrupted 1\n' });
    expect(await isIn(pid, 'idle')).toMatchObject({ code: 0 });
    expect((await hive('journal', pid)).stdout).toContain(`task ${task} cancelled`);
    expect(await hive('kill', '-HUP', pid)).toMatchObject({ code: 0, stdout: 'signalled 1\n' });
    const dump = await hive('kill', '-USR1', pid);
    expect(dump).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S+\n$/) });
    expect(await hive('artifact', 'get', dump.stdout.trim())).toMatchObject({ code: 0 });
    await hive('kill', '-9', pid);
    expect(await agentOf(pid)).toMatchObject({ state: 'dead', exitCause: 'killed' });
  });

  it('ask before KILL hits a subtree, and do nothing with --dry-run', async () => {
    const pid = await spawn('alone', '--role', 'lead');
    const asked = await hive('kill', '-9', `${pid}/`);
    expect(asked).toMatchObject({ code: 2, stdout: '' });
    expect(asked.stderr).toContain('error[E_UNCONFIRMED]: This stops 1 lead.');
    expect(await hive('kill', '-KILL', `${pid}/`, '--dry-run', '-o', 'json')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"dryRun": true'),
    });
    expect(await agentOf(pid)).toMatchObject({ state: 'idle' });
    const killed = await ground.runProcess('kill', '-9', `${pid}/`, '--yes');
    expect(killed).toMatchObject({ code: 0, stdout: 'killed 1\n', stderr: 'This stops 1 lead.\n' });
  });

  it('end with the code of what went wrong', async () => {
    const pid = await spawn('there');
    expect(await hive('pause', 'nobody')).toMatchObject({ code: 3, stdout: '' });
    expect(await hive('pause', '1')).toMatchObject({ code: 4 });
    expect(await hive('kill', '-WINCH', pid)).toMatchObject({ code: 2, stdout: '' });
    expect(await hive('kill', '-9', pid, '--grace', '1s')).toMatchObject({ code: 2 });
    const some = await hive('pause', pid, '1');
    expect(some).toMatchObject({ code: 8, stdout: 'paused 1\n' });
    expect(some.stderr).toMatch(/^error\[E_PERMISSION_DENIED\]: pid 1: /);
    await hive('kill', pid);
    const gone = await hive('resume', pid);
    expect(gone).toMatchObject({ code: 5, stderr: `pid ${pid} is already gone\n` });
  });
});

describe('hive sleep, wake, restart', { timeout: TIMEOUT_MS }, () => {
  it('keep the pid over an end of the OS process', async () => {
    const pid = await spawn('sleeper');
    const { osPid: first } = await agentOf(pid);
    expect(await hive('sleep', pid)).toMatchObject({ code: 0, stdout: 'put to sleep 1\n' });
    expect(await isIn(pid, 'sleeping')).toMatchObject({ code: 0 });
    expect((await hive('tree', pid)).stdout).toContain('⏾ sleeping');
    expect(await hive('sleep', pid)).toMatchObject({ code: 0 });
    expect(await hive('wake', pid)).toMatchObject({ code: 0, stdout: 'woke 1\n' });
    expect(await isIn(pid, 'idle')).toMatchObject({ code: 0 });
    expect(await hive('wake', pid)).toMatchObject({ code: 5, stdout: 'woke 0\n' });
    await hive('sleep', pid);
    await isIn(pid, 'sleeping');
    expect(await hive('run', pid, 'x', '--wait')).toMatchObject({ code: 0, stdout: 'did x\n' });

    const restart = await hive('restart', pid, '--reason', 'new prompt');
    expect(restart).toMatchObject({ code: 0, stdout: 'restarted 1\n' });
    expect(await isIn(pid, 'idle')).toMatchObject({ code: 0 });
    const now = await agentOf(pid);
    expect(now).toMatchObject({ state: 'idle', exitCause: 'restarted' });
    expect(now['osPid']).not.toBe(first);
    const lines = (await hive('journal', pid)).stdout;
    expect(lines).toContain('new prompt; restart at once');
    expect(lines).toContain('woken: a task');
    await hive('kill', pid);
  });

  it('ask before several are restarted', async () => {
    const pids = [await spawn('one-of-two'), await spawn('two-of-two')];
    const asked = await hive('restart', ...pids);
    expect(asked).toMatchObject({ code: 2, stdout: '' });
    expect(asked.stderr).toContain('This restarts 2 agents.');
    await hive('kill', ...pids, '--yes');
  });
});

describe('hive status, ps, rm after a crash loop', { timeout: TIMEOUT_MS }, () => {
  it('tell each restart and why, and keep the quarantined until they are removed', async () => {
    const pid = await spawn('flaky', '--restart', 'transient', '--wall-limit', '1h');
    expect(await hive('run', pid, 'die', '--wait')).toMatchObject({ code: 1 });
    expect(await isIn(pid, 'idle')).toMatchObject({ code: 0 });
    expect(await agentOf(pid)).toMatchObject({
      restartPolicy: 'transient',
      restarts: 1,
      restartsInRow: 1,
      exitCause: 'crashed',
      exitDetail: 'signal SIGKILL',
    });
    const alive = await hive('status', pid);
    expect(alive.code).toBe(0);
    expect(alive.stdout).toMatch(/^restarts +1, 1 in a row without health$/m);
    expect(alive.stdout).toMatch(/^watch +wall 60m, /m);
    expect((await hive('journal', pid)).stdout).toMatch(
      / {2}crashed: signal SIGKILL; restart 1 of 1 in \d+ms$/m,
    );

    await hive('run', pid, 'die', '--wait');
    expect(await isIn(pid, 'quarantined')).toMatchObject({ code: 0 });
    expect(await isIn(pid, 'idle')).toMatchObject({ code: 5, stdout: '' });
    expect((await hive('ps', '-q', '--filter', 'quarantined=true')).stdout).toBe(`${pid}\n`);
    const looped = await hive('status', 'flaky');
    expect(looped.code).toBe(3);
    expect(looped.stdout).toMatch(/^quarantine +after a crash loop; hive rm \d+ forgets it$/m);
    expect((await hive('journal', pid, '-p', 'error')).stdout).toContain('crash loop: 1 restart');
    expect(await hive('restart', pid)).toMatchObject({ code: 5 });

    expect(await hive('rm', 'flaky', '--dry-run')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^would forget 1 agent\n/),
    });
    expect(await hive('rm', 'flaky')).toMatchObject({ code: 0, stdout: 'removed 1\n' });
    expect(await hive('status', pid)).toMatchObject({ code: 3, stdout: '' });
    expect(await hive('rm', '1')).toMatchObject({ code: 5 });
  });

  it('try a task again with --retries, and tell it', async () => {
    const run = await hive('run', './worker.ts#Worker', 'die', '--wait', '--retries', '1');
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/task t\d+ is tried again, retry 1: /);
  });
});

describe('hive collapse, results, wait --for exit, reparent', { timeout: TIMEOUT_MS }, () => {
  it('end all below an agent and print their results', async () => {
    const lead = await spawn('branch', '--role', 'lead');
    const pids = [await spawn('leaf-1', '--parent', lead), await spawn('leaf-2', '--parent', lead)];
    const dry = await json('collapse', lead, '--dry-run');
    expect(dry).toMatchObject({ kind: 'Plan', root: Number(lead), blast: { agents: 2 } });
    expect(await hive('collapse', lead)).toMatchObject({ code: 2, stdout: '' });
    const collapsed = await json('collapse', `${lead}/`, '--yes');
    expect(collapsed.kind).toBe('ResultList');
    expect(collapsed.items).toHaveLength(2);
    for (const pid of pids) {
      expect(collapsed.items).toContainEqual(
        expect.objectContaining({ pid: Number(pid), exitCode: -1, output: 'branch collapsed' }),
      );
    }
    expect(await agentOf(lead)).toMatchObject({ state: 'idle' });
    const again = await hive('collapse', lead);
    expect(again).toMatchObject({ code: 0, stdout: '' });
    expect(again.stderr).toContain('Nobody was below branch');
    await hive('kill', lead);
  });

  it('take a result once; --peek leaves it', async () => {
    const { pid } = (await json('run', './worker.ts#Worker', 'a')) as { pid?: number };
    const result = { pid, name: 'worker', exitCode: 0, cause: 'done', output: 'did a' };
    const peek = await json('wait', `${pid}`, '--for', 'exit', '--peek', '--timeout', '20s');
    expect(peek.items).toEqual([result]);
    expect((await json('results')).items).toContainEqual(result);
    expect((await hive('results')).stdout).toMatch(/^PID +NAME +EXIT +CAUSE +OUTPUT\n/);
    expect((await json('wait', `${pid}`, '--for', 'exit')).items).toEqual([result]);
    expect((await json('results')).items).not.toContainEqual(result);
    expect(await hive('results', 'nobody')).toMatchObject({ code: 3 });
  });

  it('move an agent under another parent', async () => {
    const to = await spawn('new-home', '--role', 'lead');
    const moved = await spawn('mover', '--role', 'worker');
    const dry = await hive('reparent', moved, 'new-home', '--dry-run');
    expect(dry.stdout).toBe(`would move mover (pid ${moved}) under new-home (pid ${to})\n`);
    expect(await agentOf(moved)).toMatchObject({ ppid: 1 });
    expect(await json('reparent', moved, 'new-home')).toMatchObject({
      kind: 'ReparentResult',
      pid: Number(moved),
      from: 1,
      to: Number(to),
    });
    expect(await agentOf(moved)).toMatchObject({ ppid: Number(to), address: '/king/mover' });
    expect(await hive('reparent', to, moved)).toMatchObject({ code: 2 });
    expect(await hive('reparent', moved, 'nobody')).toMatchObject({ code: 3 });
    await hive('kill', `${to}/`, '--yes');
  });
});

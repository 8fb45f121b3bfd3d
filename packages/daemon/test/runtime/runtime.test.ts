import { asPid } from '@hivekernel/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { existsSync } from 'node:fs';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeOptions } from '../../src/runtime/runtime-options.ts';
import { RuntimeGround, isGroupAlive } from './runtime-ground.ts';

const grounds: RuntimeGround[] = [];
async function makeGround(options: Partial<RuntimeOptions> = {}): Promise<RuntimeGround> {
  const ground = await RuntimeGround.make(options);
  grounds.push(ground);
  return ground;
}
afterEach(async () => {
  for (const ground of grounds.splice(0)) await ground[Symbol.asyncDispose]();
});

describe('Runtime.start()', () => {
  it('reports started with the OS pid, then ready; the agent leads a group', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    const osPid = await ground.osPidOf(pid);
    expect(await isGroupAlive(osPid)).toBe(true);
    const kinds = ground.events
      .filter(({ kind }) => kind.startsWith('process.'))
      .map((e) => e.kind);
    expect(kinds).toEqual([
      'process.spawned',
      'process.spawned',
      'process.started',
      'process.moved',
    ]);
  });

  it('gives a clean environment, a directory of its own and a model key', async () => {
    const ground = await makeGround({ env: { PATH: process.env['PATH'], SECRET: 's' } });
    const env = { GREETING: 'hello', HIVE_LINK: '/elsewhere', OPENAI_API_KEY: 'sk-own' };
    const pid = await ground.spawn('echo', { env });
    const line = await ground.line(pid, /^ready/);
    expect(line).toBe(`ready in ${join(ground.dir, 'data/work', String(pid))} with hello`);
    expect(ground.keys.get(pid)).toBe(`key-${pid}`);
    const warning = await ground.event('log.written', ({ body }) => body.pid === pid);
    expect(warning.body.message).toContain('HIVE_LINK, OPENAI_API_KEY');
    const osPid = await ground.osPidOf(pid);
    const environ = (await readFile(`/proc/${osPid}/environ`, 'utf8')).split('\0');
    expect(environ).not.toContain('SECRET=s');
    expect(environ).toContain(`OPENAI_API_KEY=key-${pid}`);
    expect(environ.some((entry) => entry.includes('sk-own'))).toBe(false);
  });

  it('keeps the socket to the owner and removes it with the process', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    const path = join(ground.dir, 'run', `${pid}-1.sock`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(ground.dir, 'run'))).mode & 0o777).toBe(0o700);
    await ground.kill(pid);
    expect(existsSync(path)).toBe(false);
    expect(ground.keys.has(pid)).toBe(false);
  });

  it.each([
    ['exit:7', 'exited with code 7 before it connected\n  giving up'],
    ['exit-in-init:4', 'exited with code 4 before Init was answered'],
    ['throw', 'exited with code 1 before it connected'],
    ['throw', 'broken at load'],
    ['refuse:no licence', 'no licence'],
    ['babble', 'nonsense on the link'],
  ])('fails the start of "%s" and says "%s"', async (image, message) => {
    const ground = await makeGround();
    const error = await ground.failedSpawn(image);
    expect(error.code).toBe('start_failed');
    expect(error.message).toContain(message);
    expect(await readdir(join(ground.dir, 'run'))).toEqual([]);
  });

  it.each([
    { image: 'silent', startTimeoutMs: 500, message: 'it did not connect within 0.5 s' },
    { image: 'deaf', startTimeoutMs: 4_000, message: 'Init was not answered within 4 s' },
  ])('gives up on "$image" in time, and nothing of it is left', async (row) => {
    const { image, startTimeoutMs, message } = row;
    const ground = await makeGround({ startTimeoutMs });
    const error = await ground.failedSpawn(image);
    expect(error.message).toContain(message);
    const osPid = await ground.osPidOf(asPid(2));
    expect(await isGroupAlive(osPid)).toBe(false);
  });

  it('refuses a wrong start token, and logs it', async () => {
    const ground = await makeGround();
    const error = await ground.failedSpawn('impostor');
    expect(error.message).toContain('exited with code');
    const log = await ground.event('log.written');
    expect(log.body).toMatchObject({ level: 'warn' });
    expect(log.body.message).toContain('the start token is not that of this process');
  });

  it('names a working directory that is not there', async () => {
    const ground = await makeGround();
    const error = await ground.failedSpawn('echo', { cwd: 'nowhere' });
    expect(error.message).toContain(`${join(ground.dir, 'nowhere')} does not exist`);
  });
});

describe('Runtime.stop()', () => {
  it('asks, waits for the end, and reports killed', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    const osPid = await ground.osPidOf(pid);
    expect(await ground.kill(pid)).toEqual({ killed: [pid] });
    expect(await isGroupAlive(osPid)).toBe(false);
    const { body } = await ground.exitOf(pid);
    expect(body).toMatchObject({
      to: 'dead',
      exitCode: -1,
      cause: 'killed',
      detail: 'exit code 0',
    });
  });

  it.each(['stubborn', 'loop'])('kills "%s" when the grace is over', async (image) => {
    const ground = await makeGround();
    const pid = await ground.spawn(image);
    if (image === 'loop') await ground.line(pid, /^looping/);
    await ground.kill(pid, 300);
    const { body } = await ground.exitOf(pid);
    expect(body.detail).toBe('it did not end within 0.3 s; signal SIGKILL');
  });

  it('waits also where the grace is longer than a timer takes', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    await ground.kill(pid, 2 ** 31);
    expect((await ground.exitOf(pid)).body).toMatchObject({ detail: 'exit code 0' });
  });

  it('takes the shorter grace when asked twice', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('stubborn');
    const slow = ground.kill(pid, 60_000);
    await ground.kill(pid, 100);
    expect(await slow).toEqual({ killed: [pid] });
  });

  it.each([
    { image: 'fork', where: 'its group' },
    { image: 'stray', where: 'a session of its own' },
  ])('ends what the agent has forked into $where, too (P10)', async ({ image }) => {
    const ground = await makeGround();
    const pid = await ground.spawn(image);
    const child = Number((await ground.line(pid, /^child/)).split(' ')[1]);
    await ground.kill(pid);
    const alive = await readFile(`/proc/${child}/stat`, 'latin1').catch(() => 'gone (x) Z');
    expect(alive.slice(alive.lastIndexOf(')') + 2, alive.lastIndexOf(')') + 3)).toMatch(/[ZX]/);
  });

  it('calls off a start that is under way', async () => {
    const ground = await makeGround();
    const spawned = ground.failedSpawn('deaf');
    await ground.osPidOf(asPid(2));
    await ground.kill(asPid(2));
    expect((await spawned).code).toBe('cancelled');
    const { body } = await ground.exitOf(asPid(2));
    expect(body).toMatchObject({ cause: 'killed', detail: 'it was stopped as it started' });
  });

  it('answers at once for a process that is not there', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    const effect = { do: 'stop', pid: asPid(99), incarnation: 1, reason: 'normal', graceMs: 9_000 };
    ground.runtime.stop(effect as Parameters<typeof ground.runtime.stop>[0]);
    expect(await ground.execute(pid, 'on')).toMatchObject({ outcome: 'completed' });
  });
});

describe('Runtime.startService()', () => {
  it('says which program cannot be started', async () => {
    const made = RuntimeGround.make({ nodePath: '/nowhere/node' });
    await expect(made).rejects.toThrow(/reaper .* cannot be started: .*\/nowhere\/node/);
  });

  it('says that the runtime directory is too long for a socket', async () => {
    const runtimeDir = join('/tmp', 'x'.repeat(120));
    const made = RuntimeGround.make({ runtimeDir });
    await expect(made).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('removes the sockets of a daemon that was killed', async () => {
    const ground = await makeGround();
    await ground.runtime.stopService();
    await writeFile(join(ground.dir, 'run', '7-1.sock'), '');
    await ground.runtime.startService();
    expect(await readdir(join(ground.dir, 'run'))).toEqual([]);
  });
});

describe('Runtime.stopService()', () => {
  it('leaves no process, however often it is called', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('stubborn');
    const osPid = await ground.osPidOf(pid);
    await Promise.all([ground.runtime.stopService(), ground.runtime.stopService()]);
    expect(await isGroupAlive(osPid)).toBe(false);
    await ground.exitOf(pid);
  });

  it('does nothing before a start', async () => {
    const ground = await makeGround();
    const other = new RuntimeGround(ground.kernel, ground.dir, {});
    await other.runtime.stopService();
  });

  it('bears races with starts of the service', async () => {
    const ground = await makeGround();
    const turns = Array.from({ length: 50 }, (_, turn) =>
      turn % 2 === 0 ? ground.runtime.stopService() : ground.runtime.startService(),
    );
    await Promise.all(turns);
    expect(await ground.spawn('echo')).toBe(2);
  });

  it('refuses a start afterwards', async () => {
    const ground = await makeGround();
    await ground.runtime.stopService();
    expect((await ground.failedSpawn('echo')).message).toContain('the kernel is stopping');
  });
});

describe('the end of an agent', () => {
  it.each([
    ['die', { cause: 'crashed', exitCode: 3, detail: 'exit code 3' }],
    ['segv', { cause: 'crashed', exitCode: 139, detail: 'signal SIGSEGV' }],
    ['end', { cause: 'done', exitCode: 0, detail: 'exit code 0' }],
    ['garbage', { cause: 'protocol_error', detail: 'nonsense on the link' }],
  ])('after "%s" is told with its cause', async (task, expected) => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    const report = await ground.execute(pid, task);
    expect(report.outcome).toBe('failed');
    const { body } = await ground.exitOf(pid);
    expect(body).toMatchObject({ ...expected, detail: expect.stringContaining(expected.detail) });
    expect(await isGroupAlive(await ground.osPidOf(pid))).toBe(false);
  });

  it('comes when the link is lost and nobody returns', async () => {
    const ground = await makeGround({ reconnectMs: 100 });
    const pid = await ground.spawn('hang-up');
    void ground.execute(pid, 'hang up');
    const { body } = await ground.exitOf(pid);
    expect(body).toMatchObject({ cause: 'crashed', detail: expect.stringContaining('link lost') });
  });

  it('does not come when it returns with its secret, and its answer is not lost', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('return');
    expect(await ground.execute(pid, 'drop')).toMatchObject({ outcome: 'completed' });
    expect(await ground.execute(pid, 'still here')).toMatchObject({ outcome: 'completed' });
  });

  it('does not come, and a take that waited across the break brings its message once', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('return');
    const { result } = await ground.execute(pid, 'take');
    expect(result.output).toBe('1 and then 0');
    expect(ground.events.filter(({ kind }) => kind === 'queue.acked')).toHaveLength(1);
    expect(ground.events.filter(({ kind }) => kind === 'queue.returned')).toEqual([]);
  });
});

describe('a stray of an agent', () => {
  it('ends with its agent also when that crashed', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('stray');
    const child = Number((await ground.line(pid, /^child/)).split(' ')[1]);
    await ground.execute(pid, 'die');
    await ground.exitOf(pid);
    expect(await isGroupAlive(child)).toBe(false);
  });
});

describe('Runtime.execute()', () => {
  it.each([
    ['hello', { outcome: 'completed', result: { exitCode: 0, output: 'hello' } }],
    ['nothing', { outcome: 'completed', result: { exitCode: 0, output: '' } }],
    ['fail', { outcome: 'failed', error: 'as asked', result: { exitCode: 1 } }],
    ['throw', { outcome: 'failed', error: 'a broken handler' }],
    ['too much', { outcome: 'failed', error: expect.stringContaining('result.output') }],
  ])('reports the end of the task "%s"', async (description, expected) => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    expect(await ground.execute(pid, description)).toMatchObject(expected);
  });

  it('takes the first of two answers, and logs the second', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    expect(await ground.execute(pid, 'twice')).toMatchObject({ outcome: 'completed' });
    const log = await ground.event('log.written', ({ body }) => body.pid === pid);
    expect(log.body.message).toContain('which waits for none');
    expect(await ground.execute(pid, 'on')).toMatchObject({ outcome: 'completed' });
  });

  it('passes an interrupt on', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    const report = ground.execute(pid, 'wait');
    const { body } = await ground.event('task.started');
    await ground.call('interrupt', { pid, task: body.task, reason: 'enough' });
    expect(await report).toMatchObject({ outcome: 'cancelled' });
    expect(await ground.line(pid, /^interrupt/)).toContain('enough');
  });
});

describe('Runtime.deliver()', () => {
  it('keeps the order, also where content must be fetched, and acknowledges all', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    const large = Buffer.alloc(20_000, 'L');
    await Promise.all([ground.send(pid, 'one'), ground.send(pid, large), ground.send(pid, 'two')]);
    await ground.line(pid, /two/);
    const order = ground.observations.flatMap((seen) =>
      seen.type === 'output' && seen.line.startsWith('message') ? [seen.line.slice(8, 11)] : [],
    );
    expect(order).toEqual(['one', 'LLL', 'two']);
    const acked = await ground.event('message.acked', ({ body }) => body.pid === pid);
    expect(acked.body.messages.length).toBeGreaterThan(0);
  });

  it('rejects what the agent cannot take, and goes on', async () => {
    const ground = await makeGround();
    const pid = await ground.spawn('echo');
    await ground.send(pid, 'refuse');
    await ground.send(pid, 'odd');
    await ground.send(pid, 'fine');
    await ground.line(pid, /fine/);
    const isRejected = (n: number) => ground.events.filter((e) => e.kind === 'message.dropped')[n];
    await ground.event('message.dropped', () => isRejected(1) !== undefined);
    await ground.event('message.acked', ({ body }) => body.pid === pid);
  });
});

describe('heartbeat', () => {
  it('reports who does not answer (S6)', async () => {
    const ground = await makeGround({ heartbeatIntervalMs: 20, unresponsiveAfterMs: 60 });
    const pid = await ground.spawn('mute');
    const { body } = await ground.event('process.responsive');
    expect(body).toEqual({ pid, isResponsive: false });
  });
});

describe('a flood of calls', () => {
  it('is served, and others meanwhile', async () => {
    const ground = await makeGround();
    const [loud, quiet] = await Promise.all([ground.spawn('echo'), ground.spawn('echo')]);
    const flood = ground.execute(loud, 'flood');
    expect(await ground.execute(quiet, 'hi')).toMatchObject({ outcome: 'completed' });
    expect(await flood).toMatchObject({ result: { output: '20000' } });
  });
});

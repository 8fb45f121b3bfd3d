import { afterAll, describe, expect, it } from 'vitest';
import { isOsProcessAlive } from '@hivekernel/client';
import { ANYWHERE, ECHO, HiveGround, said } from './hive-ground.ts';

const ground = new HiveGround();
const hive = (...args: string[]) => ground.run(...args);

afterAll(() => ground.end(), 40_000);

interface Item {
  readonly [key: string]: unknown;
}

const items = async (...args: string[]): Promise<Item[]> =>
  (JSON.parse((await hive(...args, '-o', 'json')).stdout) as { items: Item[] }).items;

describe('hive up after kill -9 of the kernel', () => {
  it('finds what was acknowledged; a run in the middle of it ends with 69', async () => {
    ground.file('echo.ts', ECHO);
    await hive('up', '-d', ...ANYWHERE);
    await ground.feed('kept', 'artifact', 'put', 'a', '-');
    await hive('send', '1', 'waits');
    const run = ground.start('run', './echo.ts#Echo', 'hang', '--wait');
    const end = ground.endOf(run);
    await said(run.stderr, /took task/);
    const [echo] = await items('ps', 'echo');
    const journal = await items('journal', '-n', 'all');
    const { kernelPid } = ground;
    if (kernelPid === undefined) throw new Error('no kernel to kill');
    process.kill(kernelPid, 'SIGKILL');
    const { code, stderr } = await end;
    expect(code).toBe(69);
    expect(stderr).toContain('error[E_UNREACHABLE]: the kernel went away in the middle of task t');

    const status = await hive('status');
    expect(status).toMatchObject({ code: 3 });
    expect(await hive('up', '-d', ...ANYWHERE)).toMatchObject({ code: 0 });
    expect(isOsProcessAlive(Number(echo?.['osPid']))).toBe(false);
    expect(await items('ps', String(echo?.['pid']))).toMatchObject([
      { state: 'zombie', exitCause: 'kernel_died', osPid: null },
    ]);
    expect((await hive('artifact', 'get', 'a')).stdout).toBe('kept');
    expect(await items('inbox')).toMatchObject([{ text: 'waits' }]);
    const now = await items('journal', '-n', 'all');
    expect(now.slice(0, journal.length)).toEqual(journal);
  }, 40_000);

  it('is waited for by who watches', async () => {
    const watch = ground.start('queue', 'ls', '-w');
    const [before, after] = [said(watch.stdout, /"one"/), said(watch.stdout, /"two"/)];
    await hive('send', '--queue', 'one', 'x');
    await before;
    const gone = said(watch.stderr, /the kernel is gone/);
    process.kill(ground.kernelPid ?? 0, 'SIGKILL');
    await gone;
    await hive('up', '-d', ...ANYWHERE);
    await hive('send', '--queue', 'two', 'x');
    await after;
    const end = ground.endOf(watch);
    watch.kill('SIGINT');
    await end;
  }, 40_000);
});

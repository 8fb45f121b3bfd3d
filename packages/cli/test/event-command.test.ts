// `hive event` against a real kernel, one that dies by SIGKILL while it is followed included.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRunFile } from '@hivekernel/client';
import { ANYWHERE, ECHO, HiveGround } from './hive-ground.ts';

const ground = new HiveGround();
const hive = (...args: string[]) => ground.run(...args);

interface Line {
  readonly id: string;
  readonly seq: number;
  readonly type: string;
  readonly pid: number;
  readonly name?: string;
}

const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
const events = async (...args: string[]): Promise<Line[]> =>
  linesOf((await hive('event', '-o', 'jsonl', ...args)).stdout);

beforeAll(async () => {
  ground.file('echo.ts', ECHO);
  expect(await hive('up', '-d', ...ANYWHERE)).toMatchObject({ code: 0 });
  expect(await hive('spawn', './echo.ts#Echo', '--name', 'one')).toMatchObject({ code: 0 });
  expect(await hive('sleep', 'one')).toMatchObject({ code: 0 });
  expect(await hive('wake', 'one')).toMatchObject({ code: 0 });
}, 60_000);

afterAll(() => ground.end(), 40_000);

describe('hive event', () => {
  it('prints the very lines of GET /v1/events', async () => {
    const { httpUrl = '' } = (await readRunFile(ground.dataDir)) ?? {};
    const token = readFileSync(join(ground.dataDir, 'operator.token'), 'utf8').trim();
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${httpUrl}/v1/events?format=jsonl&follow=false`, { headers });
    const { stdout, code } = await hive('event', '--from', '0', '-o', 'jsonl');
    expect(code).toBe(0);
    expect(stdout).toBe(await answer.text());
  });

  it('begins at a seq, after an id, at a time, or with the last n', async () => {
    const all = await events('--from', '0');
    const cut = all.findIndex(({ id }) => id.endsWith('.1'));
    expect(cut).toBeGreaterThan(0);
    expect(await events('--from', '3')).toEqual(all.filter(({ seq }) => seq >= 3));
    expect(await events('--after-cursor', all[cut]?.id ?? '')).toEqual(all.slice(cut + 1));
    expect(await events('--since', '10m')).toEqual(all);
    expect(await events('-n', '3')).toEqual(all.slice(-3));
    const ofType = all.filter(({ type }) => type === 'state_changed');
    expect(await events('--type', 'state_changed', '-n', '2')).toEqual(ofType.slice(-2));
  });

  it('prints those of an agent, for people and as documents', async () => {
    const one = (await events('one', '--type', 'spawned'))[0];
    expect(one).toMatchObject({ type: 'spawned', name: 'one' });
    const { stdout } = await hive('event', 'one', '--type', 'spawned');
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d +\d+ {2}spawned +\d+ {2}.*name=one role=agent/);
    const { stdout: json } = await hive('event', '--type', 'spawned', '-o', 'json');
    expect(JSON.parse(json)).toMatchObject({
      kind: 'WireEventList',
      items: [{ name: 'king' }, { name: 'one' }],
      cursor: one?.id,
    });
    expect((await hive('event', '-n', '1', '-q')).stdout).toMatch(/^\d+\n$/);
  });

  it.each([
    [['--from', '3', '--since', '1m'], 'Only one of'],
    [['--after-cursor', '3.x'], 'the id of an event'],
    [['--from', 'soon'], 'a whole number'],
    [['--type', 'No'], 'is no type'],
    [['--after-cursor', '99999'], 'There is no event 99999 yet'],
  ])('refuses %j', async (args, why) => {
    const { code, stdout, stderr } = await hive('event', ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(why);
  });

  it('follows over a kernel that was killed, each event once, in order', async () => {
    const child = ground.start('event', '-f', '--from', '0', '-o', 'jsonl');
    const ended = new Promise((resolve) => child.once('close', resolve));
    const seen: Line[] = [];
    const begun = Promise.withResolvers<undefined>();
    const told = Promise.withResolvers<undefined>();
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      seen.push(line);
      begun.resolve(undefined);
      if (line.name === 'two') told.resolve(undefined);
    });
    await begun.promise;
    process.kill(ground.kernelPid ?? 0, 'SIGKILL');
    expect(await hive('up', '-d', ...ANYWHERE)).toMatchObject({ code: 0 });
    expect(await hive('spawn', './echo.ts#Echo', '--name', 'two')).toMatchObject({ code: 0 });
    await told.promise;
    child.kill('SIGINT');
    await ended;
    expect(seen).toEqual((await events('--from', '0')).slice(0, seen.length));
    expect(seen.at(-1)?.seq).toBeGreaterThan(10);
  }, 60_000);
});

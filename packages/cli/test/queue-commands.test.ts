import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Writable } from 'node:stream';
import { connect } from '@hivekernel/client';
import { brokenPipe, CliGround } from './cli-ground.ts';

let ground: CliGround;
const hive = (...args: string[]) => ground.run(...args);
type Items = Record<string, unknown>[];
const items = async (...args: string[]): Promise<Items> =>
  (JSON.parse((await hive(...args, '-o', 'json')).stdout) as { items: Items }).items;
const texts = async (...args: string[]) => (await items(...args)).map(({ text }) => text);

beforeAll(async () => {
  ground = await CliGround.make();
});

afterAll(() => ground.end());

async function spawnEve(): Promise<number> {
  await using client = await connect({ dataDir: ground.dataDir });
  return await client.spawn({ name: 'eve', role: 'agent', tier: 'tactical', user: 'eve' });
}

describe('hive queue (M1, M6)', () => {
  it('sends, looks, takes, rejects, requeues, drops', async () => {
    expect((await hive('send', '--queue', 'jobs', 'one', '--ack')).stdout).toMatch(/^m\d+\n$/);
    await ground.feed('two €', 'send', '--queue', 'jobs', '-', '--type', 'task.b');
    expect(await items('queue', 'ls', 'jo')).toMatchObject([
      { user: 'root', name: 'jobs', waiting: 2, deadLetters: 0, oldestAt: expect.any(String) },
    ]);
    expect((await hive('queue', 'ls')).stdout).toMatch(/^NAME {2}USER .*\njobs {2}root +2 /);
    expect(await texts('queue', 'peek', 'jobs')).toEqual(['one', 'two €']);
    const taken = await hive('queue', 'take', 'jobs', '--type', 'task.*');
    expect(JSON.parse(taken.stdout)).toMatchObject({ text: 'two €', queue: 'jobs', tries: 0 });

    expect(await hive('queue', 'take', 'jobs', '--reject')).toMatchObject({ code: 0 });
    const [dead] = await items('queue', 'dead', 'jobs');
    expect(dead).toMatchObject({ why: 'rejected', text: 'one' });
    const id = String(dead?.['id']);
    expect((await hive('msg', 'show', id, '--queue', 'jobs')).stdout).toContain('why       reje');
    const back = await hive('msg', 'requeue', id, '--queue', 'jobs');
    expect(back.stdout).toMatch(new RegExp(`^${id} -> m\\d+\n$`));
    expect((await hive('queue', 'peek', 'jobs')).stdout).toMatch(/ waits .* one\n$/);
    await hive('queue', 'take', 'jobs', '--reject');
    const [again] = await items('queue', 'dead', 'jobs');
    const gone = await hive('msg', 'drop', String(again?.['id']), '--queue', 'jobs');
    expect(gone).toMatchObject({ code: 0 });
    expect((await hive('queue', 'ls')).stderr).toContain('There is no queue.');
  });

  it('waits for a message, and ends with 3 or 7 where none comes', async () => {
    const empty = await hive('queue', 'take', 'later');
    expect(empty).toMatchObject({ code: 3, stdout: '' });
    expect(empty.stderr).toContain('hive queue take later --wait 30s');
    expect(await hive('queue', 'take', 'later', '--wait', '20ms')).toMatchObject({ code: 7 });
    const waiting = hive('queue', 'take', 'later', '--wait', '20s', '-o', 'csv', '-n', '2');
    await hive('send', '--queue', 'later', 'a,b');
    await hive('send', '--queue', 'later', 'c');
    const { stdout, code } = await waiting;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^id,.*\r\n.*,0,"a,b",\r\n.*,0,c,\r\n$/);
  });

  it('loses nothing when nobody reads it any more (M9)', async () => {
    for (const text of ['1', '2', '3']) await hive('send', '--queue', 'pipe', text);
    const pipe = brokenPipe(1);
    const argv = ['queue', 'take', 'pipe', '-n', 'all'];
    expect(await ground.runInto(pipe, { argv })).toEqual({ stderr: '', code: 0 });
    expect(pipe.text).toContain('"text":"1"');
    expect(await texts('queue', 'peek', 'pipe')).toEqual(['2', '3']);
    const document = brokenPipe(1);
    await ground.runInto(document, { argv: [...argv, '-o', 'yaml'] });
    expect(await texts('queue', 'take', 'pipe', '-n', 'all')).toEqual(['3']);
  });

  it('acts for the user of whom --as names (A1)', async () => {
    const eve = String(await spawnEve());
    expect(await hive('send', '--queue', 'hers', 'x', '--as', 'eve')).toMatchObject({ code: 0 });
    const mine = await hive('queue', 'take', 'hers');
    expect(mine).toMatchObject({ code: 3 });
    expect(mine.stderr).toContain('eve has a queue of that name: --as an agent of that user');
    expect((await hive('queue', 'ls', 'hers', '-o', 'csv')).stdout).toContain('\r\neve,hers,1,');
    expect(await texts('queue', 'take', 'hers', '--as', eve)).toEqual(['x']);
  });

  it('tells a payload that is no text as base64', async () => {
    await using client = await connect({ dataDir: ground.dataDir });
    await client.send({ queue: 'raw', payload: Uint8Array.of(0xff, 1) });
    expect(await items('queue', 'take', 'raw')).toMatchObject([{ payloadBase64: '/wE=' }]);
  });

  it.each([
    { args: ['queue', 'take', ''], code: 2, says: 'The name of a queue is empty.' },
    { args: ['queue', 'take', 'dead:1'], code: 2, says: '"dead:" names dead letters' },
    { args: ['queue', 'take', 'q', '-n', '0'], code: 2, says: '-n wants a number from 1, or all.' },
    { args: ['queue', 'take', 'q', '--wait', '1s', '-f'], code: 2, says: '--follow waits without' },
    { args: ['queue', 'take', 'q', '--as', 'nobody'], code: 3, says: 'No agent matches "nobody".' },
    { args: ['send', '--queue', 'q'], code: 2, says: "missing required argument 'selector'." },
    { args: ['send', 'q'], code: 2, says: "missing required argument 'text'." },
    { args: ['send', '--queue', 'q', 'a', 'b'], code: 2, says: '--queue takes the place of' },
    { args: ['send', '--queue', 'q', 'a', '--all'], code: 2, says: '--all is for agents' },
    { args: ['msg', 'drop', 'm1', '--queue', 'q', '--of', '1'], code: 2, says: 'are two places' },
    { args: ['send', 'q', 'a', '--key', ''], code: 2, says: '--key is empty' },
    { args: ['send', 'q', 'a', '--ttl', '0s'], code: 2, says: '--ttl wants a time above 0' },
    { args: ['send', '--queue', 'q', '--queue', 'r', 'a'], code: 2, says: 'names one queue' },
    { args: ['msg', 'drop', 'm999'], code: 3, says: 'hive queue dead NAME' },
    { args: ['msg', 'requeue', 'm999'], code: 3, says: '--queue says which' },
    { args: ['msg', 'drop', 'm1', '--as', '1'], code: 2, says: '--as goes with --queue' },
    { args: ['msg', 'requeue', 'm1', '--queue', 'q'], code: 3, says: 'has no message m1 among' },
    { args: ['msg', 'show', 'm1', '--queue', 'q'], code: 3, says: 'm1 lies in no queue q.' },
  ])('answers $args with $code', async ({ args, code, says }) => {
    const end = await hive(...args);
    expect(end).toMatchObject({ code, stdout: '' });
    expect(end.stderr).toContain(says);
  });
});

describe('hive topic (M10)', () => {
  it('publishes, lists the last values, prints them and what comes', async () => {
    const { stdout } = await hive('topic', 'pub', 'air/north', '12 C', '--type', 'reading');
    expect(stdout).toMatch(/^m\d+\n$/);
    await ground.feed('15 C', 'topic', 'pub', 'air/south', '-');
    expect(await items('topic', 'ls', 'air/*')).toMatchObject([
      { topic: 'air/north', user: 'root', publications: 1, lastType: 'reading', lastText: '12 C' },
      { topic: 'air/south', lastText: '15 C' },
    ]);
    const kept = await hive('topic', 'sub', 'air/*', '-n', '2', '-o', 'table');
    expect(kept.stdout).toMatch(/^\d\d:\d\d:\d\d {2}air\/north \(kept\) +reading .* 12 C\n/);
    const live = hive('topic', 'sub', 'air/*', '--no-retained', '-n', '1');
    await expect
      .poll(async () => (await items('topic', 'ls', 'air/north'))[0])
      .toMatchObject({ subscribers: 1 });
    const told = await hive('topic', 'pub', 'air/west', '9 C', '--transient');
    expect(told.stderr).toBe('to 1 subscriber\n');
    expect(JSON.parse((await live).stdout)).toMatchObject({
      topic: 'air/west',
      text: '9 C',
      retained: false,
      missed: 0,
    });
    expect(await items('topic', 'ls', 'air/west')).toEqual([]);
    expect(await hive('topic', 'clear', 'air/north')).toMatchObject({ stdout: 'air/north\n' });
    expect(await hive('topic', 'clear', 'air/north')).toMatchObject({ code: 3 });
  });

  it('goes on at its cursor, past what was printed only', async () => {
    const sub = (...more: string[]) => ['topic', 'sub', 'log', '--durable', 'tail', ...more];
    const pipe = brokenPipe(0);
    const first = ground.runInto(pipe, { argv: sub() });
    await expect
      .poll(async () => items('topic', 'ls', '--cursors'))
      .toMatchObject([{ name: 'tail', pattern: 'log', ownerPid: 1, live: true }]);
    await hive('topic', 'pub', 'log', '1');
    expect(await first).toEqual({ stderr: '', code: 0 });
    await hive('topic', 'pub', 'log', '2');
    expect(await items('topic', 'ls', '--cursors')).toMatchObject([{ waiting: 2, live: false }]);
    expect(await texts(...sub('-n', '2'))).toEqual(['1', '2']);
    expect(await hive('topic', 'forget', 'tail')).toMatchObject({ stdout: 'tail\n' });
    expect((await hive('topic', 'ls', '--cursors')).stderr).toContain('There is no cursor.');
  });

  it('says on stderr what it missed', async () => {
    const slow = new Slow();
    const run = ground.runInto(slow, { argv: ['topic', 'sub', 'flood', '-n', '2'] });
    await using client = await connect({ dataDir: ground.dataDir });
    const first = () => client.publish('flood', { payload: 'first', isTransient: true });
    await expect.poll(async () => (await first()).subscribers).toBe(1);
    const rest = Array.from({ length: 400 }, (_, at) => `${at}`);
    await Promise.all(rest.map((payload) => client.publish('flood', { payload })));
    slow.release();
    const { stderr, code } = await run;
    expect({ stderr, code }).toEqual({ stderr: 'missed 144 publications\n', code: 0 });
  });

  it.each([
    { args: ['topic', 'pub', 'a*', 'x'], code: 2, says: 'holds a "*", which only patterns have' },
    { args: ['topic', 'pub', '', 'x'], code: 2, says: 'This is no topic: it is empty' },
    { args: ['topic', 'pub', 'x'], code: 2, says: "missing required argument 'payload'." },
    { args: ['topic', 'sub', ''], code: 2, says: 'The name of a topic is empty.' },
    { args: ['topic', 'sub', 'x', '-n', '0'], code: 2, says: '-n wants a number from 1.' },
    { args: ['topic', 'sub', 'x', '--durable', ''], code: 2, says: '--durable wants the name' },
    { args: ['topic', 'forget', 'none'], code: 3, says: 'no durable subscription "none"' },
  ])('answers $args with $code', async ({ args, code, says }) => {
    const end = await hive(...args);
    expect(end).toMatchObject({ code, stdout: '' });
    expect(end.stderr).toContain(says);
  });
});

/** Takes nothing until it is let go. */
class Slow extends Writable {
  #done: (() => void) | undefined;
  #isFree = false;

  release(): void {
    this.#isFree = true;
    this.#done?.();
  }

  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.#isFree) done();
    else this.#done = done;
  }
}

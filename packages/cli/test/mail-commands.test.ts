import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANYWHERE, HiveGround, said } from './hive-ground.ts';

// Messages between a person and real agents: sent, answered, refused, kept, taken.

const AGENTS = `
import { defineAgent } from '@hivekernel/sdk';

export const Desk = defineAgent({
  async onMessage(message, ctx) {
    if (message.type === 'ack') return undefined;
    if (message.text() === 'no') return 'rejected';
    if (message.text() === 'ask') {
      await ctx.send('/king', 'may I?', { type: 'question' });
      return undefined;
    }
    if (message.type === 'reply') return void ctx.log.info('told ' + message.text());
    await message.reply('re: ' + message.text() + ' from ' + message.fromAddress);
  },
});

export const Reader = defineAgent({
  receives: true,
  async onTask(task, ctx) {
    const message = await ctx.receive({ timeoutMs: 20_000 });
    const reply = await ctx.request('/desk', message.text(), { timeoutMs: 20_000 });
    return reply.text();
  },
});
`;

const ground = new HiveGround();
const hive = (...args: string[]) => ground.run(...args);
const items = async (...args: string[]): Promise<Record<string, unknown>[]> =>
  (JSON.parse((await hive(...args, '-o', 'json')).stdout) as { items: Record<string, unknown>[] })
    .items;

/** Once something is listed. */
async function first(...args: string[]): Promise<Record<string, unknown>> {
  await expect.poll(() => items(...args), { timeout: 15_000 }).not.toEqual([]);
  return (await items(...args))[0] as Record<string, unknown>;
}

beforeAll(async () => {
  ground.file('agents.ts', AGENTS);
  expect(await hive('up', '-d', ...ANYWHERE)).toMatchObject({ code: 0 });
  for (const name of ['Desk', 'Reader']) {
    const spawned = await hive('spawn', `./agents.ts#${name}`, '--name', name.toLowerCase());
    expect(spawned.stderr).toContain('is ready');
  }
}, 40_000);

afterAll(() => ground.end(), 40_000);

describe('hive send --wait-reply (M9)', () => {
  it('prints the reply and leaves nothing in the inbox', async () => {
    const asked = await ground.runProcess('send', '/desk', 'hello', '--wait-reply');
    expect(asked).toMatchObject({ code: 0, stdout: 're: hello from /king\n' });
    expect(await items('inbox')).toEqual([]);
  });

  it('says that it was rejected, or that nobody answered in time', async () => {
    const refused = await hive('send', 'desk', 'no', '--wait-reply');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('error[E_REJECTED]');
    const late = await hive('send', 'reader', 'x', '--wait-reply', '200ms');
    expect(late).toMatchObject({ code: 7, stdout: '' });
    expect(late.stderr).toContain('error[E_TIMED_OUT]');
    expect(await hive('send', 'desk', 'x', '--wait-reply', 'soon')).toMatchObject({ code: 2 });
  });

  it('reaches an agent that receives and asks another (M11)', async () => {
    await hive('send', 'reader', 'from afar');
    const run = await hive('run', 'reader', 'go', '--wait');
    expect(run.stdout).toMatch(/re: (x|from afar) from \/king\/reader/);
  });
});

describe('hive send --key (M5)', () => {
  it('gives the same id again, and refuses another message', async () => {
    const send = (text: string) => hive('send', 'desk', text, '--key', 'k1');
    const { stdout } = await send('once');
    expect(stdout).toMatch(/^m\d+\n$/);
    expect(await send('once')).toMatchObject({ code: 0, stdout });
    const other = await send('twice');
    expect(other).toMatchObject({ code: 5, stdout: '' });
    expect(other.stderr).toContain('E_CONFLICT');
  });
});

describe('hive reply, hive msg ack', () => {
  it('answer what waits for the operator, and take it out of the inbox', async () => {
    await hive('msg', 'ack', ...(await items('inbox')).map(({ id }) => String(id)), 'm1');
    await hive('send', 'desk', 'ask');
    await expect
      .poll(async () => (await items('inbox')).map(({ type }) => type), { timeout: 15_000 })
      .toContain('question');
    const question = (await items('inbox')).find(({ type }) => type === 'question');
    const id = String(question?.['id']);
    expect((await hive('msg', 'show', id)).stdout).toMatch(/from +\/king\/desk \(pid \d+, child\)/);
    expect(await hive('reply', id.replace('m', '#'), 'you may')).toMatchObject({ code: 0 });
    expect(await hive('reply', id, 'again')).toMatchObject({ code: 3, stdout: '' });
    await expect
      .poll(async () => (await hive('journal', 'desk', '-n', '20')).stdout, { timeout: 15_000 })
      .toContain('told you may');
  });

  it('refuse what is no id, what is not there, and the mail of who has a runtime', async () => {
    expect(await hive('reply', 'x', 'y')).toMatchObject({ code: 2 });
    expect(await hive('msg', 'show', 'm999999')).toMatchObject({ code: 3 });
    expect(await hive('msg', 'ack', 'm999999')).toMatchObject({ code: 3 });
    const unread = (await hive('send', 'reader', 'unread')).stdout.trim();
    expect(await hive('reply', unread, 'y', '--of', 'reader')).toMatchObject({ code: 5 });
    expect(await hive('msg', 'ack', 'm1', '--of', 'nobody')).toMatchObject({ code: 3 });
    const last = (await hive('send', '/king', 'to myself')).stdout.trim();
    const some = await hive('msg', 'ack', 'm999999', last);
    expect(some).toMatchObject({ stdout: `${last}\n`, code: 8 });
    expect(some.stderr).toMatch(/^error\[E_\w+\]: m999999: /);
  });
});

describe('hive msg dead, requeue, drop (M6)', () => {
  it('lists what was rejected, gives it again, and drops it', async () => {
    await hive('send', 'desk', 'no', '--ack');
    const letter = await first('msg', 'dead', 'desk');
    expect(letter).toMatchObject({ why: 'rejected', text: 'no', address: '/king/desk' });
    const was = String(letter['id']);
    const again = await hive('msg', 'requeue', was);
    expect(again.stdout).toMatch(new RegExp(`^${was} -> m\\d+\n$`));
    const back = await first('msg', 'dead', 'desk');
    expect(back['id']).not.toBe(was);
    expect((await hive('msg', 'show', String(back['id']), '--of', 'desk')).stdout).toContain(
      'why       rejected',
    );
    expect(await hive('msg', 'drop', String(back['id']))).toMatchObject({ code: 0 });
    expect((await hive('msg', 'dead')).stderr).toContain('There is no dead letter.');
    expect(await hive('msg', 'requeue', was)).toMatchObject({ code: 3 });
  });
});

describe('hive queue take --follow', () => {
  it('takes what another terminal sends, and ends at Ctrl-C', async () => {
    const child = ground.start('queue', 'take', 'jobs', '--follow');
    const end = ground.endOf(child);
    const came = said(child.stdout, /"text":"hello"/);
    await hive('send', '--queue', 'jobs', 'hello');
    await came;
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 130, stderr: '' });
    expect((await hive('queue', 'ls')).stderr).toContain('There is no queue.');
  });

  it('leaves in the queue what nobody reads any more (M9)', async () => {
    const child = ground.start('queue', 'take', 'pipe', '--follow');
    const closed = once(child, 'close');
    const came = said(child.stdout, /"text":"first"/);
    await hive('send', '--queue', 'pipe', 'first');
    await came;
    child.stdout.destroy();
    await hive('send', '--queue', 'pipe', 'second');
    expect(await closed).toEqual([0, null]);
    expect(await items('queue', 'peek', 'pipe')).toMatchObject([{ text: 'second' }]);
  });
});

describe('what waits for more', () => {
  it.each([
    { args: ['queue', 'take', 'lone', '--follow'], stir: ['send', '--queue', 'lone', 'x'] },
    {
      args: ['queue', 'take', 'lone', '-f', '-o', 'table'],
      stir: ['send', '--queue', 'lone', 'x'],
    },
    { args: ['topic', 'sub', 'lone'], stir: ['topic', 'pub', 'lone', 'x'] },
    { args: ['event', '-f', '-n', '1'], stir: ['topic', 'pub', 'lone', 'x'] },
  ])('ends when the reader of its pipe has gone: $args', async ({ args, stir }) => {
    const child = ground.startForOneLine(...args);
    await hive(...stir);
    expect(await ground.endOf(child)).toMatchObject({ code: 0, stderr: '' });
  });

  it('ends when the reader of its socket has gone', async () => {
    const child = ground.start('topic', 'sub', 'lone');
    const closed = once(child, 'close');
    await hive('topic', 'pub', 'lone', 'x');
    await said(child.stdout, /"topic":"lone"/);
    child.stdout.destroy();
    expect(await closed).toEqual([0, null]);
  }, 15_000);
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HiveClient, TakenMessage } from '@hivekernel/client';
import { DaemonGround } from './daemon-ground.ts';

let ground: DaemonGround;
let client: HiveClient;

beforeAll(async () => {
  ground = await DaemonGround.make();
  await ground.start();
  client = await ground.connect();
});

afterAll(() => ground.end());

const text = ({ payload }: { payload: Uint8Array }): string => Buffer.from(payload).toString();
const send = (queue: string, payload: string, more = {}) =>
  client.send({ queue, payload, ...more });
const waiting = async (queue: string): Promise<string[]> =>
  (await client.inbox({ queue })).messages.map(text);

/** What waits by now, each accepted by going on. */
async function drain(queue: string): Promise<string[]> {
  const all: string[] = [];
  for await (const message of client.takeFrom(queue, { waitMs: 0 })) all.push(text(message));
  return all;
}

/** The first, still in hand: the loop stands still until it is left. */
async function firstOf(loop: AsyncGenerator<TakenMessage, void>): Promise<TakenMessage> {
  const { value } = await loop.next();
  if (value === undefined) throw new Error('nothing came');
  return value;
}

describe('HiveClient.takeFrom() (M1, M9)', () => {
  it('takes in order, and accepts a message by going on', async () => {
    await send('a', 'one');
    await send('a', 'two', { priority: 'high', type: 'task.b' });
    expect(await client.queues('a')).toMatchObject([{ name: 'a', user: 'root', waiting: 2 }]);
    expect(await waiting('a')).toEqual(['two', 'one']);
    expect(await drain('a')).toEqual(['two', 'one']);
    expect(await client.queues('a')).toEqual([]);
  });

  it('gives back what is in hand when it is left in the middle, ahead ones too', async () => {
    for (const one of ['1', '2', '3']) await send('b', one);
    for await (const message of client.takeFrom('b', { ahead: 3 })) {
      expect(await client.queues('b')).toMatchObject([{ waiting: 0, inHand: 3, consumers: 1 }]);
      if (text(message) === '2') break;
    }
    expect(await waiting('b')).toEqual(['2', '3']);
    await expect(
      (async () => {
        for await (const _ of client.takeFrom('b')) throw new Error('mine');
      })(),
    ).rejects.toThrow('mine');
    for await (const message of client.takeFrom('b')) {
      await message.accept();
      await expect(message.reject()).rejects.toMatchObject({ code: 'wrong_state' });
      break;
    }
    expect(await drain('b')).toEqual(['3']);
  });

  it('rejects into the dead letters, from where one comes back or goes (M6)', async () => {
    await send('c', 'x', { requiresAck: true });
    for await (const message of client.takeFrom('c', { waitMs: 0 })) await message.reject('no');
    const { dead } = await client.inbox({ queue: 'c' });
    expect(dead).toMatchObject([{ why: 'rejected', queue: 'c' }]);
    const again = await client.requeue({ queue: 'c', message: dead[0]?.id ?? '' });
    for await (const message of client.takeFrom('c', { waitMs: 0 })) {
      expect(message.id).toBe(again);
      await message.reject();
    }
    await client.dropLetter({ queue: 'c', message: again });
    expect((await client.inbox({ queue: 'c' })).deadTotal).toBe(0);
  });

  it('ends silently at an abort, and after the wait', async () => {
    const abort = new AbortController();
    const loop = client.takeFrom('d', { signal: abort.signal });
    const next = loop.next();
    await expect.poll(() => client.queues('d')).toMatchObject([{ consumers: 1 }]);
    abort.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await client.queues('d')).toEqual([]);
    expect(await drain('d')).toEqual([]);
  });

  it('throws unavailable with its connection, and the kernel gives back (M9)', async () => {
    await send('e', 'kept');
    const other = await ground.connect();
    const loop = other.takeFrom('e');
    await firstOf(loop);
    other.close();
    await expect(loop.next()).rejects.toMatchObject({ code: expect.any(String) });
    await expect.poll(() => client.queues('e')).toMatchObject([{ waiting: 1, inHand: 0 }]);
    for await (const { tries } of client.takeFrom('e', { waitMs: 0 })) expect(tries).toBe(1);
  });

  it('takes only a type, in the name of another, of the queue of its user (A1)', async () => {
    const eve = await client.spawn({
      name: 'eve',
      role: 'agent',
      tier: 'tactical',
      user: 'eve',
    });
    await client.send({ queue: 'f', payload: 'hers', type: 'task.x' }, { as: eve });
    await client.send({ queue: 'f', payload: 'other' }, { as: eve });
    await send('f', 'mine');
    const order = { as: eve, type: 'task.*', waitMs: 0 };
    for await (const message of client.takeFrom('f', order)) expect(text(message)).toBe('hers');
    expect((await client.queues('f')).map(({ user }) => user).toSorted()).toEqual(['eve', 'root']);
    expect(await drain('f')).toEqual(['mine']);
  });

  it('refuses an empty name, which would mean an inbox', async () => {
    const refused = { code: 'invalid_argument' };
    await expect(drain('')).rejects.toMatchObject(refused);
    await expect(send('', 'x')).rejects.toMatchObject(refused);
    await expect(client.inbox({ queue: '' })).rejects.toMatchObject(refused);
    await expect(client.requeue({ queue: '', message: 'm1' })).rejects.toMatchObject(refused);
  });
});

describe('HiveClient.watchTopic() (M10)', () => {
  const seen = async (pattern: string, count: number, order = {}): Promise<string[]> => {
    const all: string[] = [];
    for await (const one of client.watchTopic(pattern, order)) {
      all.push(`${one.topic} ${text(one)}${one.isRetained ? ' kept' : ''}`);
      if (all.length < count) continue;
      await one.accept();
      break;
    }
    return all;
  };
  const publish = (topic: string, payload: string, more = {}) =>
    client.publish(topic, { payload, ...more });

  it('gives the last values that match, then what comes', async () => {
    await publish('w/a', '1');
    await publish('w/a', '2');
    await publish('x', '3');
    const watched = seen('w/*', 2);
    const live = seen('w/*', 1, { retained: false, type: 'alarm' });
    await expect
      .poll(async () => (await client.topics('w/a')).topics)
      .toMatchObject([{ topic: 'w/a', user: 'root', publications: 2, subscribers: 2 }]);
    expect(await publish('w/b', 'fire', { type: 'alarm', isTransient: true })).toEqual({
      message: expect.stringMatching(/^m\d+$/),
      subscribers: 2,
    });
    expect(await watched).toEqual(['w/a 2 kept', 'w/b fire']);
    expect(await live).toEqual(['w/b fire']);
    await client.clearTopic('w/a');
    expect((await client.topics('w/*')).topics).toEqual([]);
  });

  it('goes on at its cursor, past what was accepted', async () => {
    expect(await seen('x', 1, { durable: 'c' })).toEqual(['x 3 kept']);
    for (const payload of ['4', '5', '6']) await publish('x', payload);
    for await (const one of client.watchTopic('x', { durable: 'c' })) if (text(one) === '5') break;
    const { cursors } = await client.topics('x');
    expect(cursors).toMatchObject([{ name: 'c', ownerPid: 1, waiting: 2, isLive: false }]);
    expect(await seen('x', 2, { durable: 'c' })).toEqual(['x 5', 'x 6']);
    await client.forgetCursor('c');
    await expect(client.forgetCursor('c')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses an empty pattern, which would mean an inbox', async () => {
    await expect(seen('', 1)).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

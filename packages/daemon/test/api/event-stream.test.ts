import { once } from 'node:events';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { core } from '@hivekernel/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcDoor } from '../../src/api/grpc/grpc-door.ts';
import { DoorGround, TOKEN } from './door-ground.ts';
import { GrpcClient } from './grpc-client.ts';

type Stream = ClientReadableStream<core.ProcessEvent>;

let ground: DoorGround;
let api: GrpcClient;
let ending: AbortController;

beforeEach(async () => {
  ground = await DoorGround.open();
  ending = new AbortController();
  const { host, feed } = ground;
  const path = join(ground.dir, 'core.sock');
  const door = createGrpcDoor({
    host,
    feed,
    listen: [{ kind: 'unix', path }],
    operatorToken: TOKEN,
    trustPidHeader: false,
    bootId: 'boot',
    termGraceMs: 5_000,
  });
  await door.start();
  api = new GrpcClient(`unix://${path}`);
  ground.onClose(() => door.stop());
  ground.onClose(() => Promise.resolve(api.close()));
});
afterEach(async () => {
  ending.abort();
  await ground.close();
});

function subscribe(sinceSeq: number): Stream {
  const stream = api.events(sinceSeq, { signal: ending.signal });
  // The end of the test cancels it.
  stream.on('error', () => undefined);
  return stream;
}

/** The next `n`, then no more are read. */
async function read(stream: Stream, n: number): Promise<core.ProcessEvent[]> {
  const events: core.ProcessEvent[] = [];
  return new Promise((resolve) => {
    const onData = (event: core.ProcessEvent): void => {
      events.push(event);
      if (events.length < n) return;
      stream.off('data', onData);
      stream.pause();
      resolve(events);
    };
    stream.on('data', onData);
    stream.resume();
  });
}

describe('SubscribeEvents', () => {
  it('replays what is kept after a seq, then goes on live, without a gap or a double', async () => {
    await ground.log(10);
    const since = ground.host.durableSeq - 4;
    const stream = subscribe(since);
    const seen = await read(stream, 4);
    await ground.log(10);
    seen.push(...(await read(stream, 10)));
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => since + 1 + i));
    expect(seen.at(-1)).toMatchObject({ type: 'log', pid: 1, name: 'king', level: 'info' });
  });

  it('replays everything that is kept with 0', async () => {
    const pid = await ground.spawn({ name: 'w' });
    const [first, ...rest] = await read(subscribe(0), ground.host.durableSeq);
    expect(first?.seq).toBe(1);
    expect(rest).toContainEqual(expect.objectContaining({ type: 'spawned', pid, ppid: 1 }));
  });

  it('tells each event as a message of its own, however many are written at once', async () => {
    await ground.log(3_000);
    const seen = await read(subscribe(0), ground.host.durableSeq);
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => i + 1));
  });

  it('holds the kernel to the pace of a slow client, and loses nothing', async () => {
    const stream = subscribe(0);
    const seen = await read(stream, 1);
    const message = 'x'.repeat(20_000);
    for (let i = 0; i < 200; i += 1) {
      await ground.call('log', { level: 'info', message, fields: {} });
    }
    await ground.host.settled();
    seen.push(...(await read(stream, ground.host.durableSeq - 1)));
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => i + 1));
  });

  it('serves many clients, and one that leaves disturbs no other', async () => {
    const staying = subscribe(0);
    const leaving = api.events(0);
    leaving.on('error', () => undefined);
    await Promise.all([read(staying, 1), read(leaving, 1)]);
    leaving.cancel();
    await ground.log(5);
    const rest = await read(staying, ground.host.durableSeq - 1);
    expect(rest.at(-1)?.seq).toBe(ground.host.durableSeq);
  });

  it('goes on after an id between two events of one seq', async () => {
    const cut = `${await ground.twoParts()}.1`;
    const ids = (await read(subscribe(0), ground.host.durableSeq + 1)).map(({ id }) => id);
    const rest = ids.slice(ids.indexOf(cut) + 1);
    const request = { afterId: cut, sinceSeq: 1 };
    const stream = api.events(request, { signal: ending.signal });
    stream.on('error', () => undefined);
    expect((await read(stream, rest.length)).map(({ id }) => id)).toEqual(rest);
  });

  it('tells only the types and the branch that are asked for', async () => {
    const lead = await ground.spawn({ name: 'lead', role: 'lead' });
    const worker = await ground.spawn({ name: 'w' }, lead);
    await ground.log(1, worker);
    await ground.log(1);
    const request = { pid: lead, subtree: true, types: ['spawned', 'lo*'] };
    const stream = api.events(request, { signal: ending.signal });
    stream.on('error', () => undefined);
    const told = (await read(stream, 3)).map(({ type, pid }) => [type, pid]);
    expect(told).toEqual([
      ['spawned', lead],
      ['spawned', worker],
      ['log', worker],
    ]);
  });

  it.each([
    ['an id that is none', { afterId: '7.x' }],
    ['a type that is none', { types: ['No Type'] }],
  ])('refuses %s', async (_, request) => {
    const stream = api.events(request);
    stream.resume();
    const [error] = (await once(stream, 'error')) as [ServiceError];
    expect(error.code).toBe(status.INVALID_ARGUMENT);
  });

  it('answers OUT_OF_RANGE for what is no longer kept, naming the first that is', async () => {
    const firstSeq = await ground.dropOldEvents();
    const stream = api.events(3);
    stream.resume();
    const [error] = (await once(stream, 'error')) as [ServiceError];
    expect(error.code).toBe(status.OUT_OF_RANGE);
    expect(error.details).toContain(`the oldest is ${firstSeq}`);
    expect((await read(subscribe(0), 1))[0]?.seq).toBe(firstSeq);
  });

  it('refuses a seq that is not there yet', async () => {
    const stream = api.events(1_000_000);
    stream.resume();
    const [error] = (await once(stream, 'error')) as [ServiceError];
    expect(error.code).toBe(status.INVALID_ARGUMENT);
  });
});

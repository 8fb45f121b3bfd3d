import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { Pid } from '@hivekernel/kernel';
import type { agent, core } from '@hivekernel/protocol';
import { textContent } from '@hivekernel/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcDoor } from '../../src/api/grpc/grpc-door.ts';
import type { GrpcDoor } from '../../src/api/grpc/grpc-door.ts';
import { DoorGround, KING, TOKEN } from './door-ground.ts';
import { GrpcClient } from './grpc-client.ts';
import type { Headers } from './grpc-client.ts';

const ONE_TAKE = 8;

type Stream = ClientReadableStream<agent.AgentMessage>;

let ground: DoorGround;
let door: GrpcDoor;
let api: GrpcClient;

const pathOf = (): string => join(ground.dir, 'core.sock');

async function open(trustPidHeader = false): Promise<void> {
  const { host, feed } = ground;
  door = createGrpcDoor({
    host,
    feed,
    listen: [
      { kind: 'unix', path: pathOf() },
      { kind: 'tcp', hosts: ['127.0.0.1'], port: 0 },
    ],
    operatorToken: TOKEN,
    trustPidHeader,
    bootId: 'boot',
    termGraceMs: 5_000,
  });
  await door.start();
  ground.onClose(() => door.stop());
  api = client(`unix://${pathOf()}`);
}

function client(address: string): GrpcClient {
  const made = new GrpcClient(address);
  ground.onClose(() => Promise.resolve(made.close()));
  return made;
}

beforeEach(async () => {
  ground = await DoorGround.open();
  await open();
});
afterEach(() => ground.close());

/** Resolves when the kernel has subscribed it. */
async function subscribe(
  request: Partial<core.SubscribeRequest>,
  headers: Headers & { readonly deadlineMs?: number } = {},
  by: GrpcClient = api,
): Promise<Stream> {
  const stream = by.messages(request, headers);
  // Every end but a status of OK is told so.
  stream.on('error', () => undefined);
  await once(stream, 'metadata');
  return stream;
}

const endOf = async (stream: Stream): Promise<ServiceError> => {
  stream.resume();
  return ((await once(stream, 'error')) as [ServiceError])[0];
};

/** The next `n`, then no more are read. */
function read(stream: Stream, n: number): Promise<agent.AgentMessage[]> {
  const messages: agent.AgentMessage[] = [];
  return new Promise((resolve) => {
    const onData = (message: agent.AgentMessage): void => {
      messages.push(message);
      if (messages.length < n) return;
      stream.off('data', onData);
      stream.pause();
      resolve(messages);
    };
    stream.on('data', onData);
    stream.resume();
  });
}

const textOf = ({ payload }: agent.AgentMessage): string => Buffer.from(payload).toString('utf8');
const texts = async (stream: Stream, n: number): Promise<string[]> =>
  (await read(stream, n)).map(textOf);

interface Sent {
  readonly to?: Pid;
  readonly queue?: string;
  readonly type?: string;
  readonly priority?: 0 | 1 | 2 | 3;
  readonly requiresAck?: boolean;
}

/** One message a text. */
async function send(sent: Sent, ...all: string[]): Promise<void> {
  const { to = 0 as Pid, queue = '', type = 'job', priority = 2, requiresAck = false } = sent;
  for (const text of all) {
    const content = textContent(text);
    const what = { type, priority, content, requiresAck, ttlMs: 0, replyTo: '' };
    await ground.call('send', { to, queue, ...what });
  }
}

const waiting = async (pid: Pid): Promise<number> =>
  (await ground.call('list_inbox', { pid })).total;

const queueOf = async (name: string) =>
  (await ground.call('list_queues', { prefix: name }))[0] ?? 'gone';

/** A way to the door whose connections may be cut. */
async function cable(): Promise<{ address: string; cut: () => void }> {
  const path = join(ground.dir, 'cable.sock');
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(pathOf());
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  ground.onClose(async () => {
    cut();
    await new Promise((resolve) => server.close(resolve));
  });
  return { address: `unix://${path}`, cut };
}

describe('Subscribe', () => {
  it('streams what waits for a virtual process, then what comes, in order', async () => {
    const pid = await ground.spawn();
    await send({ to: pid }, 'a', 'b');
    const stream = await subscribe({}, { pid });
    expect(await texts(stream, 2)).toEqual(['a', 'b']);
    await send({ to: pid }, 'c');
    const [message] = await read(stream, 1);
    expect(message).toMatchObject({ fromPid: 1, fromName: 'king', type: 'job', relation: 1 });
  });

  it("streams the king's own inbox where nobody is named on the operator's channel", async () => {
    const pid = await ground.spawn();
    const stream = await subscribe({});
    await ground.call(
      'send',
      {
        ...{ to: KING, queue: '', type: 'note', priority: 2, content: textContent('sire') },
        ...{ requiresAck: false, ttlMs: 0, replyTo: '' },
      },
      pid,
    );
    expect(await read(stream, 1)).toMatchObject([{ fromPid: pid, type: 'note' }]);
  });

  it('gives each message of a queue to one of those who subscribe to it', async () => {
    const a = await subscribe({ queue: 'jobs' });
    const b = await subscribe({ queue: 'jobs' }, { pid: await ground.spawn() });
    const both = Promise.all([texts(a, 5), texts(b, 5)]);
    await send({ queue: 'jobs' }, ...Array.from({ length: 10 }, (_, n) => `${n}`));
    expect((await both).flat().toSorted()).toEqual([...'0123456789']);
    await send({ queue: 'jobs' }, 'x');
    expect(await Promise.race([read(a, 1), read(b, 1)])).toMatchObject([{ queue: 'jobs' }]);
  });

  it('streams topics by pattern, the last values first, unless they are not wanted', async () => {
    const publish = (topic: string, text: string) =>
      ground.call('publish', {
        topic,
        type: 't',
        content: textContent(text),
        isTransient: false,
      });
    await publish('news.a', 'before');
    const stream = await subscribe({ topic: 'news.*' });
    const fresh = await subscribe({ topic: 'news.*', skipRetained: true });
    await publish('news.b', 'after');
    const [last, next] = await read(stream, 2);
    expect(last).toMatchObject({ topic: 'news.a', retained: true });
    expect(next).toMatchObject({ topic: 'news.b', retained: false, missed: 0 });
    expect(await texts(fresh, 1)).toEqual(['after']);
  });

  it('leaves what its filters exclude where it is, for others', async () => {
    const stream = await subscribe({ queue: 'jobs', typeFilter: 'job.*', minPriority: 1 });
    await send({ queue: 'jobs', type: 'job.a', priority: 3 }, 'low');
    await send({ queue: 'jobs', type: 'other', priority: 0 }, 'other');
    await send({ queue: 'jobs', type: 'job.b', priority: 1 }, 'high');
    await send({ queue: 'jobs', type: 'job.c', priority: 0 }, 'critical');
    expect(await texts(stream, 2)).toEqual(['high', 'critical']);
    expect(await queueOf('jobs')).toMatchObject({ waiting: 2 });
    const all = await subscribe({ queue: 'jobs' });
    expect((await texts(all, 2)).toSorted()).toEqual(['low', 'other']);
  });
});

describe('the end of a Subscribe (M9)', () => {
  it('confirms what it was sent where the client cancels it', async () => {
    const pid = await ground.spawn();
    await send({ to: pid }, 'a', 'b', 'c');
    const stream = await subscribe({}, { pid });
    await read(stream, 3);
    const acked = ground.next('message.acked');
    stream.cancel();
    expect((await acked).body.messages).toHaveLength(3);
    expect(await waiting(pid)).toBe(0);
  });

  it("takes the client's deadline for its own word", async () => {
    const pid = await ground.spawn();
    await send({ to: pid }, 'a');
    const acked = ground.next('message.acked');
    const stream = await subscribe({}, { pid, deadlineMs: 200 });
    await read(stream, 1);
    expect((await endOf(stream)).code).toBe(status.DEADLINE_EXCEEDED);
    expect((await acked).body.messages).toHaveLength(1);
  });

  it('gives all back where the connection breaks', async () => {
    const { address, cut } = await cable();
    const pid = await ground.spawn();
    await send({ to: pid }, 'a', 'b', 'c');
    const stream = await subscribe({}, { pid }, client(address));
    await read(stream, 3);
    cut();
    await endOf(stream);
    await send({ to: pid }, 'd');
    const next = await subscribe({}, { pid });
    expect(await texts(next, 4)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives back what had not left when the client that does not read cancels', async () => {
    const large = 'x'.repeat(300_000);
    await send({ queue: 'jobs' }, ...Array.from({ length: 12 }, (_, n) => `${n} ${large}`));
    const slow = await subscribe({ queue: 'jobs' });
    const other = await subscribe({ queue: 'jobs' });
    const [jobs] = await ground.call('list_queues', { prefix: 'jobs' });
    expect(jobs?.inHand).toBeLessThanOrEqual(2 * ONE_TAKE);
    // What the connection had begun to send is all that may be missing.
    const got = new Set<string>();
    other.on('data', (message: agent.AgentMessage) => got.add(textOf(message).split(' ')[0] ?? ''));
    slow.cancel();
    await new Promise<void>((resolve) => {
      other.on('data', () => {
        if (got.size >= 11) resolve();
      });
    });
  });

  it('loses nothing and says UNAVAILABLE where the door stops', async () => {
    const pid = await ground.spawn();
    await send({ to: pid }, 'a', 'b');
    const stream = await subscribe({}, { pid });
    await read(stream, 2);
    const end = endOf(stream);
    await door.stop();
    expect((await end).code).toBe(status.UNAVAILABLE);
    await ground.host.settled();
    expect(await waiting(pid)).toBe(2);
    await open();
    expect(await texts(await subscribe({}, { pid }), 2)).toEqual(['a', 'b']);
  });

  it('comes with the end of its process', async () => {
    const pid = await ground.spawn();
    const stream = await subscribe({}, { pid });
    const end = endOf(stream);
    await ground.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect((await end).code).toBe(status.CANCELLED);
  });
});

describe('Subscribe with_ack', () => {
  it('holds 64 until a word is said, and gives back those without one', async () => {
    const pid = await ground.spawn();
    const numbers = Array.from({ length: 70 }, (_, n) => `${n}`);
    await send({ queue: 'jobs' }, ...numbers);
    const stream = await subscribe({ queue: 'jobs', withAck: true }, { pid });
    const held = await read(stream, 64);
    expect(await queueOf('jobs')).toMatchObject({ waiting: 6, inHand: 64 });
    const acknowledge = (messageId = '', state: 0 | 2 = 0) =>
      api.control('acknowledge', { messageId, status: state }, { pid });
    await acknowledge(held[0]?.messageId);
    await acknowledge(held[1]?.messageId, 2);
    expect(await texts(stream, 2)).toEqual(['64', '65']);
    await expect(acknowledge(held[0]?.messageId)).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
    stream.cancel();
    const next = await subscribe({ queue: 'jobs' });
    const rest = await texts(next, 68);
    expect(rest.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers.slice(2));
  });

  it('counts a try of what a broken stream had, and none of what it gave back', async () => {
    await send({ queue: 'jobs' }, 'a');
    const { address, cut } = await cable();
    const lost = await subscribe({ queue: 'jobs', withAck: true }, {}, client(address));
    await read(lost, 1);
    const returned = ground.next('queue.returned');
    cut();
    await returned;
    const own = await subscribe({ queue: 'jobs', withAck: true });
    expect(await read(own, 1)).toMatchObject([{ tries: 1 }]);
    own.cancel();
    const third = await subscribe({ queue: 'jobs', withAck: true });
    expect(await read(third, 1)).toMatchObject([{ tries: 1 }]);
  });
});

describe('Subscribe: who may, and what is refused', () => {
  it.each([
    ['nobody without the token', {}, status.UNAUTHENTICATED],
    ['no bare header without the setting', { pid: 1 }, status.UNAUTHENTICATED],
    ['nobody with a wrong token', { token: 'x' }, status.UNAUTHENTICATED],
  ])('serves %s', async (_what, headers, code) => {
    const stream = client(door.addresses[1] ?? '').messages({}, headers);
    expect((await endOf(stream)).code).toBe(code);
  });

  it('wants a header where it is what counts', async () => {
    await door.stop();
    await open(true);
    const pid = await ground.spawn();
    await send({ to: pid }, 'a');
    const tcp = client(door.addresses[1] ?? '');
    expect((await endOf(tcp.messages({}))).code).toBe(status.UNAUTHENTICATED);
    expect(await texts(await subscribe({}, { pid }, tcp), 1)).toEqual(['a']);
  });

  it.each([
    ['a process that is not there', {}, { pid: 99 }, status.UNAUTHENTICATED],
    ['a name that is none', { queue: 'dead:1' }, {}, status.INVALID_ARGUMENT],
    ['a priority that is none', { minPriority: 9 as 3 }, {}, status.INVALID_ARGUMENT],
  ])('refuses %s by a status', async (_what, request, headers, code) => {
    const error = await endOf(api.messages(request, headers));
    expect(error.code).toBe(code);
    expect(error.metadata.get('hivekernel-code')).toHaveLength(1);
  });

  it('refuses a second one to a durable subscription', async () => {
    const request = { topic: 'news.*', durable: 'desk' };
    await subscribe(request);
    expect((await endOf(api.messages(request))).code).toBe(status.ABORTED);
  });
});

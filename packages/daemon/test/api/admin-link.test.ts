import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@hivekernel/kernel';
import { agent, core, link, make } from '@hivekernel/protocol';
import { LinkCaller, socketStream } from '@hivekernel/protocol/link';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAdminLink } from '../../src/api/admin/admin-link.ts';
import type { AdminLink, AdminLinkOptions } from '../../src/api/admin/admin-link.ts';
import { DoorGround } from './door-ground.ts';

let ground: DoorGround;
let admin: AdminLink;
let stops: string[];

const pathOf = () => join(ground.dir, 'hive.sock');

function adminOf(options: Partial<AdminLinkOptions> = {}): AdminLink {
  const { host, feed } = ground;
  return createAdminLink({
    host,
    feed,
    socketPath: pathOf(),
    kernelVersion: '1.2.3',
    bootId: 'boot',
    termGraceMs: 5_000,
    status: () => make(link.KernelStatus, { version: '1.2.3', seq: host.durableSeq }),
    stopKernel: (reason) => void stops.push(reason),
    ...options,
  });
}

beforeEach(async () => {
  ground = await DoorGround.open();
  stops = [];
  admin = adminOf();
  await admin.start();
  ground.onClose(() => admin.stop());
});
afterEach(() => ground.close());

interface Client {
  readonly caller: LinkCaller;
  readonly socket: Socket;
}

async function client(pid = 0): Promise<Client> {
  const socket = connect(pathOf());
  const caller = new LinkCaller({ hello: { pid, client: 'test' }, whenLost: 'reject' });
  ground.onClose(() => Promise.resolve(caller.close()));
  await caller.attach(socketStream(socket));
  return { caller, socket };
}

const worker = { role: 5, cognitiveTier: 1 } as const;

describe('the admin link', () => {
  it('is a socket that only its owner can open', async () => {
    expect((await stat(pathOf())).mode & 0o777).toBe(0o600);
  });

  it('refuses a second daemon on the same socket, and takes over after a dead one', async () => {
    await expect(adminOf().start()).rejects.toMatchObject({ code: 'conflict' });
    await admin.stop();
    const next = adminOf();
    await next.start();
    await next.stop();
  });

  it('refuses a Hello of a process', async () => {
    await expect(client(7)).rejects.toMatchObject({ code: 'permission_denied' });
  });

  it('serves syscalls as the operator, for the king or for any pid', async () => {
    const { caller } = await client();
    const spawn = make(agent.SpawnRequest, { ...worker, name: 'w' });
    const { childPid } = await caller.call('spawn', spawn);
    const info = await caller.call('info', { pid: 0 }, { pid: childPid });
    expect(info).toMatchObject({ name: 'w', address: '/king/w', stateWord: 'idle' });
    expect((await caller.call('usage', {}, { pid: childPid })).childrenMax).toBe(10);
    const metric = make(core.MetricRequest, { name: 'm', value: 1 });
    await caller.call('metric', metric);
  });

  it('serves what supervises, and what asks about the tree', async () => {
    const { caller } = await client();
    const lead = await ground.spawn({ name: 'lead', role: 'lead' });
    const worker = await ground.spawn({ name: 'w' }, lead);
    const { processes } = await caller.call('ancestors', { targetPid: worker });
    expect(processes.map(({ pid }) => pid)).toEqual([lead, 1]);
    await caller.call('exit', { exitCode: 2, output: 'o', pid: worker }, { pid: lead });
    const pending = await caller.call('pendingResults', { targetPid: 0 }, { pid: lead });
    expect(pending.results).toMatchObject([{ pid: worker, name: 'w', exitCode: 2, output: 'o' }]);
    await expect(caller.call('wake', { targetPid: lead })).rejects.toMatchObject({
      code: 'wrong_state',
    });
    const none = make(link.SignalCall, { targetPid: lead });
    await expect(caller.call('signal', none)).rejects.toMatchObject({
      code: 'invalid_argument',
      details: { field: 'signal' },
    });
  });

  it('answers a refusal with its code, its sentence and its details', async () => {
    const { caller } = await client();
    await expect(caller.call('info', { pid: 99 })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('99'),
      details: { pid: '99' },
    });
    await expect(caller.call('usage', {}, { pid: 99 })).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('lists all processes, parents first, up to a seq', async () => {
    const lead = await ground.spawn({ name: 'lead', role: 'lead' });
    const under = await ground.spawn({ name: 'w' }, lead);
    const { caller } = await client();
    const request = make(link.ListProcessesCall, {});
    const list = await caller.call('listProcesses', request);
    expect(list.processes.map(({ pid }) => pid)).toEqual([1, lead, under]);
    expect(list.seq).toBe(ground.host.durableSeq);
  });

  it('tells the status, and passes a stop on after it was acknowledged', async () => {
    const { caller } = await client();
    expect(await caller.call('kernelStatus', {})).toMatchObject({ version: '1.2.3' });
    await caller.call('stopKernel', { reason: 'enough' });
    expect(stops).toEqual(['enough']);
  });

  it('carries artifacts of 16 MiB both ways', async () => {
    const { caller } = await client();
    const content = Buffer.alloc(LIMITS.artifactBytesMax, 3);
    const store = make(agent.StoreArtifactRequest, { key: 'big', content });
    expect(await caller.call('store', store)).toMatchObject({ success: true });
    const got = await caller.call('getArtifact', make(agent.GetArtifactRequest, { key: 'big' }));
    expect(Buffer.compare(got.content, content)).toBe(0);
    const none = await caller.call('getArtifact', make(agent.GetArtifactRequest, { key: 'x' }));
    expect(none).toMatchObject({ found: false, errorCode: 'not_found' });
  });

  it('keeps the result of a task that failed', async () => {
    const targetPid = await ground.spawn({ image: 'failing' });
    const { caller } = await client();
    const request = make(core.ExecuteTaskRequest, { targetPid });
    expect(await caller.call('executeTask', request)).toMatchObject({
      success: false,
      error: 'it cannot be done',
      errorCode: '',
      result: { output: 'half of it' },
    });
  });
});

describe('a client of the admin link that gives up', () => {
  it('ends its wait', async () => {
    const pid = await ground.spawn();
    const { caller } = await client();
    const began = ground.next('wait.began');
    const ended = ground.next('wait.ended');
    const giveUp = new AbortController();
    const wait = make(agent.WaitChildRequest, { targetPid: pid, timeoutSeconds: 60 });
    const answer = caller.call('waitChild', wait, { signal: giveUp.signal });
    await began;
    giveUp.abort();
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
    await ended;
  });

  it('cancels the task that it asked for', async () => {
    const pid = await ground.spawn({ image: 'hold' });
    const { caller } = await client();
    const started = ground.next('task.started');
    const ended = ground.next('task.ended');
    const giveUp = new AbortController();
    const order = make(core.ExecuteTaskRequest, { targetPid: pid });
    const answer = caller.call('executeTask', order, { signal: giveUp.signal });
    await started;
    giveUp.abort();
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
    expect((await ended).body.outcome).toBe('cancelled');
  });

  it('ends its waits when it vanishes, but not the tasks that it started', async () => {
    const pid = await ground.spawn({ image: 'hold' });
    const { caller, socket } = await client();
    const started = ground.next('task.started');
    const began = ground.next('wait.began');
    const ended = ground.next('wait.ended');
    const lost = Promise.allSettled([
      caller.call('executeTask', make(core.ExecuteTaskRequest, { targetPid: pid })),
      caller.call('waitChild', make(agent.WaitChildRequest, { targetPid: pid })),
    ]);
    await Promise.all([started, began]);
    socket.destroy();
    await Promise.all([ended, lost]);
    expect(ground.host.kernel.state.tasks.byId.size).toBe(1);
    const other = await client();
    const done = ground.next('task.ended');
    await other.caller.call('interrupt', make(link.InterruptCall, { targetPid: pid }));
    expect((await done).body.outcome).toBe('cancelled');
  });
});

describe('a subscriber on the admin link', () => {
  const subscribe = async (caller: LinkCaller, wish: Partial<core.SubscribeRequest> = {}) => {
    const order = make(core.SubscribeRequest, { queue: 'jobs', withAck: true, ...wish });
    return (await caller.call('subscribe', order)).subscription;
  };
  const take = async (caller: LinkCaller, subscription: number, timeoutMs = 0) => {
    const order = make(link.TakeCall, { subscription, timeoutMs });
    return (await caller.call('take', order)).messages.map(({ tries }) => tries);
  };
  const send = async (caller: LinkCaller) => {
    await caller.call('send', make(agent.SendMessageRequest, { toQueue: 'jobs' }));
  };

  it('gives up a take, which takes nothing; the subscription goes on', async () => {
    const { caller } = await client();
    const subscription = await subscribe(caller);
    const giveUp = new AbortController();
    const order = make(link.TakeCall, { subscription });
    const taking = caller.call('take', order, { signal: giveUp.signal });
    await caller.call('usage', {});
    giveUp.abort();
    await expect(taking).rejects.toMatchObject({ code: 'cancelled' });
    await send(caller);
    expect(await take(caller, subscription)).toEqual([0]);
  });

  it('gives back what it had in hand when it vanishes, and takes nothing more (M9)', async () => {
    const gone = await client();
    const there = await client();
    await send(there.caller);
    const subscription = await subscribe(gone.caller);
    expect(await take(gone.caller, subscription)).toEqual([0]);
    const waiting = take(gone.caller, subscription).catch(() => 'lost');
    await gone.caller.call('usage', {});
    const returned = ground.next('queue.returned');
    gone.socket.destroy();
    await returned;
    expect(await waiting).toBe('lost');
    await send(there.caller);
    const next = await subscribe(there.caller);
    expect(await take(there.caller, next)).toEqual([1, 0]);
  });

  it('has its subscriptions to itself: another connection does not know them', async () => {
    const one = await client();
    const other = await client();
    const subscription = await subscribe(one.caller);
    await expect(take(other.caller, subscription)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('follow_events', () => {
  const follow = (caller: LinkCaller, wish: Partial<link.FollowEventsCall>) =>
    caller.stream('followEvents', make(link.FollowEventsCall, wish));

  it('brings what is there with its journal form, and ends', async () => {
    await ground.log(3);
    const { caller } = await client();
    const items: link.FollowItem[] = [];
    for await (const item of follow(caller, { last: 2 })) items.push(item);
    expect(items.map(({ event }) => event?.type)).toEqual(['log', 'log']);
    expect(JSON.parse(items[0]?.raw ?? '')).toMatchObject({ kind: 'log.written', by: 1 });
  });

  it('goes on with what happens, and with what has no seq', async () => {
    const { caller } = await client();
    const afterSeq = ground.host.durableSeq;
    const stream = follow(caller, { afterSeq, follow: true, volatile: true });
    expect((await stream.next()).value).toMatchObject({ event: undefined, mark: `${afterSeq}` });
    await ground.log(1);
    const { value: first } = await stream.next();
    expect(first?.event).toMatchObject({ seq: afterSeq + 1, id: `${afterSeq + 1}`, type: 'log' });
    ground.host.observe({ type: 'output', pid: 1, stream: 'stdout', line: 'hello' });
    expect((await stream.next()).value).toMatchObject({
      event: { seq: 0, type: 'output', message: 'hello' },
      raw: '',
    });
    await stream.return();
  });

  it('holds back for a slow reader, who delays nobody else and loses nothing', async () => {
    await ground.log(5_000);
    const { caller } = await client();
    const slow = follow(caller, { follow: true });
    await slow.next();
    const other = await client();
    expect((await other.caller.call('info', { pid: 1 })).name).toBe('king');
    expect((await caller.call('info', { pid: 1 })).name).toBe('king');
    let seq = 1;
    while (seq < ground.host.durableSeq) {
      const { value } = await slow.next();
      expect(value?.event?.seq).toBe(seq + 1);
      seq += 1;
    }
    await slow.return();
  });

  it('refuses what is not there yet', async () => {
    const { caller } = await client();
    await expect(follow(caller, { afterSeq: 1e6 }).next()).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});

describe('the admin link under bad clients', () => {
  it.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a frame that is no message', Buffer.from([0, 0, 0, 3, 0xff, 0xff, 0xff])],
    ['a frame of 4 GiB', Buffer.from([0xff, 0xff, 0xff, 0xff])],
  ])('ends a connection that sends %s, and disturbs nobody else', async (_, bytes) => {
    const { caller } = await client();
    const bad = connect(pathOf());
    bad.on('error', () => undefined);
    bad.resume();
    bad.write(bytes);
    await once(bad, 'close');
    expect((await caller.call('info', { pid: 1 })).name).toBe('king');
  });

  it('ends a session that turns to garbage after Hello', async () => {
    const { socket } = await client();
    const closed = once(socket, 'close');
    socket.write(Buffer.from([0, 0, 0, 3, 0xff, 0xff, 0xff]));
    await closed;
  });

  it('answers many calls of one frame', async () => {
    const { caller } = await client();
    const calls = Array.from({ length: 5_000 }, () => caller.call('usage', {}));
    expect(await Promise.all(calls)).toHaveLength(5_000);
  });
});

describe('createAdminLink() start and stop', () => {
  it('stops unstarted, twice, and in the middle of a start', async () => {
    await admin.stop();
    const unstarted = adminOf();
    await unstarted.stop();
    await unstarted.stop();
    await expect(unstarted.start()).rejects.toMatchObject({ code: 'unavailable' });
    for (let i = 0; i < 50; i += 1) {
      const racing = adminOf();
      const started = racing.start();
      await Promise.all([racing.stop(), racing.stop()]);
      await started;
    }
  });

  it('tells its clients that the kernel stops', async () => {
    const pid = await ground.spawn();
    const { caller } = await client();
    const began = ground.next('wait.began');
    const request = make(agent.WaitChildRequest, { targetPid: pid });
    const wait = caller.call('waitChild', request);
    const refused = wait.catch((error: unknown) => error);
    await began;
    await admin.stop();
    expect(await refused).toMatchObject({ code: 'unavailable' });
  });
});

import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { stat, writeFile } from 'node:fs/promises';
import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcDoor } from '../../src/api/grpc/grpc-door.ts';
import type { GrpcDoor, GrpcDoorOptions } from '../../src/api/grpc/grpc-door.ts';
import { NOT_SERVED } from '../../src/api/grpc/not-served.ts';
import { DoorGround, TOKEN } from './door-ground.ts';
import { GrpcClient } from './grpc-client.ts';
import type { Headers } from './grpc-client.ts';

const LOOPBACK = { kind: 'tcp', hosts: ['127.0.0.1', '::1'], port: 0 } as const;
const NODE = 100;
const WORKER = { role: 5, cognitiveTier: 1 } as const;

let ground: DoorGround;
let door: GrpcDoor;

const unixOf = () => ({ kind: 'unix', path: join(ground.dir, 'core.sock') }) as const;

function doorOf(options: Partial<GrpcDoorOptions> = {}): GrpcDoor {
  const { host, feed } = ground;
  return createGrpcDoor({
    host,
    feed,
    listen: [unixOf(), LOOPBACK],
    operatorToken: TOKEN,
    trustPidHeader: false,
    bootId: 'boot',
    termGraceMs: 5_000,
    ...options,
  });
}

async function open(options: Partial<GrpcDoorOptions> = {}): Promise<void> {
  door = doorOf(options);
  await door.start();
  ground.onClose(() => door.stop());
}

function client(address: string): GrpcClient {
  const made = new GrpcClient(address);
  ground.onClose(() => Promise.resolve(made.close()));
  return made;
}

const operator = (): GrpcClient => client(door.addresses[0] ?? '');
const onTcp = (): GrpcClient => client(door.addresses[1] ?? '');

async function refusal(answer: Promise<unknown>): Promise<{ code: number; details: string }> {
  const error = await answer.then(
    () => undefined,
    (cause: unknown) => cause as ServiceError,
  );
  expect(error).toBeDefined();
  return { code: error?.code ?? 0, details: error?.details ?? '' };
}

beforeEach(async () => {
  ground = await DoorGround.open();
});
afterEach(() => ground.close());

describe('createGrpcDoor()', () => {
  it('makes a socket that only its owner can open, and tells the true port', async () => {
    await open();
    expect((await stat(unixOf().path)).mode & 0o777).toBe(0o600);
    expect(door.addresses[0]).toBe(`unix://${unixOf().path}`);
    expect(door.addresses[1]).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
  });

  it('serves localhost over IPv4 and IPv6 on one port', async () => {
    await open();
    const port = (door.addresses[1] ?? '').split(':')[1];
    for (const address of [`127.0.0.1:${port}`, `[::1]:${port}`]) {
      const info = await client(address).call('getProcessInfo', { pid: 1 }, { token: TOKEN });
      expect(info.name).toBe('king');
    }
  });

  it('refuses a port in use, naming it and what to do', async () => {
    await open();
    const port = Number((door.addresses[1] ?? '').split(':')[1]);
    const second = doorOf({ listen: [{ ...LOOPBACK, port }] });
    await expect(second.start()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(new RegExp(`127.0.0.1:${port} is in use.*--listen`)),
    });
    await second.stop();
  });

  it('refuses a socket that a daemon answers on, and replaces one that nobody does', async () => {
    await open();
    const second = doorOf({ listen: [unixOf()] });
    await expect(second.start()).rejects.toMatchObject({ code: 'conflict' });
    await second.stop();
    await door.stop();
    await open({ listen: [unixOf()] });
    expect((await operator().call('getProcessInfo', { pid: 1 })).name).toBe('king');
  });

  it('never touches a file that is no socket', async () => {
    const path = join(ground.dir, 'notes.txt');
    await writeFile(path, 'mine');
    const wrong = doorOf({ listen: [{ kind: 'unix', path }] });
    await expect(wrong.start()).rejects.toMatchObject({ code: 'conflict' });
    await wrong.stop();
    expect((await stat(path)).size).toBe(4);
  });

  it('stops unstarted, twice, and in the middle of a start', async () => {
    const unstarted = doorOf();
    await unstarted.stop();
    await unstarted.stop();
    await expect(unstarted.start()).rejects.toMatchObject({ code: 'unavailable' });
    for (let i = 0; i < 10; i += 1) {
      const racing = doorOf();
      const started = racing.start();
      await Promise.all([racing.stop(), racing.stop()]);
      await started;
    }
  });

  it('ends streams with UNAVAILABLE and stops although a task is still under way', async () => {
    await open();
    const pid = await ground.spawn({ image: 'hold' });
    const events = operator().events(0);
    const streamEnd = once(events, 'error').then(([error]) => (error as ServiceError).code);
    events.on('data', () => undefined);
    const created = ground.next('task.created');
    const task = refusal(operator().call('executeTask', { targetPid: pid, description: 'wait' }));
    await created;
    await door.stop();
    expect(await streamEnd).toBe(status.UNAVAILABLE);
    expect((await task).code).not.toBe(status.OK);
  });
});

describe('identity on gRPC (PROTOCOL §2)', () => {
  it('acts for the king, or for the pid that the header names, on its socket', async () => {
    await open();
    const pid = await ground.spawn({ name: 'seven' });
    const info = (headers: Headers) => operator().call('getProcessInfo', {}, headers);
    expect((await info({})).name).toBe('king');
    expect((await info({ pid: 0 })).name).toBe('king');
    expect((await info({ pid })).name).toBe('seven');
  });

  it.each(['seven', '-1', '1.5', '99999999999999999999', '0x1'])(
    'refuses the header %s with INVALID_ARGUMENT',
    async (pid) => {
      await open();
      for (const rpc of ['listChildren', 'spawnChild'] as const) {
        const { code } = await refusal(operator().call(rpc, {}, { pid }));
        expect(code).toBe(status.INVALID_ARGUMENT);
      }
    },
  );

  it('refuses a pid that nobody has with UNAUTHENTICATED', async () => {
    await open();
    const { code } = await refusal(operator().call('listChildren', {}, { pid: 999 }));
    expect(code).toBe(status.UNAUTHENTICATED);
  });

  it('wants the token on TCP, whatever the header says', async () => {
    await open();
    for (const headers of [{}, { pid: 1 }, { pid: 1, token: 'forged' }]) {
      const { code } = await refusal(onTcp().call('listChildren', {}, headers));
      expect(code).toBe(status.UNAUTHENTICATED);
    }
    expect((await onTcp().call('listChildren', {}, { token: TOKEN })).children).toEqual([]);
    const events = onTcp().events(0);
    const [error] = (await once(events, 'error')) as [ServiceError];
    expect(error.code).toBe(status.UNAUTHENTICATED);
  });

  it('trusts the bare header with trustPidHeader; without one it is the operator', async () => {
    await open({ trustPidHeader: true });
    const pid = await ground.spawn({ image: 'echo' });
    const tcp = onTcp();
    expect((await tcp.call('getProcessInfo', {}, { pid })).pid).toBe(pid);
    expect((await refusal(tcp.call('listChildren'))).code).toBe(status.UNAUTHENTICATED);
    expect((await refusal(tcp.call('getProcessInfo'))).code).toBe(status.UNAUTHENTICATED);
    expect((await tcp.call('getProcessInfo', { pid })).pid).toBe(pid);
    const ran = await tcp.call('executeTask', { targetPid: pid, description: 'hello' });
    expect(ran).toMatchObject({ success: true, result: { output: 'hello' } });
    const forged = { pid: 1, token: 'forged' };
    expect((await refusal(tcp.call('listChildren', {}, forged))).code).toBe(status.UNAUTHENTICATED);
  });
});

describe('CoreService, call by call', () => {
  it('SpawnChild: the caller is the parent; a refusal in the reply says denied', async () => {
    await open();
    const api = operator();
    const spawned = await api.call('spawnChild', { ...WORKER, name: 'w' });
    expect(spawned).toMatchObject({ success: true, error: '', errorCode: '' });
    const task = await api.call('spawnChild', { ...WORKER, name: 't', role: 6 });
    const refused = await api.call('spawnChild', { ...WORKER, name: 'x' }, { pid: task.childPid });
    expect(refused).toMatchObject({ success: false, errorCode: 'permission_denied' });
    expect(refused.error).toContain('denied');
  });

  it('SpawnChild: without a role it asks for a kernel, refused naming the field', async () => {
    await open();
    const refused = await operator().call('spawnChild', { name: 'x' });
    expect(refused).toMatchObject({ success: false, errorCode: 'invalid_argument' });
    expect(refused.error).toContain('role');
  });

  it('SpawnChild: answers once the agent is ready, or says why it did not start', async () => {
    await open();
    const node = { ...WORKER, runtimeType: NODE } as const;
    const good = await operator().call('spawnChild', { ...node, name: 'a', runtimeImage: 'echo' });
    const info = await operator().call('getProcessInfo', { pid: good.childPid });
    expect(info).toMatchObject({ state: 0, runtimeAddr: `link:${good.childPid}` });
    const bad = await operator().call('spawnChild', { ...node, name: 'b', runtimeImage: 'broken' });
    expect(bad).toMatchObject({ success: false, errorCode: 'start_failed' });
    expect(bad.error).toContain('no such module');
  });

  it.each([
    ['a number that no role has', { role: 42 }, 'invalid_argument', 'role 42'],
    ['another runtime', { runtimeImage: 'm:C' }, 'unimplemented', 'python, claw and custom'],
    ['a schedule', { schedule: { cron: '* * * * *', keepAlive: false } }, 'unimplemented', 'Sched'],
    ['an empty name', { name: '' }, 'invalid_argument', 'name'],
  ] as const)('SpawnChild: refuses %s', async (_, wish, errorCode, words) => {
    await open();
    const refused = await spawnWith({ ...WORKER, name: 'w', ...wish });
    expect(refused).toMatchObject({ success: false, errorCode });
    expect(refused.error).toContain(words);
  });

  it('KillChild: ends the subtree leaves first, and a dead one again', async () => {
    await open();
    const lead = await ground.spawn({ name: 'lead', role: 'lead', image: 'hold' });
    const worker = await ground.spawn({ image: 'hold' }, lead);
    const kill = { targetPid: lead, recursive: true };
    expect(await operator().call('killChild', kill)).toMatchObject({
      success: true,
      killedPids: [worker, lead],
    });
    expect(await operator().call('killChild', kill)).toMatchObject({ success: true });
    const info = await operator().call('getProcessInfo', { pid: lead });
    expect(info).toMatchObject({ state: 4, stateWord: 'dead', exitCode: -1, exitCause: 'killed' });
    const missing = await operator().call('killChild', { targetPid: 0 });
    expect(missing).toMatchObject({ success: false, errorCode: 'invalid_argument' });
  });

  it('GetProcessInfo: NOT_FOUND for an unknown process', async () => {
    await open();
    const { code } = await refusal(operator().call('getProcessInfo', { pid: 99 }));
    expect(code).toBe(status.NOT_FOUND);
  });

  it('ListChildren: direct ones, all of them, or those in a state', async () => {
    await open();
    const lead = await ground.spawn({ name: 'lead', role: 'lead' });
    const worker = await ground.spawn({ name: 'w' }, lead);
    const list = async (request: object) =>
      (await operator().call('listChildren', request)).children.map(({ pid }) => pid);
    expect(await list({})).toEqual([lead]);
    expect(await list({ recursive: true })).toEqual([lead, worker]);
    expect(await list({ recursive: true, filterState: 5 })).toEqual([]);
    const { code } = await refusal(operator().call('listChildren', { filterState: 9 as never }));
    expect(code).toBe(status.INVALID_ARGUMENT);
  });

  it('SendMessage and ListInbox: what was accepted waits, in order, with its payload', async () => {
    await open();
    const pid = await ground.spawn({ name: 'reader' });
    const send = (text: string) =>
      operator().call('sendMessage', { toPid: pid, type: 'note', payload: Buffer.from(text) });
    const first = await send('one');
    expect(first).toMatchObject({ delivered: true, messageId: expect.stringMatching(/^m\d+$/) });
    await send('x'.repeat(10_000));
    const inbox = await operator().call('listInbox', { pid });
    expect(inbox.total).toBe(2);
    expect(inbox.messages.map(({ payload }) => payload.length)).toEqual([3, 10_000]);
    expect(inbox.messages[0]).toMatchObject({ fromPid: 1, fromName: 'king', relation: 1 });
    expect((await refusal(operator().call('listInbox', { pid: 99 }))).code).toBe(status.NOT_FOUND);
  });

  it.each([
    ['nobody', {}, 'invalid_argument'],
    ['an unknown process', { toPid: 99 }, 'not_found'],
    ['a name that is kept free', { toQueue: 'dead:q' }, 'invalid_argument'],
    ['a payload over 1 MiB', { toPid: 1, payload: Buffer.alloc(1024 ** 2 + 1) }, 'too_large'],
    ['an unknown priority', { toPid: 1, priority: 7 }, 'invalid_argument'],
  ])('SendMessage: refuses %s in the reply', async (_, request: object, errorCode) => {
    await open();
    const reply = await operator().call('sendMessage', request);
    expect(reply).toMatchObject({ delivered: false, messageId: '', errorCode });
    expect(reply.error).not.toBe('');
  });

  it('StoreArtifact, GetArtifact, ListArtifacts: 16 MiB fit, more is refused', async () => {
    await open();
    const content = Buffer.alloc(16 * 1024 ** 2, 7);
    const api = operator();
    const stored = await api.call('storeArtifact', { key: 'big', content, visibility: 3 });
    expect(stored).toMatchObject({ success: true, version: 1 });
    const byKey = await api.call('getArtifact', { key: 'big', artifactId: 'nonsense' });
    expect(byKey.found && Buffer.compare(byKey.content, content)).toBe(0);
    const byId = await api.call('getArtifact', { artifactId: stored.artifactId });
    expect(byId).toMatchObject({ found: true, sha256: stored.sha256, storedByPid: 1, key: 'big' });
    const listed = await api.call('listArtifacts', { prefix: 'b' });
    expect(listed.artifacts).toMatchObject([{ key: 'big', sizeBytes: content.length, version: 1 }]);
    const over = Buffer.alloc(16 * 1024 ** 2 + 1);
    const refused = await api.call('storeArtifact', { key: 'bigger', content: over });
    expect(refused).toMatchObject({ success: false, errorCode: 'too_large' });
    const missing = await api.call('getArtifact', { key: 'none' });
    expect(missing).toMatchObject({ found: false, errorCode: 'not_found' });
    const noKey = await api.call('storeArtifact', { key: '' });
    expect(noKey).toMatchObject({ success: false, errorCode: 'invalid_argument' });
  });

  it('StoreArtifact: of many with the same if_version exactly one is taken (M12)', async () => {
    await open();
    const api = operator();
    const request = {
      key: 'race',
      content: Buffer.from('x'),
      visibility: 3,
      ifVersion: 0,
    } as const;
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => api.call('storeArtifact', request)),
    );
    expect(replies.filter(({ success }) => success)).toHaveLength(1);
    const lost = replies.filter(({ success }) => !success);
    expect(new Set(lost.map(({ errorCode }) => errorCode))).toEqual(new Set(['conflict']));
    expect(lost[0]?.error).toContain('is at version 1');
    const got = await api.call('getArtifact', { key: 'race' });
    expect(got).toMatchObject({ version: 1, ownerPid: 1, frozen: false });
  });

  it('GetResourceUsage and ReportMetric: charges tokens, refuses what is no number', async () => {
    await open();
    const pid = await ground.spawn();
    const api = operator();
    await api.call('reportMetric', { name: 'tokens_consumed', value: 70 }, { pid });
    expect(await api.call('getResourceUsage', {}, { pid })).toMatchObject({ tokensConsumed: 70 });
    const metric = { name: 'tokens_consumed', value: 0.5 };
    const refused = await refusal(api.call('reportMetric', metric, { pid }));
    expect(refused.code).toBe(status.INVALID_ARGUMENT);
    const nan = await refusal(api.call('reportMetric', { name: 'x', value: NaN }, { pid }));
    expect(nan.code).toBe(status.INVALID_ARGUMENT);
  });

  it('Escalate: the king takes it; without an issue it is refused in the reply', async () => {
    await open();
    const pid = await ground.spawn();
    const reply = await operator().call('escalate', { issue: 'stuck', severity: 2 }, { pid });
    expect(reply).toMatchObject({ received: true, handledByPid: 1 });
    const refused = await operator().call('escalate', {}, { pid });
    expect(refused).toMatchObject({ received: false, errorCode: 'invalid_argument' });
    expect(refused.response).not.toBe('');
  });

  it('Log: into the journal; an unknown level is refused', async () => {
    await open();
    const written = ground.next('log.written');
    await operator().call('log', { level: 2, message: 'careful', fields: { a: 'b' } });
    expect((await written).body).toMatchObject({ level: 'warn', message: 'careful' });
    const { code } = await refusal(operator().call('log', { level: 8 as never }));
    expect(code).toBe(status.INVALID_ARGUMENT);
  });

  it('ExecuteTask: completed, failed with its result kept, and refused', async () => {
    await open();
    const run = async (image: string) => {
      const targetPid = await ground.spawn({ image, name: `${image}-agent` });
      return operator().call('executeTask', { targetPid, description: 'say it' });
    };
    expect(await run('echo')).toMatchObject({
      success: true,
      error: '',
      result: { exitCode: 0, output: 'say it' },
      taskId: expect.stringMatching(/^t\d+$/),
    });
    expect(await run('failing')).toMatchObject({
      success: false,
      error: 'it cannot be done',
      result: { exitCode: 1, output: 'half of it' },
    });
    expect(await run('')).toMatchObject({ success: false, errorCode: 'wrong_state' });
  });

  it('ExecuteTask: a client that gives up cancels its task', async () => {
    await open();
    const targetPid = await ground.spawn({ image: 'hold' });
    const giveUp = new AbortController();
    const started = ground.next('task.started');
    const ended = ground.next('task.ended');
    const headers = { signal: giveUp.signal };
    const answer = refusal(operator().call('executeTask', { targetPid }, headers));
    await started;
    giveUp.abort();
    expect((await answer).code).toBe(status.CANCELLED);
    expect((await ended).body.outcome).toBe('cancelled');
  });

  it('ListSiblings and WaitChild: words of the wire, the true result, once', async () => {
    await open();
    const one = await ground.spawn({ name: 'one', image: 'echo' });
    const two = await ground.spawn({ name: 'two' });
    const { siblings } = await operator().call('listSiblings', {}, { pid: one });
    expect(siblings).toEqual([{ pid: two, name: 'two', role: 'worker', state: 'idle' }]);
    const waited = operator().call('waitChild', { targetPid: one });
    await ground.call('exit', { pid: one, exitCode: 3, output: 'bye' }, one);
    const result = { success: true, pid: one, name: 'one', exitCode: 3, output: 'bye' };
    expect(await waited).toMatchObject({ ...result, cause: 'done' });
    const again = await operator().call('waitChild', { targetPid: one });
    expect(again).toMatchObject({ success: false, errorCode: 'wrong_state' });
  });

  it('WaitChild: a client that gives up ends its wait', async () => {
    await open();
    const pid = await ground.spawn();
    const giveUp = new AbortController();
    const began = ground.next('wait.began');
    const ended = ground.next('wait.ended');
    const headers = { signal: giveUp.signal };
    const answer = refusal(operator().call('waitChild', { targetPid: pid }, headers));
    await began;
    giveUp.abort();
    expect((await answer).code).toBe(status.CANCELLED);
    await ended;
  });

  it.each(Object.entries(NOT_SERVED))('%s: UNIMPLEMENTED, with what to do', async (rpc, why) => {
    await open();
    const { code, details } = await refusal(operator().call(rpc as 'addCron'));
    expect(code).toBe(status.UNIMPLEMENTED);
    expect(details).toBe(why);
  });
});

describe('malformed gRPC', () => {
  it('refuses bytes that are no message with INVALID_ARGUMENT', async () => {
    await open();
    const { code } = await refusal(operator().send('spawnChild', Buffer.from([0xff, 0xff, 0x01])));
    expect(code).toBe(status.INVALID_ARGUMENT);
  });

  it('refuses a number over 2^53 with INVALID_ARGUMENT', async () => {
    await open();
    const pid = Buffer.from([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    const { code } = await refusal(operator().send('getProcessInfo', pid));
    expect(code).toBe(status.INVALID_ARGUMENT);
  });

  it('refuses a message over 17 MiB and serves the next one', async () => {
    await open();
    const api = operator();
    const content = Buffer.alloc(17 * 1024 ** 2);
    const { code } = await refusal(api.call('storeArtifact', { key: 'x', content }));
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
    expect((await api.call('getProcessInfo', { pid: 1 })).name).toBe('king');
  });

  it('ends a connection that speaks no HTTP/2 and disturbs nobody else', async () => {
    await open();
    const api = operator();
    await api.call('getProcessInfo', { pid: 1 });
    for (const noise of [
      'GET / HTTP/1.1\r\n\r\n',
      '\0\0\xff garbage \xff',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxxxx',
    ]) {
      const socket = connect(unixOf().path);
      socket.on('error', () => undefined);
      const closed = once(socket, 'close');
      socket.end(Buffer.from(noise, 'latin1'));
      socket.resume();
      await closed;
    }
    expect((await api.call('getProcessInfo', { pid: 1 })).name).toBe('king');
  });
});

function spawnWith(request: object) {
  return operator().call('spawnChild', request);
}

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from '@hivekernel/client';
import type { HiveClient, KernelEvent } from '@hivekernel/client';
import { DaemonGround } from './daemon-ground.ts';

const ECHO = `
import { defineAgent } from '@hivekernel/sdk';
export default defineAgent(async (task, ctx) => {
  if (task.description === 'fail') throw new Error('as asked');
  if (task.description === 'hang') await new Promise((_, no) => {
    ctx.signal.addEventListener('abort', () => no(new Error('interrupted')));
  });
  return { output: 'echo: ' + task.description, exitCode: 3, metadata: task.params };
});
`;

let ground: DaemonGround;
let client: HiveClient;

beforeEach(async () => {
  ground = await DaemonGround.make();
  await ground.start();
  client = await ground.connect();
});

afterEach(() => ground.end());

const virtual = (name: string) => client.spawn({ name, role: 'worker', tier: 'operational' });

async function collect(events: AsyncIterable<KernelEvent>): Promise<KernelEvent[]> {
  const all: KernelEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe('HiveClient', () => {
  it('spawns, lists, waits for and kills processes, as their parent where asked', async () => {
    const lead = await client.spawn({ name: 'lead', role: 'lead', tier: 'tactical' });
    const order = { name: 'w', role: 'worker', tier: 'operational' } as const;
    const worker = await client.spawn(order, { as: lead });
    const { agents, seq } = await client.processes();
    expect(agents.map(({ pid, ppid, state }) => ({ pid, ppid, state }))).toEqual([
      { pid: 1, ppid: 0, state: 'running' },
      { pid: lead, ppid: 1, state: 'idle' },
      { pid: worker, ppid: lead, state: 'idle' },
    ]);
    expect(seq).toBeGreaterThan(0);
    expect(await client.children({}, { as: lead })).toHaveLength(1);
    expect(await client.info(worker)).toMatchObject({ address: '/king/lead/w', role: 'worker' });
    await client.exit({ exitCode: 7, output: 'done' }, { as: worker });
    expect(await client.waitChild({ pid: worker }, { as: lead })).toMatchObject({
      exitCode: 7,
      output: 'done',
      cause: 'done',
    });
    expect(await client.kill(lead, { isRecursive: true })).toContain(lead);
  });

  it('sends messages and shows inboxes without taking anything', async () => {
    const pid = await virtual('reader');
    const id = await client.send({ to: pid, payload: 'hello', type: 'note', priority: 'high' });
    const { messages, total } = await client.inbox(pid);
    expect(total).toBe(1);
    expect(messages[0]).toMatchObject({ id, type: 'note', priority: 'high', fromPid: 1 });
    expect(Buffer.from(messages[0]?.payload ?? []).toString()).toBe('hello');
    expect((await client.inbox(pid)).total).toBe(1);
  });

  it('stores, gets and lists artifacts by version', async () => {
    const { version } = await client.artifacts.put({ key: 'a/b', content: 'one' });
    await client.artifacts.put({ key: 'a/b', content: 'two', visibility: 'global' });
    const text = async (which: { key: string; version?: number }) =>
      Buffer.from((await client.artifacts.get(which)).content).toString();
    expect(await text({ key: 'a/b' })).toBe('two');
    expect(await text({ key: 'a/b', version })).toBe('one');
    expect(await client.artifacts.list({ prefix: 'a/' })).toMatchObject([
      { key: 'a/b', version: 2 },
    ]);
    await expect(client.artifacts.get({ key: 'none' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('writes artifacts by version, freezes and deletes them (M12)', async () => {
    const { artifacts } = client;
    const { id } = await artifacts.put({ key: 'plan', content: '1', ifVersion: 0, trace: 'tr' });
    const stale = artifacts.put({ key: 'plan', content: 'x', ifVersion: 0 });
    await expect(stale).rejects.toMatchObject({ code: 'conflict', details: { version: '1' } });
    await artifacts.put({ key: '', artifact: id, content: '22', ifVersion: 1 });
    expect(await artifacts.versions({ id })).toMatchObject([
      { version: 1, sizeBytes: 1, ownerPid: 1, storedByPid: 1, trace: 'tr', task: '' },
      { version: 2, sizeBytes: 2, isFrozen: false, trace: '' },
    ]);
    const early = artifacts.freeze({ key: 'plan', ifVersion: 1 });
    await expect(early).rejects.toMatchObject({ code: 'conflict' });
    expect(await artifacts.freeze({ key: 'plan' })).toMatchObject({ version: 2, isFrozen: true });
    const changed = artifacts.put({ key: 'plan', content: 'x' });
    await expect(changed).rejects.toMatchObject({ code: 'wrong_state' });
    expect(await artifacts.get({ id })).toMatchObject({ id, key: 'plan', isFrozen: true });
    await artifacts.delete({ id, ifVersion: 2 });
    await expect(artifacts.versions({ id })).rejects.toMatchObject({ code: 'not_found' });
  });

  it('runs tasks: completed with a code, failed as a report, timed out, interrupted', async () => {
    const image = await ground.agent('echo.ts', ECHO);
    const pid = await client.spawn({ name: 'echo', role: 'agent', tier: 'tactical', image });
    const done = await client.executeTask({ pid, description: 'hi', params: { a: 'b' } });
    expect(done).toMatchObject({ isCompleted: true, exitCode: 3, output: 'echo: hi', error: '' });
    expect(done.metadata).toEqual({ a: 'b' });
    const failed = await client.executeTask({ pid, description: 'fail' });
    expect(failed).toMatchObject({ isCompleted: false, errorCode: '' });
    expect(failed.error).toContain('as asked');
    const late = await client.executeTask({ pid, description: 'hang', timeoutMs: 1_000 });
    expect(late).toMatchObject({ isCompleted: false, errorCode: 'timed_out' });
    const hanging = client.executeTask({ pid, description: 'hang' });
    for await (const { journal } of client.followEvents({ pid, afterSeq: await seqNow() })) {
      if (journal?.kind === 'task.started') break;
    }
    await client.interrupt({ pid });
    expect(await hanging).toMatchObject({ isCompleted: false, errorCode: 'cancelled' });
  });

  it('tells refusals by the code of the kernel, and words that it does not know', async () => {
    await expect(client.info(4_711)).rejects.toMatchObject({ code: 'not_found' });
    await expect(client.kill(1)).rejects.toMatchObject({ name: 'HiveClientError' });
    const order = { name: '', role: 'worker', tier: 'operational' } as const;
    await expect(client.spawn(order)).rejects.toMatchObject({ code: 'invalid_argument' });
    const bad = { name: 'a', role: 'wurker' as 'worker', tier: 'operational' } as const;
    await expect(client.spawn(bad)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('tells the status, and gives a wait up when its signal aborts', async () => {
    const pid = await virtual('patient');
    expect(await client.status()).toMatchObject({ osPid: process.pid, processes: 2 });
    const hands = new AbortController();
    const wait = client.waitChild({ pid }, { signal: hands.signal });
    hands.abort();
    await expect(wait).rejects.toMatchObject({ code: 'cancelled' });
    expect((await client.info(pid)).state).toBe('idle');
  });
});

const seqNow = async (): Promise<number> => (await client.status()).seq;

describe('HiveClient.followEvents()', () => {
  it('replays what is kept in the order of seq, each once, and ends without `follow`', async () => {
    await virtual('a');
    const seqs = (await collect(client.followEvents({ follow: false }))).map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, i) => i + 1));
    const last = await collect(client.followEvents({ follow: false, last: 2 }));
    expect(last.map(({ seq }) => seq)).toEqual(seqs.slice(-2));
  });

  it('goes on over a kernel that was started anew, without a gap and nothing twice', async () => {
    const connections: boolean[] = [];
    const seen: number[] = [];
    const hands = new AbortController();
    const told = Promise.withResolvers<undefined>();
    const onConnection = (isThere: boolean): void => void connections.push(isThere);
    const following = (async () => {
      const request = { signal: hands.signal, onConnection };
      for await (const { seq, journal } of client.followEvents(request)) {
        seen.push(seq);
        const spec = journal?.body['spec'] as { name?: string } | undefined;
        if (spec?.name === 'after') told.resolve(undefined);
      }
    })();
    await virtual('before');
    await ground.stop();
    await ground.start();
    await virtual('after');
    await told.promise;
    hands.abort();
    await following;
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i + 1));
    expect(connections).toEqual([false, true]);
  });

  it('fails with `unavailable` when no kernel comes back in time', async () => {
    const following = collect(client.followEvents({ reconnectMs: 0 }));
    following.catch(() => undefined);
    await client.status();
    await ground.stop();
    await expect(following).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('HiveClient.wireEvents()', () => {
  const asleepAndAwake = async (): Promise<void> => {
    const pid = await virtual('sleeper');
    await client.sleep(pid);
    await client.wake(pid);
  };

  it('gives all that the wire tells, and goes on after any id with what follows', async () => {
    await asleepAndAwake();
    const all = (await collectIds({})).filter((id) => id !== '');
    expect(all.some((id) => id.endsWith('.1'))).toBe(true);
    for (const [i, id] of all.entries()) {
      expect(await collectIds({ afterId: id })).toEqual(all.slice(i + 1));
    }
  });

  it('filters by type, begins at a time, and tells where it is live', async () => {
    await virtual('a');
    const types: string[] = [];
    for await (const { event } of client.wireEvents({ follow: false, types: ['spawned'] })) {
      types.push(event.type);
    }
    expect(new Set(types)).toEqual(new Set(['spawned']));
    expect(await collectIds({ sinceMs: Date.now() + 60_000 })).toEqual([]);
    const live = Promise.withResolvers<string>();
    const hands = new AbortController();
    const { signal } = hands;
    const request = { types: ['none'], onLive: live.resolve, signal };
    const following = (async () => {
      for await (const _ of client.wireEvents(request)) throw new Error('nothing matches');
    })();
    expect(Number(await live.promise)).toBeGreaterThan(0);
    hands.abort();
    await following;
  });

  it('goes on over a kernel that was started anew, each id once, in order', async () => {
    const ids: string[] = [];
    const hands = new AbortController();
    const told = Promise.withResolvers<undefined>();
    const following = (async () => {
      for await (const { id, event } of client.wireEvents({ signal: hands.signal })) {
        ids.push(id);
        if (event.type === 'spawned' && event.name === 'after') told.resolve(undefined);
      }
    })();
    await asleepAndAwake();
    await ground.stop();
    await ground.start();
    await asleepAndAwake();
    await virtual('after');
    await told.promise;
    hands.abort();
    await following;
    expect(ids).toEqual((await collectIds({})).slice(0, ids.length));
  });

  async function collectIds(request: Parameters<HiveClient['wireEvents']>[0]): Promise<string[]> {
    const ids: string[] = [];
    for await (const { id } of client.wireEvents({ ...request, follow: false })) ids.push(id);
    return ids;
  }
});

describe('connect()', () => {
  it('fails with `unavailable`, naming the place, where no kernel is', async () => {
    const nowhere = { dataDir: `${ground.dir}/nowhere` };
    await expect(connect(nowhere)).rejects.toMatchObject({ code: 'unavailable' });
    const socketPath = `${ground.dir}/no.sock`;
    await expect(connect({ socketPath })).rejects.toMatchObject({
      code: 'unavailable',
      details: { socketPath, reason: 'ENOENT' },
    });
  });

  it('dials again for the next call when the kernel went and came back', async () => {
    const { id } = await client.artifacts.put({ key: 'kept', content: 'yes' });
    await ground.stop();
    await expect(client.status()).rejects.toMatchObject({ code: 'unavailable' });
    await ground.start();
    expect(await client.artifacts.get({ id })).toMatchObject({ key: 'kept' });
    expect(client.isConnected).toBe(true);
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HiveClient } from '@hivekernel/client';
import { DaemonGround } from './daemon-ground.ts';

/** Counts its tasks; what it keeps comes back in its next incarnation. */
const KEEPER = `
import { defineAgent } from '@hivekernel/sdk';
let count = 0;
export default defineAgent({
  onInit(ctx) { count = ctx.savedJson()?.count ?? 0; },
  async onTask(task, ctx) {
    if (task.description === 'crash') process.exit(41);
    count += 1;
    if (task.description === 'keep') await ctx.checkpoint({ count });
    return String(count);
  },
  onDump: () => ({ counted: count }),
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

const virtual = (name: string, as = 1) =>
  client.spawn({ name, role: 'lead', tier: 'tactical' }, { as });

async function keeper(): Promise<number> {
  const image = await ground.agent('keeper.ts', KEEPER);
  return client.spawn({ name: 'keeper', role: 'agent', tier: 'tactical', image });
}

const run = async (pid: number, description: string): Promise<string> =>
  (await client.executeTask({ pid, description })).output;

describe('HiveClient: sleep, wake, restart', () => {
  it('lets a process sleep and wakes it by a task, with its checkpoint (S7)', async () => {
    const pid = await keeper();
    await run(pid, 'keep');
    await run(pid, 'forget');
    await client.sleep(pid);
    expect(await client.info(pid)).toMatchObject({ state: 'sleeping', osPid: 0 });
    await client.sleep(pid);
    expect(await run(pid, 'x')).toBe('2');
    await expect(client.wake(pid)).rejects.toMatchObject({ code: 'wrong_state' });
    await client.sleep(pid);
    await client.wake(pid);
    expect(await run(pid, 'x')).toBe('2');
  });

  it('restarts a process under its pid (S5), also one that crashed and waits (S2)', async () => {
    const pid = await keeper();
    await run(pid, 'keep');
    const { osPid } = await client.info(pid);
    await client.restart(pid, { reason: 'the test wants it' });
    expect(await run(pid, 'x')).toBe('2');
    expect((await client.info(pid)).osPid).not.toBe(osPid);
    const crash = await client.executeTask({ pid, description: 'crash' });
    expect(crash.isCompleted).toBe(false);
    expect(await client.info(pid)).toMatchObject({ state: 'zombie', isGone: false, exitCode: 41 });
    await client.restart(pid);
    expect(await run(pid, 'x')).toBe('2');
  });

  it('shows what a process was spawned with', async () => {
    const order = { name: 'p', role: 'daemon', tier: 'tactical' } as const;
    const pid = await client.spawn({ ...order, restart: 'transient', strategy: 'one_for_all' });
    const shown = { restart: 'transient', strategy: 'one_for_all', restarts: 0, isGone: false };
    expect(await client.info(pid)).toMatchObject(shown);
  });
});

describe('HiveClient.signal()', () => {
  it('pauses and resumes, and the task waits meanwhile (S1)', async () => {
    const pid = await keeper();
    expect(await client.signal(pid, { signal: 'STOP' })).toMatchObject({ signalled: [pid] });
    expect((await client.info(pid)).state).toBe('paused');
    const output = run(pid, 'x');
    await client.signal(pid, { signal: 'CONT' });
    expect(await output).toBe('1');
  });

  it('writes a dump to an artifact by USR1 (S1)', async () => {
    const pid = await keeper();
    await run(pid, 'x');
    const { key } = await client.signal(pid, { signal: 'USR1' });
    const { content } = await client.artifacts.get({ key });
    expect(Buffer.from(content).toString()).toContain('"counted":1');
  });

  it('ends a branch by TERM and KILL, leaves first', async () => {
    const lead = await virtual('lead');
    const worker = await virtual('worker', lead);
    const other = await virtual('other');
    expect(await client.signal(lead, { signal: 'TERM', isRecursive: true })).toMatchObject({
      killed: [worker, lead],
    });
    expect(await client.signal(other, { signal: 'KILL' })).toMatchObject({ killed: [other] });
  });
});

describe('HiveClient: results (S8)', () => {
  it('completes a process, peeks at its result, takes it once', async () => {
    const pid = await virtual('v');
    await client.complete(pid, { exitCode: 7, output: 'by hand' });
    const exit = { pid, name: 'v', exitCode: 7, output: 'by hand', cause: 'done' };
    expect(await client.waitChild({ pid, isPeek: true })).toEqual(exit);
    expect(await client.pendingResults()).toEqual([exit]);
    expect(await client.waitChild({ pid })).toEqual(exit);
    expect(await client.pendingResults()).toEqual([]);
    await expect(client.waitChild({ pid })).rejects.toMatchObject({ code: 'wrong_state' });
  });

  it('collapses a branch into the results of all below it', async () => {
    const lead = await virtual('lead');
    const done = await virtual('done', lead);
    const idle = await virtual('idle', lead);
    const below = await virtual('below', idle);
    await client.complete(done, { output: 'result' });
    const results = await client.collapse(lead);
    const rows = new Map(results.map(({ pid, ...rest }) => [pid, rest]));
    expect(rows.get(done)).toMatchObject({ exitCode: 0, output: 'result' });
    expect(rows.get(idle)).toMatchObject({ exitCode: -1, output: 'branch collapsed' });
    expect(results.findIndex(({ pid }) => pid === below)).toBeLessThan(
      results.findIndex(({ pid }) => pid === idle),
    );
    expect((await client.info(lead)).state).toBe('idle');
  });
});

describe('HiveClient: the tree (P11)', () => {
  it('tells ancestors, the nearest common one, the nodes, and moves a branch', async () => {
    const a = await virtual('a');
    const b = await virtual('b', a);
    const c = await virtual('c', a);
    const d = await virtual('d', b);
    expect((await client.ancestors(d)).map(({ pid }) => pid)).toEqual([b, a, 1]);
    expect((await client.commonAncestor({ pid: d, other: c })).pid).toBe(a);
    expect(await client.subtreeNodes(a)).toEqual([(await client.info(1)).node]);
    await client.reparent({ pid: b, parent: c });
    expect((await client.ancestors(d)).map(({ pid }) => pid)).toEqual([b, c, a, 1]);
    const refused = client.reparent({ pid: a, parent: d });
    await expect(refused).rejects.toMatchObject({ name: 'HiveClientError' });
  });

  it('forgets a dead process when told to, and no living one', async () => {
    const pid = await virtual('v');
    await expect(client.remove(pid)).rejects.toMatchObject({ code: 'wrong_state' });
    await client.kill(pid);
    expect(await client.info(pid)).toMatchObject({ state: 'dead', isGone: true });
    await client.remove(pid);
    await expect(client.info(pid)).rejects.toMatchObject({ code: 'not_found' });
  });
});

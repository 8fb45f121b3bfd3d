import { asPid, asTaskId } from '@hivekernel/kernel';
import type { TaskSpec } from '@hivekernel/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import type { RuntimeOptions } from '../../src/runtime/runtime-options.ts';
import { EffectGround, untilState } from './effect-ground.ts';

let ground: EffectGround;
async function makeGround(options: Partial<RuntimeOptions> = {}): Promise<EffectGround> {
  ground = await EffectGround.make(options);
  return ground;
}
afterEach(() => ground[Symbol.asyncDispose]());

const QUICK = { heartbeatIntervalMs: 20, unresponsiveAfterMs: 60 };

const TASK: TaskSpec = {
  description: 'hello',
  params: {},
  timeoutMs: 10_000,
  priority: 2,
  context: { bytes: 0, inline: '' },
  retriesMax: 0,
};

const childOf = async (process: { line(form: RegExp): Promise<string> }): Promise<number> =>
  Number((await process.line(/^child/)).split(' ')[1]);

describe('Runtime.pause()', () => {
  it.each([
    { image: 'fork', where: 'in its group' },
    { image: 'stray', where: 'in a session of its own' },
    { image: 'orphan', where: 'detached, its parent gone' },
  ])('stops the agent and its child $where, and resume lets both go on (S1)', async ({ image }) => {
    const agent = await (await makeGround()).start(image);
    const osPids = [await agent.osPid(), await childOf(agent)];
    agent.pause();
    await Promise.all(osPids.map((osPid) => untilState(osPid, 'T')));
    agent.resume();
    await Promise.all(osPids.map((osPid) => untilState(osPid, 'runs')));
  });

  it('leaves a task undone until it is resumed', async () => {
    const { runtime, host } = await makeGround();
    const agent = await ground.start('echo');
    agent.pause();
    await untilState(await agent.osPid(), 'T');
    const { pid, incarnation } = agent;
    const task = asTaskId(3);
    runtime.execute({ do: 'execute', pid, incarnation, task, parentTask: null, spec: TASK });
    // Another one has long done the same by the time.
    const other = await ground.start('echo', { pid: asPid(8) });
    const who = { pid: other.pid, incarnation, task: asTaskId(4) };
    runtime.execute({ do: 'execute', ...who, parentTask: null, spec: TASK });
    expect(await other.told('task_ended')).toMatchObject({ completed: true });
    expect(host.facts.some((fact) => fact.fact === 'task_ended' && fact.pid === pid)).toBe(false);
    agent.resume();
    expect(await agent.told('task_ended')).toMatchObject({ task, completed: true });
  });

  it('makes nobody unresponsive, however long (S6)', async () => {
    const { host } = await makeGround(QUICK);
    const paused = await ground.start('echo');
    paused.pause();
    const mute = await ground.start('mute', { pid: asPid(8) });
    await mute.told('responsive');
    const again = await ground.start('mute', { pid: asPid(9) });
    await again.told('responsive');
    const told = host.facts.filter(({ fact }) => fact === 'responsive');
    expect(told).toMatchObject([{ pid: 8 }, { pid: 9 }]);
    paused.resume();
    paused.stop();
    expect(await paused.told('exited')).toMatchObject({ detail: 'exit code 0' });
  });

  it('passes over another incarnation, and one that is not there', async () => {
    const { runtime } = await makeGround();
    const agent = await ground.start('echo');
    runtime.pause({ do: 'pause', pid: agent.pid, incarnation: 2 });
    runtime.pause({ do: 'pause', pid: asPid(99), incarnation: 1 });
    runtime.resume({ do: 'resume', pid: asPid(99), incarnation: 1 });
    agent.resume();
    agent.stop();
    expect(await agent.told('exited')).toMatchObject({ detail: 'exit code 0' });
  });
});

describe('a paused agent', () => {
  it('is given up for a lost link only after it was resumed', async () => {
    const { host } = await makeGround({ reconnectMs: 300 });
    const agent = await ground.start('hang-up');
    const { pid, incarnation } = agent;
    const spec = { ...TASK, description: 'hang up' };
    const order = { incarnation, parentTask: null, spec };
    ground.runtime.execute({ do: 'execute', pid, task: asTaskId(1), ...order });
    await agent.line(/^hung up/);
    agent.pause();
    const other = await ground.start('hang-up', { pid: asPid(8) });
    ground.runtime.execute({ do: 'execute', pid: other.pid, task: asTaskId(2), ...order });
    await other.told('exited');
    expect(host.facts.some((fact) => fact.fact === 'exited' && fact.pid === pid)).toBe(false);
    agent.resume();
    const exit = await agent.told('exited');
    expect(exit).toMatchObject({ cause: 'crashed', detail: expect.stringContaining('link lost') });
  });

  it('answers Shutdown when it is stopped, and hands its state over', async () => {
    const agent = await (await makeGround()).start('keep:half done');
    agent.pause();
    await untilState(await agent.osPid(), 'T');
    agent.stop();
    expect(await agent.told('exited')).toMatchObject({ cause: 'killed', detail: 'exit code 0' });
    expect(await agent.told('checkpointed')).toMatchObject({ pid: agent.pid, incarnation: 1 });
  });

  it.each(['fork', 'stray', 'orphan'])('dies of a kill as it stands: %s (P10)', async (image) => {
    const agent = await (await makeGround()).start(image);
    const osPids = [await agent.osPid(), await childOf(agent)];
    agent.pause();
    await Promise.all(osPids.map((osPid) => untilState(osPid, 'T')));
    agent.stop(0);
    expect(await agent.told('exited')).toMatchObject({ detail: 'signal SIGKILL' });
    await Promise.all(osPids.map((osPid) => untilState(osPid, 'gone')));
  });

  it('ends by KILL when the grace is over, as ever', async () => {
    const agent = await (await makeGround()).start('stubborn');
    agent.pause();
    agent.stop(200);
    const { detail } = await agent.told('exited');
    expect(detail).toBe('it did not end within 0.2 s; signal SIGKILL');
  });

  it('whom somebody else kills is told with the signal', async () => {
    const agent = await (await makeGround()).start('echo');
    agent.pause();
    process.kill(await agent.osPid(), 'SIGKILL');
    expect(await agent.told('exited')).toMatchObject({
      ...{ cause: 'crashed', exitCode: 137, detail: expect.stringContaining('signal SIGKILL') },
    });
  });
});

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asTaskId } from '@hivekernel/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import type { Process } from './effect-ground.ts';
import { EffectGround, untilState } from './effect-ground.ts';

let ground: EffectGround;
afterEach(() => ground[Symbol.asyncDispose]());

const factsOf = (): string[] =>
  ground.host.facts.flatMap((fact) =>
    'incarnation' in fact ? [`${fact.fact} ${fact.incarnation}`] : [],
  );

function execute(process: Process, description: string): void {
  const { pid, incarnation } = process;
  const context = { bytes: 0, inline: '' };
  const spec = { description, params: {}, timeoutMs: 1, priority: 2, context } as const;
  const order = { pid, incarnation, task: asTaskId(1), parentTask: null };
  ground.runtime.execute({ do: 'execute', ...order, spec: { ...spec, retriesMax: 0 } });
}

describe('Runtime.start() of the next incarnation', () => {
  it('waits for the burial of the one before it (S5)', async () => {
    ground = await EffectGround.make();
    const first = await ground.start('stray');
    const child = Number((await first.line(/^child/)).split(' ')[1]);
    first.stop();
    const second = await ground.start('echo', { incarnation: 2 });
    expect(factsOf()).toEqual(['started 1', 'ready 1', 'exited 1', 'started 2', 'ready 2']);
    await untilState(child, 'gone');
    expect(await second.osPid()).not.toBe(await first.osPid());
    execute(second, 'hello');
    expect(await second.told('task_ended')).toMatchObject({ completed: true });
  });

  it('has a link and a model key of its own', async () => {
    ground = await EffectGround.make();
    const first = await ground.start('echo');
    first.stop();
    await ground.start('echo', { incarnation: 2 });
    const sockets = ['7-1.sock', '7-2.sock'].map((name) => join(ground.dir, 'run', name));
    expect(sockets.map((path) => existsSync(path))).toEqual([false, true]);
    expect(ground.keys.has(first.pid)).toBe(true);
  });

  it('is called off by a stop while it waits', async () => {
    ground = await EffectGround.make();
    const first = await ground.start('stubborn');
    first.stop(200);
    const second = ground.begin('echo', { incarnation: 2 });
    second.stop();
    expect(await second.told('exited')).toMatchObject({ detail: 'it was stopped as it started' });
    expect(factsOf()).toEqual(['started 1', 'ready 1', 'exited 1', 'exited 2']);
    const third = await ground.start('echo', { incarnation: 3 });
    expect(ground.keys.has(third.pid)).toBe(true);
  });

  it('is refused while the one before it lives', async () => {
    ground = await EffectGround.make();
    const first = await ground.start('echo');
    const second = ground.begin('echo', { incarnation: 2 });
    expect((await second.told('start_failed')).error).toBe('process 7 still runs');
    execute(first, 'hello');
    expect(await first.told('task_ended')).toMatchObject({ completed: true });
  });

  it('is not ended by a late stop of the one before it', async () => {
    ground = await EffectGround.make();
    const first = await ground.start('echo');
    first.stop();
    const second = await ground.start('echo', { incarnation: 2 });
    first.stop(0);
    execute(second, 'hello');
    expect(await second.told('task_ended')).toMatchObject({ completed: true });
  });
});

describe('the log of a process', () => {
  it('goes on over its incarnations', async () => {
    ground = await EffectGround.make();
    for (const incarnation of [1, 2, 3]) {
      const agent = await ground.start('echo', { incarnation });
      agent.stop();
      await agent.told('exited');
    }
    const log = await readFile(join(ground.dir, 'data', 'logs', '7.log'), 'utf8');
    expect(log.match(/^ready in /gm)).toHaveLength(3);
  });
});

describe('what an agent forked and detached', () => {
  it.each([
    { image: 'fork', how: 'killed' },
    { image: 'stray', how: 'killed' },
    { image: 'orphan', how: 'killed' },
    { image: 'fork', how: 'asked to end' },
    { image: 'stray', how: 'asked to end' },
    { image: 'orphan', how: 'asked to end' },
    { image: 'orphan', how: 'crashed' },
  ])('dies with it: $image, $how (P10)', async ({ image, how }) => {
    ground = await EffectGround.make();
    const agent = await ground.start(image);
    const child = Number((await agent.line(/^child/)).split(' ')[1]);
    if (how === 'crashed') execute(agent, 'die');
    else agent.stop(how === 'killed' ? 0 : 5_000);
    await agent.told('exited');
    await untilState(child, 'gone');
  });
});

describe('the end of an agent', () => {
  it('by a signal from outside names the signal', async () => {
    ground = await EffectGround.make();
    const agent = await ground.start('echo');
    process.kill(await agent.osPid(), 'SIGKILL');
    const exit = await agent.told('exited');
    expect(exit).toMatchObject({ cause: 'crashed', exitCode: 137 });
    expect(exit.detail).toMatch(/^signal SIGKILL/);
  });
});

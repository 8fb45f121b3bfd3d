import { asPid } from '@hivekernel/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { EffectGround } from './effect-ground.ts';

let ground: EffectGround;
afterEach(() => ground[Symbol.asyncDispose]());

describe('Runtime.dump()', () => {
  it('joins what the kernel knows and what the agent says of itself (S1)', async () => {
    ground = await EffectGround.make();
    const agent = await ground.start('echo');
    expect(await agent.dump()).toEqual({ kernel: { pid: 7 }, agent: { tasks: [] } });
  });

  it.each([
    { image: 'no-dump', why: 'it gave no answer: there is nothing to say' },
    { image: 'babbler', why: 'it answered with something that is not JSON' },
    { image: 'mute', why: 'it did not answer within 2 s' },
  ])('says why the part of "$image" is missing', async ({ image, why }) => {
    ground = await EffectGround.make();
    const agent = await ground.start(image);
    expect(await agent.dump()).toEqual({ kernel: { pid: 7 }, agent: { error: why } });
  });

  it('does not ask a paused one', async () => {
    ground = await EffectGround.make();
    const agent = await ground.start('echo');
    agent.pause();
    expect((await agent.dump()).agent).toEqual({ error: 'it is paused' });
    agent.resume();
    expect((await agent.dump(2)).agent).toEqual({ tasks: [] });
  });

  it('does not wait for one that starts', async () => {
    ground = await EffectGround.make();
    const agent = ground.begin('deaf');
    expect((await agent.dump()).agent).toEqual({ error: 'it is starting' });
  });

  it('tells the kernel’s part alone where no OS process is', async () => {
    ground = await EffectGround.make();
    const agent = await ground.start('echo');
    agent.stop(0);
    await agent.told('exited');
    const nobody = { kernel: { pid: 7 }, agent: { error: 'it has no OS process' } };
    expect(await agent.dump()).toEqual(nobody);
    const { host, runtime } = ground;
    const to = { channel: 'test', pid: asPid(1), id: 5 };
    const virtual = { pid: asPid(70), incarnation: 0, to, key: 'k', known: '{}' };
    runtime.dump({ do: 'dump', ...virtual });
    await host.until(() => host.facts.find((one) => one.fact === 'dumped' && one.to.id === 5));
  });
});

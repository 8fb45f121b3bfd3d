import { afterEach, describe, expect, it } from 'vitest';
import type { TaskContext } from './context.ts';
import { defineAgent } from '../agent.ts';
import { TestKernel } from '../testing/test-kernel.ts';

const kernels: TestKernel[] = [];

afterEach(async () => {
  for (const kernel of kernels.splice(0)) await kernel.stop();
});

/** 2 over 3 and 4, 3 over 5; runs code as a task of 3. */
async function asLead<T>(work: (ctx: TaskContext) => Promise<T>): Promise<T> {
  const result = Promise.withResolvers<T>();
  const lead = defineAgent(async (_task, ctx) => work(ctx).then(result.resolve, result.reject));
  const idle = defineAgent(() => 'idle');
  const kernel = new TestKernel({ images: { lead, idle } });
  kernels.push(kernel);
  const top = await kernel.spawn({ name: 'top', image: 'idle' });
  const pid = await kernel.spawn({ name: 'lead', image: 'lead' }, top);
  await kernel.spawn({ name: 'other', image: 'idle' }, top);
  await kernel.spawn({ name: 'worker', image: 'idle' }, pid);
  await kernel.execute(pid, 'go');
  return result.promise;
}

const pidsOf = (all: readonly { pid: number }[]): number[] => all.map(({ pid }) => pid);

describe('Context.requestResources()', () => {
  it('asks for tokens, and for dollars in millionths', async () => {
    const asked = asLead(async (ctx) => {
      await ctx.requestTokens(500, 'a longer text');
      await ctx.requestResources({ resource: 'usd', amount: 0.5, why: 'a dearer model' });
    });
    await expect(asked).resolves.toBeUndefined();
  });
});

describe('TreeCalls', () => {
  it('names the ancestors from the parent up to the king, of itself and of others', async () => {
    const [own, ofChild] = await asLead(async (ctx) => [
      await ctx.ancestors(),
      await ctx.ancestors(5),
    ]);
    expect(pidsOf(own)).toEqual([2, 1]);
    expect(own.at(-1)).toMatchObject({ name: 'king', role: 'kernel', ppid: 0 });
    expect(pidsOf(ofChild)).toEqual([3, 2, 1]);
  });

  it('finds the nearest common ancestor, which may be one of the two', async () => {
    const found = await asLead(async (ctx) => [
      await ctx.commonAncestor(5, 4),
      await ctx.commonAncestor(0, 5),
      await ctx.commonAncestor(1, 5),
    ]);
    expect(pidsOf(found)).toEqual([2, 3, 1]);
  });

  it('tells the nodes of a branch', async () => {
    expect(await asLead((ctx) => ctx.nodesOf())).toEqual(['test']);
  });

  it('lists all processes, parents first, or a branch; dead ones when asked', async () => {
    const [all, branch, alive, withDead] = await asLead(async (ctx) => {
      const before = [await ctx.processes(), await ctx.processes({ root: 3 })];
      await ctx.kill(5);
      return [
        ...before,
        await ctx.processes({ root: 3 }),
        await ctx.processes({ root: 3, includeDead: true }),
      ];
    });
    expect(pidsOf(all ?? [])).toEqual([1, 2, 3, 5, 4]);
    expect(pidsOf(branch ?? [])).toEqual([3, 5]);
    expect(pidsOf(alive ?? [])).toEqual([3]);
    expect(withDead?.at(-1)).toMatchObject({ pid: 5, state: 'dead', exitCause: 'killed' });
  });

  it('picks children by a state that the wire has no number for', async () => {
    const [paused, idle] = await asLead(async (ctx) => {
      await ctx.sendSignal(5, 'STOP');
      return [await ctx.children({ state: 'paused' }), await ctx.children({ state: 'idle' })];
    });
    expect([pidsOf(paused ?? []), pidsOf(idle ?? [])]).toEqual([[5], []]);
  });
});

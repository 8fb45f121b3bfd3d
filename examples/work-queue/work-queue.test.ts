import { TestKernel } from '@hivekernel/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { QueueLead } from './work-queue.ts';

const kernel = new TestKernel({ images: { lead: QueueLead } });

afterEach(() => kernel.stop());

describe('QueueLead', () => {
  it('has all of its jobs done, although one of its workers falls over', async () => {
    const pid = await kernel.spawn({ name: 'lead', role: 'lead', image: 'lead' });
    const { output } = await kernel.execute(pid, { description: 'factors', params: { jobs: 12 } });
    expect(output).toMatch(/^12 of 12 done: ada [1-9]\d*, bob 1, cleo [1-9]\d*$/);
    const fallen = kernel.processes.find(({ spawn }) => spawn.name === 'bob');
    expect(await fallen?.ended).toMatchObject({ exitCode: 1, output: 'fell over' });
    expect(await kernel.king.queues()).toEqual([]);
  });
});

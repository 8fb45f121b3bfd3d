// What the agents do about a refusal; that it comes to the token is the kernel's, and tested with a
// daemon.
import { TestKernel, TestModel } from '@hivekernel/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BudgetLab } from './budget-lab.ts';

const PAID = 2;
const REFUSAL = {
  status: 429,
  error: { code: 'budget_exhausted', message: 'The call is refused.' },
} as const;
const ALARM = { type: 'escalation', fromName: 'runaway' };

let kernel: TestKernel;
let model: TestModel;
let refused = Promise.withResolvers<void>();
/** Whether calls are paid for again. */
let hasMore = false;

beforeEach(async () => {
  hasMore = false;
  refused = Promise.withResolvers<void>();
  model = await TestModel.start(() => {
    if (hasMore || model.requests.length <= PAID) return 'It never ends.';
    refused.resolve();
    return REFUSAL;
  });
  kernel = new TestKernel({ images: { lab: BudgetLab }, env: model.env });
});

afterEach(async () => {
  await kernel.stop();
  await model.stop();
});

const alarmOf = (fromPid: number, issue = 'budget_exhausted') => ({
  ...ALARM,
  fromPid,
  payload: new TextEncoder().encode(JSON.stringify({ issue, fromPid })),
});

describe('BudgetLab', () => {
  it('lets a child that is refused ask for more, and no more often than said', async () => {
    const lab = await kernel.spawn({ name: 'lab', role: 'lead', image: 'lab' });
    const params = { rounds: 4, tokens: 100, grant: 50, grants: 1 };
    const result = kernel.execute(lab, { description: 'spin', params });
    await refused.promise;
    const runaway = kernel.processes.find(({ spawn }) => spawn.name === 'runaway');
    expect(runaway?.spawn.limits?.maxTokensTotal).toBe(100);
    hasMore = true;
    const pid = runaway?.pid ?? 0;
    expect(await kernel.deliver(lab, alarmOf(pid, 'hung'))).toMatchObject({ status: 3 });
    await kernel.deliver(lab, alarmOf(pid));
    expect((await result).output).toMatch(/^4 rounds for \d+ tokens, refusals: 1$/);
    const wishes = kernel.calls.filter(({ kind }) => kind === 'requestResources');
    expect(wishes).toMatchObject([{ pid, value: { resourceType: 'tokens', amount: 50 } }]);
    expect(model.requests).toHaveLength(5);
    expect(await kernel.deliver(lab, alarmOf(pid))).toMatchObject({ status: 3 });
  });
});

import { testKernel, messageOrder, taskSpec } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';

describe('smoke', () => {
  it('runs', () => {
    const t = testKernel();
    const a = t.spawn({ image: 'hold', role: 'lead' });
    const b = t.spawn({ image: 'echo' }, { pid: a });
    expect(t.view(b).state).toBe('idle');
    const task = t.call('execute_on', { pid: b, spec: taskSpec() }, { pid: a });
    expect(task.value.outcome).toBe('completed');
    t.call('send', messageOrder({ to: b }), { pid: a });
    t.call('kill', { pid: a, isRecursive: true, reason: 'normal', graceMs: 0 });
    t.advanceMs(200_000);
  });
});

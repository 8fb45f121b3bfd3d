import { messageOrder, spawnOrder, testKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid } from '../ids.ts';

describe('Refusals', () => {
  it('write the first of a process and rule with who, what and the rule (A4)', () => {
    const t = testKernel();
    const pid = t.spawn({ role: 'architect' });
    const { refusal } = t.call('spawn', spawnOrder(), { pid });
    expect(t.eventsOf('syscall.refused').map(({ body }) => body)).toEqual([
      {
        pid,
        syscall: 'spawn',
        rule: 'A2',
        code: 'permission_denied',
        message: refusal.message,
        count: 1,
      },
    ]);
  });

  it('count the rest into one summary a second (A4)', () => {
    const t = testKernel();
    const pid = t.spawn({ role: 'architect' });
    for (let i = 0; i < 500; i += 1) t.call('spawn', spawnOrder(), { pid });
    const counts = (): number[] => t.eventsOf('syscall.refused').map(({ body }) => body.count);
    expect(counts()).toEqual([1]);
    t.advanceMs(1_000);
    expect(counts()).toEqual([1, 499]);
    t.advanceMs(60_000);
    expect(counts()).toEqual([1, 499]);
    t.call('spawn', spawnOrder(), { pid });
    expect(counts()).toEqual([1, 499, 1]);
  });

  it('are apart by process, call and rule (A4)', () => {
    const t = testKernel();
    const one = t.spawn({ role: 'architect' });
    const two = t.spawn({ role: 'architect' });
    const lead = t.spawn({ role: 'lead' });
    t.call('spawn', spawnOrder(), { pid: one });
    t.call('spawn', spawnOrder(), { pid: two });
    t.call('info', { pid: asPid(99) }, { pid: one });
    t.call('spawn', spawnOrder({ user: 'leo' }), { pid: lead });
    t.call('spawn', spawnOrder({ tools: ['bash'] }), { pid: lead });
    expect(t.eventsOf('syscall.refused').map(({ body }) => [body.pid, body.rule])).toEqual([
      [one, 'A2'],
      [two, 'A2'],
      [one, ''],
      [lead, 'A1'],
      [lead, 'A3'],
    ]);
  });

  it('keep windows for callers that never were within a bound', () => {
    const t = testKernel();
    for (let pid = 1_000; pid < 13_000; pid += 1) {
      t.hold('send', messageOrder(), { pid: asPid(pid) });
      t.hold('send', messageOrder(), { pid: asPid(pid) });
    }
    t.pass();
    // What had to give way was summed up first.
    const counts = t.eventsOf('syscall.refused').reduce((sum, { body }) => sum + body.count, 0);
    expect(counts).toBe(12_000 + 2_000);
    t.advanceMs(2_000);
    const all = t.eventsOf('syscall.refused').reduce((sum, { body }) => sum + body.count, 0);
    expect(all).toBe(24_000);
    expect(t.kernel.nextDeadline).toBeUndefined();
  });
});

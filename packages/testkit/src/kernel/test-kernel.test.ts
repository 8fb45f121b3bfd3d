import { asPid } from '@hivekernel/kernel';
import { describe, expect, it } from 'vitest';
import { messageOrder, taskSpec } from './orders.ts';
import { testKernel, TestKernel, Ticket } from './test-kernel.ts';

describe('TestKernel', () => {
  it('drives processes by the script that their image names', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'echo' });
    const ticket = t.call('execute_task', { pid, spec: taskSpec({ description: 'hi' }) });
    expect(ticket.value.result.output).toBe('hi');
    expect(t.runtime.agent(pid)).toMatchObject({ incarnation: 1, isGone: false });
    expect(() => t.spawn({ image: 'nobody' })).toThrow(/no behaviour is named/);
  });

  it('stops at every instant that the kernel asks for', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    t.call('execute_task', { pid, spec: taskSpec({ timeoutMs: 1_500 }) });
    t.advanceMs(10_000);
    expect(t.eventsOf('task.ended')[0]?.monoMs).toBe(1_500);
    expect(t.time.monoMs).toBe(10_000);
  });

  it('finds a state that its events do not give', () => {
    const t = new TestKernel();
    const pid = t.spawn();
    t.check();
    t.kernel.state.table.require(pid).lastOutput = 'from nowhere';
    expect(() => t.check()).toThrow(/live and fold\(all\) differ/);
  });

  it('finds a counter that is not true', () => {
    const t = new TestKernel();
    t.spawn();
    t.kernel.state.table.king.liveChildren = 7;
    expect(() => t.check()).toThrow(/liveChildren is counted as 7 and is 1/);
    t.kernel.state.table.king.liveChildren = 1;
    t.call('send', messageOrder({ to: asPid(2) }));
    t.kernel.state.office.openBox(asPid(2)).bytes = 0;
    expect(() => t.check()).toThrow(/mailbox 2: 0 bytes counted/);
  });

  it('folds from an early snapshot when it boots again', () => {
    const t = testKernel({ seed: 3 });
    for (let i = 0; i < 50; i += 1) t.spawn();
    const before = t.kernel.snapshot();
    const booted = t.events.length;
    t.reboot();
    expect(t.events).toHaveLength(booted + 1);
    const { processes } = JSON.parse(t.kernel.snapshot()) as { processes: unknown[] };
    expect(processes).toEqual((JSON.parse(before) as { processes: unknown[] }).processes);
  });
});

describe('Ticket', () => {
  it('is answered once, and gives either the value or the refusal', () => {
    const ticket = new Ticket({ channel: 'c', pid: asPid(1), id: 1 });
    expect(() => ticket.value).toThrow(/not answered/);
    expect(() => ticket.refusal).toThrow(/not answered/);
    ticket.answer({ ok: true, value: 5 });
    expect(ticket.value).toBe(5);
    expect(() => ticket.refusal).toThrow(/was not refused/);
    expect(() => ticket.answer({ ok: true, value: 6 })).toThrow(/twice/);
  });
});

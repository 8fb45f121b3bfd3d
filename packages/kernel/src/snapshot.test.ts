import { artifactOrder, messageOrder, taskSpec, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid } from './ids.ts';
import { Kernel } from './kernel.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const fresh = (): Kernel => new Kernel({ settings: DEFAULT_SETTINGS, partition: 0 });

/** Somewhere in the middle of everything. */
function busy(): TestKernel {
  const t = testKernel();
  const lead = t.spawn({ name: 'lead', role: 'lead', image: 'deaf' });
  const worker = t.spawn({ name: 'worker', image: 'stubborn' }, { pid: lead });
  const zombie = t.spawn({ name: 'zombie', image: 'hold' }, { pid: lead });
  t.call('execute_task', { pid: lead, spec: taskSpec({ timeoutMs: 9_000 }) });
  const [task] = t.runtime.agent(lead).tasks.keys();
  t.call('execute_on', { pid: worker, spec: taskSpec() }, { pid: lead, task: task ?? null });
  t.call('wait_child', { pid: worker, timeoutMs: 0 }, { pid: lead });
  const virtual = t.spawn({ name: 'virtual' }, { pid: lead });
  t.call('send', messageOrder({ to: virtual, ttlMs: 5_000 }), { pid: lead });
  t.call('store', artifactOrder({ visibility: 'subtree' }), { pid: zombie });
  t.runtime.exits(zombie);
  t.pass();
  const issue = { issue: 'i', severity: 'error', context: {}, autoPropagate: true } as const;
  t.call('escalate', issue, { pid: worker });
  t.call('kill', { pid: worker, isRecursive: false, reason: 'normal', graceMs: 9 }, { pid: lead });
  return t;
}

describe('snapshots', () => {
  it('give the same text back after a restore, and the same future', () => {
    const t = busy();
    const text = t.kernel.snapshot();
    const kernel = fresh();
    kernel.restore(text);
    kernel.resume();
    expect(kernel.snapshot()).toBe(text);
    expect(kernel.stamp).toEqual(t.kernel.stamp);
    expect([...kernel.owedRefs()]).toEqual([...t.kernel.owedRefs()]);
    const { wallMs, monoMs } = t.time;
    const later = { wallMs: wallMs + 40_000, monoMs: monoMs + 40_000 };
    for (const one of [kernel, t.kernel]) {
      one.tick(later);
      const exited = { fact: 'exited', pid: asPid(3), incarnation: 1, exitCode: 0 } as const;
      one.input({ ...exited, cause: 'crashed', detail: '' }, later);
    }
    const events = kernel.drain().events;
    expect(events).toEqual(t.drain().events);
    expect(events.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['message.dropped', 'task.ended', 'escalation.moved', 'kill.ended']),
    );
  });

  it.each([
    ['no JSON', 'not { json', 'data_loss'],
    ['another version', '{"v":999}', 'conflict'],
  ])('are refused when they are %s', (_, text, code) => {
    expect(() => fresh().restore(text)).toThrow(expect.objectContaining({ code }));
  });

  it('and the fold keep to the settings of the time, though a boot changed them (D2)', () => {
    const t = testKernel({ settings: { agingMsPerLevel: 5, artifactVersionsKept: 3 } });
    const pid = t.spawn({ role: 'lead' });
    const sends = (priority: 0 | 3): void => {
      const { message } = t.call('send', messageOrder({ to: pid, priority })).value;
      ids.push(message);
    };
    const stores = (): number => {
      t.call('store', artifactOrder(), { pid });
      return t.kernel.state.catalog.newestNamed('report')?.versions.length ?? 0;
    };
    const ids: number[] = [];
    sends(3);
    for (let i = 0; i < 4; i += 1) stores();
    expect(stores()).toBe(3);
    t.takeSnapshot();
    t.reboot({ agingMsPerLevel: 1_000, artifactVersionsKept: 1 });
    expect(t.kernel.state.catalog.newestNamed('report')?.versions).toHaveLength(3);
    expect(stores()).toBe(1);
    expect(t.kernel.state.catalog.bytesOf('root')).toBe(artifactOrder().content.bytes);
    sends(3);
    t.advanceMs(20);
    sends(0);
    const order = t.call('list_inbox', { pid }).value.messages.map(({ message }) => message);
    // What was sent at 5 ms a level is first; at 1,000 ms a level 20 ms are not worth three.
    expect(order).toEqual([ids[0], ids[2], ids[1]]);
    t.reboot({ artifactVersionsKept: 2 });
    expect(stores()).toBe(2);
  });

  it('name all content that must be kept', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'deaf' });
    const hash = (n: number): string => String(n).repeat(64);
    const content = (n: number) => ({ bytes: 5_000, hash: hash(n) });
    t.call('store', artifactOrder({ content: content(1) }), { pid });
    t.call('store', artifactOrder({ content: content(2) }), { pid });
    t.call('send', messageOrder({ to: pid, content: content(3) }));
    t.call('execute_task', { pid, spec: taskSpec({ context: content(4) }) });
    t.call('store', artifactOrder({ key: 'small' }), { pid });
    expect([...t.kernel.liveHashes()].toSorted()).toEqual([1, 2, 3, 4].map(hash));
    t.runtime.exits(pid);
    t.pass();
    // The letter is dead and kept; the task is over.
    expect([...t.kernel.liveHashes()].toSorted()).toEqual([1, 2, 3].map(hash));
  });
});

import { spawnOrder, testKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, pidOf } from '../ids.ts';
import { Kernel } from '../kernel.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';

describe('ProcessTable', () => {
  it('starts with the king as P2 has it', () => {
    const t = testKernel();
    expect(t.view(1)).toMatchObject({
      pid: 1,
      ppid: 0,
      name: 'king',
      user: 'root',
      role: 'kernel',
      tier: 'strategic',
      model: 'opus',
      state: 'running',
      address: '/king',
      node: 'vps1',
    });
    expect(t.call('usage', {}).value.childrenMax).toBe(100);
  });

  it('lets nobody else have role kernel, and the king is neither killed nor exits (P2)', () => {
    const t = testKernel();
    expect(t.call('spawn', spawnOrder({ role: 'kernel' })).refusal.code).toBe('invalid_argument');
    const kill = { pid: asPid(1), isRecursive: true, reason: 'normal', graceMs: 0 } as const;
    expect(t.call('kill', kill).refusal.code).toBe('permission_denied');
    expect(t.call('exit', { exitCode: 0, output: '' }).refusal.code).toBe('permission_denied');
  });

  it('counts pids up by one and never gives one twice (P1)', () => {
    const t = testKernel();
    const first = t.spawn();
    expect(first).toBe(2);
    expect(t.call('spawn', spawnOrder({ image: 'broken' })).refusal.code).toBe('start_failed');
    const third = t.spawn();
    expect(third).toBe(4);
    t.call('kill', { pid: third, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.advanceMs(120_000);
    expect(t.call('info', { pid: third }).refusal.code).toBe('not_found');
    expect(t.spawn()).toBe(5);
  });

  it('goes on counting after a restart, also behind a pid whose record is gone (P1)', () => {
    const t = testKernel();
    const gone = t.spawn();
    t.call('kill', { pid: gone, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.advanceMs(120_000);
    t.reboot();
    expect(t.spawn()).toBe(gone + 1);
    const text = t.kernel.snapshot();
    const restored = new Kernel({ settings: DEFAULT_SETTINGS, partition: 0 });
    restored.restore(text);
    expect(restored.state.table.nextPid).toBe(gone + 2);
  });

  it('puts the number of the partition into the high bits of a pid (P1)', () => {
    const kernel = new Kernel({ settings: DEFAULT_SETTINGS, partition: 3 });
    expect(kernel.state.table.nextPid).toBe(pidOf(3, 1));
  });

  it('gives namesakes a suffix and frees an address when its process is gone (P7)', () => {
    const t = testKernel();
    const addressOf = (pid: number): string => t.view(pid).address;
    const first = t.spawn({ name: 'w' });
    const second = t.spawn({ name: 'w' });
    const slashed = t.spawn({ name: 'a/b' });
    expect([first, second, slashed].map(addressOf)).toEqual([
      '/king/w',
      '/king/w~2',
      '/king/a%2Fb',
    ]);
    expect(t.call('spawn', spawnOrder({ name: '42' })).refusal.message).toContain('digits only');
    const parent = t.kernel.state.table.atAddress('/king/w');
    expect(parent?.pid).toBe(first);
    t.call('kill', { pid: first, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(t.kernel.state.table.atAddress('/king/w')).toBeUndefined();
    expect(addressOf(t.spawn({ name: 'w' }))).toBe('/king/w');
    // The record of the first one keeps telling what its address was.
    expect(addressOf(first)).toBe('/king/w');
  });

  it('keeps the address over an adoption (P7, P9)', () => {
    const t = testKernel();
    const lead = t.spawn({ name: 'lead', role: 'lead' });
    const worker = t.spawn({ name: 'w' }, { pid: lead });
    t.call('kill', { pid: lead, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(t.view(worker)).toMatchObject({ ppid: 1, address: '/king/lead/w', state: 'idle' });
  });

  it('finds a free suffix among a thousand namesakes, one of them named like a suffix', () => {
    const t = testKernel({ settings: { kingChildrenMax: 2_000 } });
    t.spawn({ name: 'w~3' });
    const addresses = Array.from({ length: 1_000 }, () => t.view(t.spawn({ name: 'w' })).address);
    expect(new Set(addresses).size).toBe(1_000);
    expect(addresses.slice(0, 3)).toEqual(['/king/w', '/king/w~2', '/king/w~4']);
  });
});

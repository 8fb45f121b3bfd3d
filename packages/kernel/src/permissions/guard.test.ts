import { artifactOrder, messageOrder, spawnOrder, testKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid } from '../ids.ts';
import type { AclRule } from '../settings.ts';

const rule = (wish: Partial<AclRule>): AclRule => ({
  effect: 'deny',
  who: { by: 'everyone' },
  actions: [],
  whom: undefined,
  text: 'a rule',
  ...wish,
});

const kernelWith = (...aclRules: AclRule[]) => testKernel({ settings: { aclRules } });

describe('custom rules (A2)', () => {
  it('come before the table, both ways', () => {
    const t = kernelWith(
      rule({ effect: 'allow', who: { by: 'role', role: 'architect' }, actions: ['send_message'] }),
      rule({ who: { by: 'role', role: 'worker' }, actions: ['write_artifact'], text: 'no notes' }),
    );
    const architect = t.spawn({ role: 'architect' });
    const worker = t.spawn({ role: 'worker' });
    expect(t.call('send', messageOrder({ to: worker }), { pid: architect }).result?.ok).toBe(true);
    const { refusal } = t.call('store', artifactOrder(), { pid: worker });
    expect(refusal.code).toBe('permission_denied');
    expect(refusal.message).toContain('"no notes"');
  });

  it('hold in their order: the first that matches wins', () => {
    const worker = { by: 'role', role: 'worker' } as const;
    const one = rule({ who: { by: 'address', address: '/king/pet' }, effect: 'allow' });
    const t = kernelWith(one, rule({ who: worker, actions: ['write_artifact'] }));
    const pet = t.spawn({ name: 'pet', role: 'worker' });
    const other = t.spawn({ name: 'other', role: 'worker' });
    expect(t.call('store', artifactOrder(), { pid: pet }).result?.ok).toBe(true);
    expect(t.call('store', artifactOrder(), { pid: other }).refusal.code).toBe('permission_denied');
  });

  it('that name whom say nothing of others, nor of what concerns nobody', () => {
    const guarded = rule({ whom: { by: 'role', role: 'daemon' } });
    const t = kernelWith(guarded);
    const daemon = t.spawn({ role: 'daemon' });
    const lead = t.spawn({ role: 'lead' });
    const worker = t.spawn({ role: 'worker' });
    const from = { pid: worker };
    expect(t.call('send', messageOrder({ to: daemon }), from).refusal.code).toBe(
      'permission_denied',
    );
    expect(t.call('send', messageOrder({ to: lead }), from).result?.ok).toBe(true);
    expect(t.call('store', artifactOrder(), from).result?.ok).toBe(true);
  });

  it('reach below an address with /*, and never over the border of a user (A1)', () => {
    const tree = { by: 'address', address: '/king/desk/*' } as const;
    const t = kernelWith(rule({ effect: 'allow' }), rule({ who: tree }));
    const leo = t.spawn({ user: 'leo' });
    const desk = t.spawn({ name: 'desk', role: 'lead' });
    expect(t.call('info', { pid: leo }, { pid: desk }).refusal.message).toContain('user "leo"');
    const strict = kernelWith(rule({ who: tree, actions: ['spawn'] }));
    const lead = strict.spawn({ name: 'desk', role: 'lead' });
    const below = strict.spawn({ role: 'worker' }, { pid: lead });
    expect(strict.call('spawn', spawnOrder(), { pid: lead }).result?.ok).toBe(true);
    expect(strict.call('spawn', spawnOrder(), { pid: below }).refusal.code).toBe(
      'permission_denied',
    );
  });

  it('leave the exemptions alone: oneself, the child, the parent (A1)', () => {
    const t = kernelWith(rule({ actions: ['send_message', 'read_process', 'escalate'] }));
    const lead = t.spawn({ role: 'lead' });
    const child = t.spawn({}, { pid: lead });
    expect(t.call('info', { pid: asPid(0) }, { pid: child }).result?.ok).toBe(true);
    expect(t.call('info', { pid: child }, { pid: lead }).result?.ok).toBe(true);
    expect(t.call('send', messageOrder({ to: lead }), { pid: child }).result?.ok).toBe(true);
    expect(t.call('send', messageOrder({ to: child }), { pid: lead }).result?.ok).toBe(true);
  });

  it('may let a stranger kill, whom the table would not let', () => {
    const killer = { by: 'address', address: '/king/reaper' } as const;
    const t = kernelWith(rule({ effect: 'allow', who: killer, actions: ['kill'] }));
    const reaper = t.spawn({ name: 'reaper', role: 'worker' });
    const kill = { pid: t.spawn(), isRecursive: false, reason: 'normal', graceMs: 0 } as const;
    const { refusal } = t.call('kill', kill, { pid: reaper });
    expect(refusal.message).toContain('role worker does not hold kill_processes (A3)');
    t.call('grant', { pid: reaper, capability: 'kill_processes' });
    expect(t.call('kill', kill, { pid: reaper }).result?.ok).toBe(true);
  });
});

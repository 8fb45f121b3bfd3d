import { messageOrder, testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { BodyOf } from '../events/event.ts';
import type { Relay } from '../events/words.ts';
import { asPid, type Pid } from '../ids.ts';

/**
 * king > lead > (one > (child > grandchild, task), two > cousin, asleep, zombie, dead), stranger of
 * another user; all have a runtime that reads nothing by itself.
 */
function family(t: TestKernel, relay?: Relay): Readonly<Record<string, Pid>> {
  const grow = (name: string, parent: Pid, role: 'lead' | 'worker' | 'task' = 'worker'): Pid =>
    t.spawn(
      { name, role, image: 'deaf', relay: name === 'lead' ? relay : undefined },
      {
        pid: parent,
      },
    );
  const king = asPid(1);
  const lead = grow('lead', king, 'lead');
  const one = grow('one', lead);
  const child = grow('child', one);
  const two = grow('two', lead);
  const rest = {
    grandchild: grow('grandchild', child),
    task: grow('task', one, 'task'),
    cousin: grow('cousin', two),
    asleep: grow('asleep', one),
    zombie: grow('zombie', one),
    dead: grow('dead', one),
    stranger: t.spawn({ name: 'stranger', user: 'leo', role: 'lead', image: 'deaf' }),
    unknown: asPid(9_999),
  };
  t.call('sleep', { pid: rest.asleep });
  t.runtime.exits(rest.zombie);
  t.call('kill', { pid: rest.dead, isRecursive: false, reason: 'normal', graceMs: 0 });
  return { king, lead, one, child, two, ...rest };
}

const sentTo = (t: TestKernel, to: Pid): BodyOf<'message.sent'>[] =>
  t.eventsOf('message.sent').flatMap(({ body }) => (body.to === to ? [body] : []));

describe('the way of a message (M1)', () => {
  // from, to, relation or refusal, route (left out: direct), via
  it.each([
    ['one', 'one', 'other'],
    ['one', 'lead', 'child'],
    ['lead', 'one', 'parent'],
    ['one', 'two', 'sibling', 'siblings', 'lead'],
    ['lead', 'child', 'other'],
    ['child', 'lead', 'other'],
    ['king', 'grandchild', 'other'],
    ['grandchild', 'king', 'other'],
    ['child', 'cousin', 'other', 'branches', 'lead'],
    ['grandchild', 'two', 'other', 'branches', 'lead'],
    ['one', 'asleep', 'parent'],
    ['child', 'asleep', 'sibling', 'siblings', 'one'],
    ['cousin', 'asleep', 'other', 'branches', 'lead'],
    ['task', 'one', 'child'],
    ['task', 'task', 'other'],
    ['one', 'task', 'parent'],
    ['cousin', 'task', 'other', 'branches', 'lead'],
    ['king', 'stranger', 'parent'],
    ['stranger', 'king', 'child'],
  ] as const)('from %s to %s: %s', (from, to, relation, route?: string, via?: string) => {
    const t = testKernel();
    const all = family(t);
    const pid = all[to] as Pid;
    const { message } = t.call('send', messageOrder({ to: pid }), { pid: all[from] as Pid }).value;
    const sent = sentTo(t, pid).find((body) => body.message === message);
    expect([sent?.relation, sent?.route, sent?.via]).toEqual([
      relation,
      route,
      via === undefined ? undefined : all[via],
    ]);
    expect(t.view(pid).state).toBe(to === 'king' ? 'running' : 'idle');
    if (to !== 'king') expect(t.runtime.agent(pid).delivered.at(-1)?.message).toBe(message);
  });

  it.each([
    ['task', 'lead', 'permission_denied'],
    ['task', 'child', 'permission_denied'],
    ['task', 'cousin', 'permission_denied'],
    ['task', 'king', 'permission_denied'],
    ['one', 'stranger', 'permission_denied'],
    ['stranger', 'one', 'permission_denied'],
    ['one', 'zombie', 'wrong_state'],
    ['one', 'dead', 'wrong_state'],
    ['child', 'dead', 'wrong_state'],
    ['one', 'unknown', 'not_found'],
    ['zombie', 'one', 'unauthenticated'],
    ['dead', 'one', 'unauthenticated'],
  ] as const)('from %s to %s is refused: %s (M1, M8, A1)', (from, to, code) => {
    const t = testKernel();
    const all = family(t);
    const before = t.eventsOf('message.sent').length;
    const ticket = t.call('send', messageOrder({ to: all[to] as Pid }), { pid: all[from] as Pid });
    expect(ticket.refusal.code).toBe(code);
    expect(t.eventsOf('message.sent')).toHaveLength(before);
  });

  it.each(['zombie', 'dead', 'unknown'] as const)('the operator reaches no %s either', (to) => {
    const t = testKernel();
    const all = family(t);
    const order = messageOrder({ to: all[to] as Pid });
    expect(t.call('send', order).refusal.code).toMatch(/wrong_state|not_found/);
  });

  it('wakes a sleeper, by its address too (M8, P7)', () => {
    const t = testKernel();
    const all = family(t);
    expect(t.view(all['asleep'] as Pid).state).toBe('sleeping');
    const order = messageOrder({ toAddress: '/lead/one/asleep' });
    t.call('send', order, { pid: all['one'] as Pid });
    expect(t.view(all['asleep'] as Pid).state).toBe('idle');
  });
});

describe('an address as destination (P7)', () => {
  it.each(['/king/lead/one', '/lead/one', 'lead/one'])('%s names the process', (toAddress) => {
    const t = testKernel();
    const all = family(t);
    const order = messageOrder({ toAddress, to: asPid(9_999) });
    const { message } = t.call('send', order).value;
    const { delivered } = t.runtime.agent(all['one'] as Pid);
    expect(delivered.at(-1)).toMatchObject({ message, fromAddress: '/king' });
  });

  it.each(['/nobody', '/lead/one/', '/', '5', '/king/lead/dead'])(
    '%s is not found',
    (toAddress) => {
      const t = testKernel();
      family(t);
      const { refusal } = t.call('send', messageOrder({ toAddress }));
      expect(refusal).toMatchObject({ code: 'not_found', details: { field: 'to_address' } });
    },
  );

  it('reaches who has it now', () => {
    const t = testKernel();
    const old = t.spawn({ name: 'w', image: 'deaf' });
    t.call('kill', { pid: old, isRecursive: false, reason: 'normal', graceMs: 0 });
    const heir = t.spawn({ name: 'w', image: 'deaf' });
    t.call('send', messageOrder({ toAddress: '/w' }));
    expect(t.runtime.agent(heir).delivered).toHaveLength(1);
  });
});

describe('the relay of the common ancestor (M2)', () => {
  const copies = (t: TestKernel, pid: Pid) =>
    t.runtime.agent(pid).delivered.filter(({ type }) => type.startsWith('sibling_traffic:'));

  it('passes by default, and copies nothing', () => {
    const t = testKernel();
    const all = family(t);
    t.call('send', messageOrder({ to: all['cousin'] as Pid }), { pid: all['child'] as Pid });
    expect(copies(t, all['lead'] as Pid)).toEqual([]);
  });

  it('copies where it is `copy`, as to the parent of siblings (M3)', () => {
    const t = testKernel();
    const all = family(t, 'copy');
    const order = messageOrder({ to: all['cousin'] as Pid, type: 'plan' });
    t.call('send', order, { pid: all['child'] as Pid });
    expect(copies(t, all['lead'] as Pid)).toMatchObject([
      { type: 'sibling_traffic:plan', from: all['child'], priority: 3 },
    ]);
    expect(sentTo(t, all['lead'] as Pid).at(-1)).toMatchObject({
      isCopy: true,
      expiresMonoMs: t.time.monoMs + 60_000,
    });
  });

  it('refuses where it is `deny`, naming it; its own mail and its children’s pass', () => {
    const t = testKernel();
    const all = family(t, 'deny');
    const send = (from: string, to: string) =>
      t.call('send', messageOrder({ to: all[to] as Pid }), { pid: all[from] as Pid });
    const { refusal } = send('child', 'cousin');
    expect(refusal.code).toBe('permission_denied');
    expect(refusal.message).toContain(`lead (pid ${all['lead']})`);
    expect(refusal.message).toContain('M2');
    for (const [from, to] of [
      ['lead', 'child'],
      ['child', 'lead'],
      ['one', 'two'],
      ['king', 'cousin'],
    ] as const) {
      expect(send(from, to).result?.ok).toBe(true);
    }
  });

  it('of the king is a setting; of others by role, or as the spawn says', () => {
    const relayByRole = { ...NOBODY, kernel: 'deny', lead: 'deny' } as const;
    const t = testKernel({ settings: { relayByRole } });
    const [a, b] = ['a', 'b'].map((name) => t.spawn({ name }));
    const send = (from: Pid, to: Pid) => t.call('send', messageOrder({ to }), { pid: from });
    const [x, y] = [a, b].map((pid) => t.spawn({ name: 'x' }, { pid: pid as Pid }));
    expect(send(x as Pid, y as Pid).refusal.message).toContain('king (pid 1)');
    const open = t.spawn({ name: 'open', role: 'lead', relay: 'pass' });
    const shut = t.spawn({ name: 'shut', role: 'lead' });
    for (const lead of [open, shut]) {
      const [p, q] = ['p', 'q'].map((name) => t.spawn({ name }, { pid: lead }));
      const below = t.spawn({ name: 'below' }, { pid: p as Pid });
      expect(send(below, q as Pid).result?.ok).toBe(lead === open);
    }
  });
});

const NOBODY = {
  daemon: 'pass',
  agent: 'pass',
  architect: 'pass',
  worker: 'pass',
  task: 'pass',
} as const;

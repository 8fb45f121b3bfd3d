import { describe, expect, it } from 'vitest';
import { conflictsOf, readGrant, readRule } from './permission-rules.ts';
import { PERMISSION_ROWS, rulesOf } from './permission-rows.ts';

const problemOf = (read: object): unknown => ('problem' in read ? read.problem : undefined);

describe('readRule()', () => {
  it.each([
    ['deny role:worker spawn', { who: { by: 'role', role: 'worker' }, actions: ['spawn'] }],
    ['allow * *', { effect: 'allow', who: { by: 'everyone' }, actions: [] }],
    ['deny user:leo kill', { who: { by: 'user', user: 'leo' } }],
    ['deny desk kill', undefined],
    ['deny /desk kill', { who: { by: 'address', address: '/king/desk' } }],
    ['deny /desk/* kill', { who: { by: 'address', address: '/king/desk/*' } }],
    ['deny /* kill', { who: { by: 'address', address: '/king/*' } }],
    ['  deny   *   send_message   to  role:lead ', { whom: { by: 'role', role: 'lead' } }],
  ])('reads "%s" (A2)', (text, rule) => {
    const read = readRule(text);
    if (rule === undefined) expect(problemOf(read)).toContain('is not one of');
    else expect(read).toMatchObject({ value: rule });
  });

  it.each([
    ['', 'neither allow nor deny'],
    ['forbid * spawn', '"forbid" is neither allow nor deny'],
    ['deny role:worker', 'is not of the form allow|deny WHO ACTION [to WHOM]'],
    ['deny role:worker spawn of role:lead', 'is not of the form'],
    ['deny role:worker spawn to', 'is not of the form'],
    ['deny * spawn to * and more', 'is not of the form'],
    ['deny role:werker spawn', 'did you mean "worker"?'],
    ['deny * spawns', 'did you mean "spawn"?'],
    ['deny /a/*/b spawn', 'stands alone at the end'],
    ['deny user: spawn', 'is not one of'],
    ['allow user:leo kill to user:mia', 'nothing reaches over the border of a user (A1)'],
  ])('refuses "%s": %s', (text, why) => {
    expect(problemOf(readRule(text))).toContain(why);
  });
});

describe('conflictsOf()', () => {
  it('names the rule that contradicts one before it, or repeats it', () => {
    const rules = rulesOf([
      'deny role:worker spawn',
      'deny * kill',
      'allow role:worker spawn',
      'deny * kill',
    ]);
    expect(conflictsOf(rules)).toEqual([
      { at: 2, problem: expect.stringContaining('contradicts "deny role:worker spawn"') as string },
      { at: 3, problem: expect.stringContaining('says the same as') as string },
    ]);
    const read = PERMISSION_ROWS['acl.rules'].kind.parse(rules.map(({ text }) => text));
    expect(read).toMatchObject({ ok: false, problems: [{ path: [2] }, { path: [3] }] });
  });
});

describe('readGrant()', () => {
  it('reads who gets what (A3)', () => {
    expect(readGrant('/coder shell_exec')).toEqual({
      value: { to: { by: 'address', address: '/king/coder' }, capabilities: ['shell_exec'] },
    });
  });

  it.each([
    ['/coder', 'is not of the form'],
    ['/coder shell exec', 'is not of the form'],
    ['/coder shell_exex', 'did you mean "shell_exec"?'],
    ['coder shell_exec', 'is not one of'],
  ])('refuses "%s": %s', (text, why) => {
    expect(problemOf(readGrant(text))).toContain(why);
  });
});

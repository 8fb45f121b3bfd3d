import { spawnOrder, testKernel, type Caller, type TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { Purse } from '../events/words.ts';
import { asPid, KING_PID, type Pid } from '../ids.ts';
import type { BudgetChange } from './treasurer.ts';

const entryOf = (t: TestKernel, pid: Pid | number, purse: Purse = 'tactical') =>
  t.view(pid).budget.find((one) => one.purse === purse);

const kill = (t: TestKernel, pid: Pid, isRecursive = false): void => {
  t.call('kill', { pid, isRecursive, reason: 'normal', graceMs: 0 });
};

const asks = (t: TestKernel, pid: Pid, amount: number, what: 'tokens' | 'usd' = 'tokens') =>
  t.call('request_resources', { what, amount, note: 'more' }, { pid });

function changes(
  t: TestKernel,
  pid: Pid,
  how: { change: BudgetChange; purse?: Purse; from?: Caller },
) {
  const { change, purse, from = {} } = how;
  return t.call('raise_budget', { pid, purse, change, note: 'why' }, from);
}

function spends(t: TestKernel, pid: Pid, value: number): void {
  t.call('metric', { name: 'tokens_consumed', value, labels: {} }, { pid });
}

/** A queen with five million, a lead with one of them, a worker without its own. */
function family(t: TestKernel): { queen: Pid; lead: Pid; worker: Pid } {
  const queen = t.spawn({ name: 'queen', role: 'daemon', limits: { tokensTotalMax: 5_000_000 } });
  const from = { pid: queen };
  const lead = t.spawn({ name: 'lead', role: 'lead', limits: { tokensTotalMax: 1_000_000 } }, from);
  return { queen, lead, worker: t.spawn({ name: 'worker' }, { pid: lead }) };
}

describe('the budget of the king (B1)', () => {
  it('is what the configuration says, by tier, and no dollars', () => {
    const t = testKernel();
    expect(t.view(KING_PID).budget.map(({ purse, allocated }) => [purse, allocated])).toEqual([
      ['strategic', 1_000_000],
      ['tactical', 10_000_000],
      ['operational', 100_000_000],
    ]);
  });

  it('follows the configuration at a boot, and keeps what it was given beside it', () => {
    const t = testKernel();
    changes(t, KING_PID, { change: { by: 500 }, purse: 'strategic' });
    t.reboot();
    expect(entryOf(t, 1, 'strategic')?.allocated).toBe(1_000_500);
    t.reboot({ kingTokens: { strategic: 10, tactical: 20, operational: 30 } });
    expect(t.view(1).budget.map(({ allocated }) => allocated)).toEqual([510, 20, 30]);
    expect(t.eventsOf('budget.configured')).toHaveLength(6);
  });

  it('begins with what was spent before there were budgets', () => {
    const t = testKernel({
      settings: { kingTokens: { strategic: 0, tactical: 0, operational: 0 } },
    });
    const pid = t.spawn();
    spends(t, pid, 700);
    expect(t.view(1).budget).toEqual([]);
    t.reboot({ kingTokens: { strategic: 0, tactical: 1_000, operational: 0 } });
    expect(entryOf(t, 1)).toMatchObject({ allocated: 1_000, spent: 700, remaining: 300 });
  });

  it('has dollars where the configuration names some, and no limit again where it does not', () => {
    const t = testKernel({ settings: { kingUsdMicros: 9_000_000 } });
    const pid = t.spawn({ usdMicros: 4_000_000 });
    expect(entryOf(t, 1, 'usd')).toMatchObject({ given: 4_000_000, remaining: 5_000_000 });
    t.reboot({ kingUsdMicros: 0 });
    expect(entryOf(t, 1, 'usd')).toBeUndefined();
    expect(entryOf(t, pid, 'usd')).toMatchObject({ allocated: 4_000_000 });
    t.reboot({ kingUsdMicros: 5_000_000 });
    expect(entryOf(t, 1, 'usd')).toMatchObject({ given: 4_000_000, remaining: 1_000_000 });
  });
});

describe('an allocation at spawn (B2)', () => {
  it('moves tokens of the child’s tier out of the nearest entry above it', () => {
    const t = testKernel();
    const { queen, lead, worker } = family(t);
    expect(entryOf(t, 1)).toMatchObject({ given: 5_000_000, remaining: 5_000_000 });
    expect(entryOf(t, queen)).toMatchObject({ allocated: 5_000_000, remaining: 4_000_000 });
    expect(t.view(worker).budget).toEqual([]);
    const child = t.spawn(
      { role: 'task', tier: 'operational', limits: { tokensTotalMax: 7 } },
      { pid: lead },
    );
    expect(entryOf(t, child, 'operational')).toMatchObject({ allocated: 7 });
    expect(entryOf(t, 1, 'operational')).toMatchObject({ given: 7 });
    expect(t.call('usage', {}, { pid: worker }).value.tokensRemaining).toBe(1_000_000);
  });

  it('is refused with the numbers where the giver has less, and leaves nothing (P5)', () => {
    const t = testKernel();
    const { lead } = family(t);
    const before = t.kernel.snapshot();
    const order = spawnOrder({ name: 'greedy', limits: { tokensTotalMax: 1_000_001 } });
    const { refusal } = t.call('spawn', order, { pid: lead });
    expect(refusal.code).toBe('budget_exhausted');
    expect(refusal.message).toBe(
      'The spawn is refused: 1,000,001 tactical tokens are wanted, and lead (pid 3) has ' +
        '1,000,000 left of 1,000,000 (B2). Raise the budget of process 3.',
    );
    expect(refusal.details).toMatchObject({ payer: lead, wanted: 1_000_001, remaining: 1_000_000 });
    const { processes, budgets } = JSON.parse(t.kernel.snapshot()) as Record<string, unknown>;
    expect(JSON.parse(before)).toMatchObject({ processes, budgets });
  });

  it('is asked last: another reason is told first (P5)', () => {
    const t = testKernel();
    const { lead } = family(t);
    const wish = { name: '', limits: { tokensTotalMax: 2_000_000 } };
    const { refusal } = t.call('spawn', spawnOrder(wish), { pid: lead });
    expect(refusal).toMatchObject({ code: 'invalid_argument', details: { field: 'name' } });
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('of %d tokens or dollars is no number', (amount) => {
    const t = testKernel({ settings: { kingUsdMicros: 5 } });
    const { lead } = family(t);
    for (const wish of [{ limits: { tokensTotalMax: amount } }, { usdMicros: amount }]) {
      const { refusal } = t.call('spawn', spawnOrder(wish), { pid: lead });
      expect(refusal.code).toBe('invalid_argument');
    }
  });

  it('of 2^53 - 1, "no limit", needs a giver that has it', () => {
    const t = testKernel();
    const { lead } = family(t);
    const order = spawnOrder({ limits: { tokensTotalMax: Number.MAX_SAFE_INTEGER } });
    expect(t.call('spawn', order, { pid: lead }).refusal.code).toBe('budget_exhausted');
    const rich = testKernel({
      settings: {
        kingTokens: { strategic: 0, tactical: Number.MAX_SAFE_INTEGER, operational: 0 },
      },
    });
    expect(rich.spawn(order)).toBe(2);
  });

  it('of what nobody above has is refused by name', () => {
    const t = testKernel({
      settings: { kingTokens: { strategic: 0, tactical: 9, operational: 0 } },
    });
    for (const [wish, field] of [
      [{ tier: 'strategic', limits: { tokensTotalMax: 5 } }, 'max_tokens_total'],
      [{ usdMicros: 5 }, 'usd_micros'],
    ] as const) {
      const { refusal } = t.call('spawn', spawnOrder(wish));
      expect(refusal).toMatchObject({ code: 'invalid_argument', details: { field } });
    }
  });

  it('goes back when the process never became ready', () => {
    const t = testKernel();
    const wish = { image: 'broken', limits: { tokensTotalMax: 5 } };
    expect(t.call('spawn', spawnOrder(wish)).refusal.code).toBe('start_failed');
    expect(entryOf(t, 1)).toMatchObject({ given: 0, remaining: 10_000_000 });
  });
});

describe('request_resources (B2)', () => {
  it('adds to what the caller has, from where its parent’s comes, and resets nothing', () => {
    const t = testKernel();
    const { queen, lead } = family(t);
    spends(t, lead, 600_000);
    expect(asks(t, lead, 500_000).value).toEqual({ granted: 500_000 });
    expect(entryOf(t, lead)).toMatchObject({ allocated: 1_500_000, spent: 600_000 });
    expect(entryOf(t, queen)).toMatchObject({ given: 1_500_000 });
    const moved = t.eventsOf('budget.moved').at(-1)?.body;
    expect(moved).toMatchObject({ from: queen, to: lead, why: 'request', note: 'more' });
  });

  it('gives one that had none a budget of its own', () => {
    const t = testKernel();
    const { lead, worker } = family(t);
    asks(t, worker, 300);
    expect(entryOf(t, worker)).toMatchObject({ allocated: 300, remaining: 300 });
    expect(entryOf(t, lead)).toMatchObject({ given: 300 });
  });

  it.each([
    ['more than the parent may give', 4_000_001, 'tokens', 'budget_exhausted'],
    ['nothing', 0, 'tokens', 'invalid_argument'],
    ['less than nothing', -5, 'tokens', 'invalid_argument'],
    ['a part of a token', 1.5, 'tokens', 'invalid_argument'],
    ['dollars that nobody has', 5, 'usd', 'invalid_argument'],
  ] as const)('refuses %s', (_, amount, what, code) => {
    const t = testKernel();
    const { lead } = family(t);
    expect(asks(t, lead, amount, what).refusal.code).toBe(code);
  });

  it('refuses the king, who has no parent', () => {
    const t = testKernel();
    expect(asks(t, KING_PID, 5).refusal.code).toBe('wrong_state');
  });
});

describe('raise_budget', () => {
  it('raises and lowers by, and to, an amount (B2)', () => {
    const t = testKernel();
    const { queen, lead } = family(t);
    const steps: [BudgetChange, number][] = [
      [{ by: 250 }, 1_000_250],
      [{ to: 2_000_000 }, 2_000_000],
      [{ by: -500_000 }, 1_500_000],
      [{ to: 0 }, 0],
    ];
    for (const [change, allocated] of steps) {
      const view = changes(t, lead, { change, from: { pid: queen } }).value;
      expect(view.purses).toMatchObject([{ allocated }]);
      expect(entryOf(t, queen)).toMatchObject({ given: allocated });
    }
  });

  it('lowers what is left, never what is spent, held or given', () => {
    const t = testKernel();
    const { queen, lead } = family(t);
    spends(t, lead, 600_000);
    t.spawn({ limits: { tokensTotalMax: 100_000 } }, { pid: lead });
    const { refusal } = changes(t, lead, { change: { by: -300_001 }, from: { pid: queen } });
    expect(refusal).toMatchObject({ code: 'budget_exhausted', details: { remaining: 300_000 } });
    const none = changes(t, lead, { change: { by: -1 }, purse: 'strategic', from: { pid: queen } });
    expect(none.refusal.code).toBe('wrong_state');
  });

  it('is an ancestor’s with budget_allocate, of the same user, or the operator’s (A3)', () => {
    const t = testKernel();
    const { lead, worker } = family(t);
    const below = t.spawn({}, { pid: worker });
    const change = { by: 5 };
    for (const pid of [worker, below]) {
      const { refusal } = changes(t, below, { change, from: { pid } });
      expect(refusal.code).toBe('permission_denied');
    }
    const leos = t.spawn({ role: 'lead', user: 'leo' });
    expect(changes(t, leos, { change, from: { pid: lead } }).refusal.code).toBe(
      'permission_denied',
    );
    expect(changes(t, lead, { change, from: { pid: lead } }).refusal.code).toBe(
      'permission_denied',
    );
    expect(changes(t, worker, { change, from: { pid: lead } }).value.purses).toHaveLength(1);
    const king = { pid: KING_PID, isOperator: false };
    expect(changes(t, KING_PID, { change, from: king }).refusal.code).toBe('permission_denied');
  });

  it('of the king is out of nothing, with who and why in the event', () => {
    const t = testKernel();
    changes(t, KING_PID, { change: { by: 5 }, purse: 'tactical' });
    const move = { from: 0, to: 1, amount: 5, note: 'why' };
    expect(t.eventsOf('budget.moved')).toMatchObject([{ by: KING_PID, body: move }]);
    const most = Number.MAX_SAFE_INTEGER;
    const { refusal } = changes(t, KING_PID, { change: { by: most }, purse: 'tactical' });
    expect(refusal.code).toBe('invalid_argument');
  });

  it('gives a branch dollars where the king has no limit of them', () => {
    const t = testKernel();
    const { queen, lead } = family(t);
    changes(t, queen, { change: { by: 1_000 }, purse: 'usd' });
    expect(asks(t, lead, 400, 'usd').value.granted).toBe(400);
    expect(entryOf(t, queen, 'usd')).toMatchObject({ allocated: 1_000, given: 400 });
    const byLead = changes(t, queen, { change: { by: 1 }, purse: 'usd', from: { pid: lead } });
    expect(byLead.refusal.code).toBe('permission_denied');
  });

  it('of one in the middle takes in what is below it', () => {
    const t = testKernel();
    const { lead, worker } = family(t);
    const child = t.spawn({ limits: { tokensTotalMax: 40 } }, { pid: worker });
    changes(t, worker, { change: { by: 10 } });
    expect(entryOf(t, worker)).toMatchObject({ allocated: 50, given: 40, remaining: 10 });
    expect(entryOf(t, lead)).toMatchObject({ given: 50 });
    expect(entryOf(t, child)).toMatchObject({ allocated: 40 });
  });
});

describe('the end of a process (B4)', () => {
  it('gives back what is left; what was spent stays spent', () => {
    const t = testKernel();
    const { queen, lead, worker } = family(t);
    spends(t, worker, 300_000);
    kill(t, lead, true);
    expect(t.view(lead).budget).toEqual([]);
    const held = { allocated: 5_000_000, spent: 300_000, given: 0, remaining: 4_700_000 };
    expect(entryOf(t, queen)).toMatchObject(held);
    expect(changes(t, lead, { change: { by: 5 } }).refusal.code).toBe('wrong_state');
  });

  it('leaves what it had given with those who have it (P9)', () => {
    const t = testKernel();
    const { queen, lead } = family(t);
    const child = t.spawn({ limits: { tokensTotalMax: 400_000 } }, { pid: lead });
    spends(t, lead, 100_000);
    kill(t, lead);
    expect(t.view(child).ppid).toBe(queen);
    expect(entryOf(t, child)).toMatchObject({ allocated: 400_000 });
    const held = { spent: 100_000, given: 400_000, remaining: 4_500_000 };
    expect(entryOf(t, queen)).toMatchObject(held);
  });

  it('goes on over a dead one between it and its heir', () => {
    const t = testKernel();
    const { queen } = family(t);
    const limits = { tokensTotalMax: 100 };
    const top = t.spawn({ role: 'lead', image: 'hold', limits }, { pid: queen });
    const mid = t.spawn({ role: 'lead', limits: { tokensTotalMax: 50 } }, { pid: top });
    const low = t.spawn({ limits: { tokensTotalMax: 20 } }, { pid: mid });
    t.ends(top);
    expect(t.view(top).state).toBe('zombie');
    kill(t, mid);
    expect(t.view(low).ppid).toBe(queen);
    expect(entryOf(t, top)).toMatchObject({ allocated: 80, given: 0 });
    expect(entryOf(t, queen)).toMatchObject({ given: 1_000_100 });
    t.advanceMs(200_000);
    expect(entryOf(t, queen)).toMatchObject({ given: 1_000_020, spent: 0 });
  });

  it('keeps the budget over a restart (S5)', () => {
    const t = testKernel();
    const wish = { image: 'hold', restart: 'permanent', limits: { tokensTotalMax: 500 } } as const;
    const pid = t.spawn(wish);
    spends(t, pid, 100);
    t.ends(pid);
    t.advanceMs(5_000);
    expect(entryOf(t, pid)).toMatchObject({ allocated: 500, spent: 100 });
    t.reboot();
    t.advanceMs(5_000);
    expect(entryOf(t, pid)).toMatchObject({ allocated: 500, spent: 100 });
  });
});

describe('reparent (P11)', () => {
  it('takes the budget out of one branch and into the other; nobody’s rest changes', () => {
    const t = testKernel();
    const { queen, lead } = family(t);
    const child = t.spawn({ role: 'lead', limits: { tokensTotalMax: 400_000 } }, { pid: lead });
    const grandchild = t.spawn({ limits: { tokensTotalMax: 100_000 } }, { pid: child });
    spends(t, child, 50_000);
    const other = t.spawn({ role: 'daemon', limits: { tokensTotalMax: 1_000_000 } });
    t.call('reparent', { pid: child, parent: other });
    expect(entryOf(t, lead)).toMatchObject({ allocated: 600_000, given: 0, remaining: 600_000 });
    expect(entryOf(t, queen)).toMatchObject({ allocated: 4_600_000, remaining: 4_000_000 });
    const there = { allocated: 1_400_000, given: 400_000, remaining: 1_000_000 };
    expect(entryOf(t, other)).toMatchObject(there);
    expect(entryOf(t, child)).toMatchObject({ spent: 50_000, given: 100_000, remaining: 250_000 });
    expect(entryOf(t, grandchild)).toMatchObject({ allocated: 100_000 });
    kill(t, child, true);
    expect(entryOf(t, other)).toMatchObject({ spent: 50_000, given: 0, remaining: 1_350_000 });
  });
});

describe('list_budgets', () => {
  it('tells of all that the caller may read, from a root down, by address', () => {
    const t = testKernel();
    const { queen, lead, worker } = family(t);
    const all = t.call('list_budgets', { root: asPid(0) }).value;
    expect(all.map(({ pid }) => pid)).toEqual([1, queen, lead]);
    const below = t.call('list_budgets', { root: lead }, { pid: queen }).value;
    expect(below).toMatchObject([{ pid: lead, isFrozen: false, purses: [{ purse: 'tactical' }] }]);
    t.spawn({ name: 'leo', user: 'leo', limits: { tokensTotalMax: 5 } });
    expect(t.call('list_budgets', { root: asPid(0) }, { pid: worker }).value).toHaveLength(3);
  });
});

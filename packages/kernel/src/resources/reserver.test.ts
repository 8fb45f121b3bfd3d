import {
  modelCall,
  reserveOrder,
  taskSpec,
  testKernel,
  type Caller,
  type TestKernel,
  type Ticket,
} from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { ReserveOrder } from '../events/event.ts';
import type { AtLimit, Purse } from '../events/words.ts';
import { asPid, asSeq, KING_PID, type Pid, type Seq } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { LlmCallFact } from '../syscalls/facts.ts';

const HOUR_MS = 3_600_000;

const entryOf = (t: TestKernel, pid: Pid | number, purse: Purse = 'tactical') =>
  t.view(pid).budget.find((one) => one.purse === purse);

const reserves = (t: TestKernel, pid: Pid, wish: Partial<ReserveOrder> = {}, from: Caller = {}) =>
  t.call('reserve', reserveOrder(wish), { pid, ...from });

/** `tokens` more of the estimate are the answer's. */
const of = (tokens: number): Partial<ReserveOrder> => ({
  promptTokens: 0,
  completionTokensMax: tokens,
});

function settles(t: TestKernel, pid: Pid, held: { reservation: Seq } & Partial<LlmCallFact>): void {
  t.fact({ fact: 'llm_called', ...modelCall(pid, held) });
}

/** Somebody with a thousand tactical tokens and no bound of the hour. */
function spender(t: TestKernel, wish: Parameters<TestKernel['spawn']>[0] = {}): Pid {
  const { limits, ...rest } = wish;
  const free = { tokensPerHourMax: LIMITS.noLimit, contextTokensMax: LIMITS.noLimit };
  return t.spawn({ ...rest, limits: { tokensTotalMax: 1_000, ...free, ...limits } });
}

const world = (budgetAtLimit: AtLimit = 'refuse') => testKernel({ settings: { budgetAtLimit } });

describe('Reserver.reserve()', () => {
  it('holds the estimate on who pays, and settles with what was used (B3)', () => {
    const t = world();
    const pid = spender(t);
    const { reservation, tier } = reserves(t, pid).value;
    expect(tier).toBe('tactical');
    expect(entryOf(t, pid)).toMatchObject({ reserved: 100, spent: 0, remaining: 900 });
    settles(t, pid, { reservation, promptTokens: 60, completionTokens: 3 });
    expect(entryOf(t, pid)).toMatchObject({ reserved: 0, spent: 63, remaining: 937 });
    expect(t.eventsOf('llm.called').at(-1)?.body).toMatchObject({ reservation });
    expect(t.eventsOf('llm.called').at(-1)?.body).not.toHaveProperty('overdrawn');
  });

  it('answers when the reservation is durable, no sooner (B3, D3)', () => {
    const t = world();
    const pid = spender(t);
    const ticket = t.hold('reserve', reserveOrder(), { pid });
    expect(ticket.gate).toBe(ticket.value.reservation);
  });

  it('draws on the nearest ancestor that has a budget of the tier (B1)', () => {
    const t = world();
    const lead = spender(t, { role: 'lead' });
    const worker = t.spawn({}, { pid: lead });
    reserves(t, worker);
    reserves(t, worker, { tier: 'operational' });
    expect(entryOf(t, lead)).toMatchObject({ reserved: 100 });
    expect(entryOf(t, 1, 'operational')).toMatchObject({ reserved: 100 });
  });

  it('refuses what cannot be paid, with the numbers, and holds nothing (B3)', () => {
    const t = world();
    const pid = spender(t);
    reserves(t, pid, of(950));
    const { refusal } = reserves(t, pid);
    expect(refusal.code).toBe('budget_exhausted');
    expect(refusal.message).toBe(
      'The call is refused: 100 tactical tokens are wanted, and worker (pid 2) has 50 left of ' +
        '1,000 (B3). Raise the budget of process 2.',
    );
    const details = { payer: pid, purse: 'tactical', wanted: 100, remaining: 50 };
    expect(refusal.details).toMatchObject(details);
    expect(entryOf(t, pid)).toMatchObject({ reserved: 950 });
    expect(reserves(t, pid, of(50)).result?.ok).toBe(true);
  });

  it('holds dollars with the tokens, all or nothing (B3)', () => {
    const t = testKernel({ settings: { kingUsdMicros: 1_000 } });
    const pid = spender(t, { usdMicros: 400 });
    const { reservation } = reserves(t, pid, { usdMicrosMax: 300 }).value;
    expect(reserves(t, pid, { usdMicrosMax: 200 }).refusal.details).toMatchObject({ purse: 'usd' });
    expect(entryOf(t, pid)).toMatchObject({ reserved: 100 });
    settles(t, pid, { reservation, usdMicros: 120 });
    expect(entryOf(t, pid, 'usd')).toMatchObject({ spent: 120, reserved: 0, remaining: 280 });
    expect(entryOf(t, 1, 'usd')).toMatchObject({ given: 400, remaining: 600 });
  });

  it('refuses a tier that nobody has (B1)', () => {
    const t = testKernel({
      settings: { kingTokens: { strategic: 0, tactical: 5_000, operational: 5 } },
    });
    const pid = spender(t);
    const { refusal } = reserves(t, pid, { tier: 'strategic' });
    expect(refusal).toMatchObject({ code: 'budget_exhausted', details: { purse: 'strategic' } });
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses an estimate of %d', (amount) => {
    const t = world();
    const pid = spender(t);
    for (const field of ['promptTokens', 'completionTokensMax', 'usdMicrosMax']) {
      const { refusal } = reserves(t, pid, { [field]: amount });
      expect(refusal).toMatchObject({ code: 'invalid_argument', details: { field } });
    }
  });

  it('never overshoots with 100 callers at once in a tree of three levels (B3)', () => {
    const t = world();
    const wide = { tokensPerHourMax: LIMITS.noLimit, childrenMax: 200 };
    const top = spender(t, { role: 'lead', limits: { tokensTotalMax: 30_000, ...wide } });
    const mid = [10_000, 5_000].map((tokensTotalMax) =>
      t.spawn({ role: 'lead', limits: { tokensTotalMax, ...wide } }, { pid: top }),
    );
    const callers = Array.from({ length: 100 }, (_, i) =>
      t.spawn({ limits: wide }, { pid: [top, ...mid][i % 3] as Pid }),
    );
    const tickets = callers.map((pid) => [pid, t.hold('reserve', reserveOrder(of(700)), { pid })]);
    t.pass();
    const held = (tickets as [Pid, Ticket<'reserve'>][]).filter(([, one]) => one.result?.ok);
    expect(held).toHaveLength(Math.floor(15_000 / 700) + 14 + 7);
    for (const [pid, { value }] of held) {
      settles(t, pid, { ...value, promptTokens: 0, completionTokens: 700 });
    }
    for (const [pid, spent] of [[top, 14_700], ...mid.map((one, i) => [one, [9_800, 4_900][i]])]) {
      expect(entryOf(t, pid as Pid)).toMatchObject({ spent, overdrawn: 0 });
    }
  });
});

describe('Reserver.settle()', () => {
  it('books more than was held in full, and shows it as overdrawn (B3)', () => {
    const t = world();
    const pid = spender(t);
    const { reservation } = reserves(t, pid, of(1_000)).value;
    settles(t, pid, { reservation, promptTokens: 500, completionTokens: 600 });
    expect(entryOf(t, pid)).toMatchObject({ spent: 1_100, remaining: -100, overdrawn: 100 });
    expect(t.eventsOf('llm.called').at(-1)?.body).toMatchObject({ overdrawn: 100 });
    expect(t.call('usage', {}, { pid }).value.tokensRemaining).toBe(0);
    expect(reserves(t, pid, of(0)).refusal.code).toBe('budget_exhausted');
  });

  it('costs nothing where nothing went out', () => {
    const t = world();
    const pid = spender(t);
    const { reservation } = reserves(t, pid).value;
    const outcome = { outcome: 'error', errorCode: 'unavailable' } as const;
    settles(t, pid, { reservation, promptTokens: 0, completionTokens: 0, ...outcome });
    expect(entryOf(t, pid)).toMatchObject({ spent: 0, reserved: 0, remaining: 1_000 });
  });

  it('is told once: a second time, and of what never was, changes nothing', () => {
    const t = world();
    const pid = spender(t);
    const { reservation } = reserves(t, pid).value;
    for (const one of [reservation, reservation, asSeq(99_999)]) {
      settles(t, pid, { reservation: one });
    }
    expect(t.eventsOf('llm.called')).toHaveLength(1);
    expect(entryOf(t, pid)).toMatchObject({ spent: 100 });
  });

  it.each([
    [Number.NaN, 0],
    [-7, 0],
    [1.2, 2],
    [1e300, LIMITS.tokensPerReportMax],
  ])('takes %d tokens of a provider as %d', (told, counted) => {
    const t = world();
    const pid = spender(t);
    const { reservation } = reserves(t, pid).value;
    settles(t, pid, { reservation, promptTokens: told, completionTokens: 0, usdMicros: told });
    expect(entryOf(t, pid)).toMatchObject({ spent: counted, reserved: 0 });
  });

  it('after the end of the caller is paid by whoever has what was left (B4)', () => {
    const t = world();
    const pid = spender(t);
    const { reservation } = reserves(t, pid).value;
    t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(entryOf(t, 1)).toMatchObject({ given: 0, reserved: 100, remaining: 9_999_900 });
    t.advanceMs(200_000);
    settles(t, pid, { reservation, promptTokens: 40, completionTokens: 0 });
    expect(entryOf(t, 1)).toMatchObject({ spent: 40, reserved: 0, remaining: 9_999_960 });
  });

  it('of what was open when the kernel died is in full, at the boot (B3)', () => {
    const t = world();
    const pid = spender(t);
    reserves(t, pid);
    t.takeSnapshot();
    reserves(t, pid, of(50));
    t.reboot();
    expect(entryOf(t, pid)).toMatchObject({ spent: 150, reserved: 0 });
    const lost = { outcome: 'aborted', errorCode: 'unknown_outcome', estimated: true };
    expect(t.eventsOf('llm.called').map(({ body }) => body)).toMatchObject([lost, lost]);
  });

  it('a report beyond what was metered is charged now, in full, also over the limit (B8)', () => {
    const t = world();
    const pid = spender(t);
    t.call('metric', { name: 'tokens_consumed', value: 1_300, labels: {} }, { pid });
    expect(entryOf(t, pid)).toMatchObject({ spent: 1_300, overdrawn: 300 });
    expect(t.eventsOf('budget.exhausted')).toHaveLength(1);
  });
});

describe('at the limit (B5)', () => {
  it('warns at four fifths, once per crossing', () => {
    const t = world();
    const pid = spender(t);
    const spend = (tokens: number): void => {
      const { reservation } = reserves(t, pid, of(tokens)).value;
      settles(t, pid, { reservation, promptTokens: 0, completionTokens: tokens });
    };
    spend(799);
    expect(t.eventsOf('budget.warned')).toEqual([]);
    spend(1);
    spend(10);
    const warning = { pid, purse: 'tactical', allocated: 1_000, spent: 800, remaining: 200 };
    expect(t.eventsOf('budget.warned').map(({ body }) => body)).toEqual([warning]);
    t.call('raise_budget', { pid, purse: undefined, change: { by: 1_000 }, note: '' });
    spend(790);
    expect(t.eventsOf('budget.warned')).toHaveLength(2);
  });

  it('tells the parent of the first exhaustion, once until there is more', () => {
    const t = world();
    const lead = t.spawn({ role: 'lead', image: 'deaf' });
    const limits = { tokensTotalMax: 100 };
    const pid = t.spawn({ name: 'poor', limits }, { pid: lead });
    const refused = () => reserves(t, pid, of(101)).refusal.code;
    expect([refused(), refused()]).toEqual(['budget_exhausted', 'budget_exhausted']);
    const told = { pid, by: pid, wanted: 101, remaining: 100, atLimit: 'refuse' };
    expect(t.eventsOf('budget.exhausted').map(({ body }) => body)).toMatchObject([told]);
    const raised = { from: pid, at: lead, issue: 'budget_exhausted', severity: 'warning' };
    expect(t.eventsOf('escalation.raised').map(({ body }) => body)).toMatchObject([raised]);
    t.call('raise_budget', { pid, purse: undefined, change: { to: 100 }, note: '' });
    refused();
    expect(t.eventsOf('budget.exhausted')).toHaveLength(1);
    t.call('raise_budget', { pid, purse: undefined, change: { by: 0 }, note: '' });
    t.call('raise_budget', { pid, purse: undefined, change: { by: -1 }, note: '' });
    t.call('raise_budget', { pid, purse: undefined, change: { by: 1 }, note: '' });
    refused();
    expect(t.eventsOf('budget.exhausted')).toHaveLength(2);
  });

  it('degrades to the next cheaper tier that has room, and says which', () => {
    const t = testKernel({
      settings: {
        budgetAtLimit: 'degrade',
        kingTokens: { strategic: 50, tactical: 0, operational: 5_000 },
      },
    });
    const pid = t.spawn({ tier: 'strategic' });
    const { tier } = reserves(t, pid, { tier: 'strategic' }).value;
    expect(tier).toBe('operational');
    expect(entryOf(t, 1, 'operational')).toMatchObject({ reserved: 100 });
    expect(t.eventsOf('budget.reserved').at(-1)?.body).toMatchObject({ askedTier: 'strategic' });
    expect(reserves(t, pid, { tier: 'operational', ...of(4_901) }).refusal.code).toBe(
      'budget_exhausted',
    );
  });

  const waiting = (t: TestKernel): number => t.kernel.state.budgetWaits.byId.size;

  it('blocks until a raise, a return or a settle makes room, in order', () => {
    const t = world('block');
    const pid = spender(t);
    const { reservation } = reserves(t, pid, of(900)).value;
    const first = reserves(t, pid, of(200));
    const second = reserves(t, pid, of(150));
    // It would fit, and waits behind those that came before it.
    const third = reserves(t, pid, of(50));
    const urgent = reserves(t, pid, { ...of(100), priority: 1 });
    expect(urgent.value.tier).toBe('tactical');
    expect(waiting(t)).toBe(3);
    settles(t, pid, { reservation, promptTokens: 0, completionTokens: 650 });
    expect([first.isAnswered, second.isAnswered, third.isAnswered]).toEqual([true, false, false]);
    t.call('raise_budget', { pid, purse: undefined, change: { by: 150 }, note: '' });
    expect([second.isAnswered, third.isAnswered]).toEqual([true, true]);
    expect(entryOf(t, pid)).toMatchObject({ reserved: 500, remaining: 0 });
  });

  it('wakes whoever waits when a child gives back what it had', () => {
    const t = world('block');
    const lead = spender(t, { role: 'lead' });
    const child = t.spawn({ limits: { tokensTotalMax: 1_000 } }, { pid: lead });
    const ticket = reserves(t, lead);
    expect(ticket.isAnswered).toBe(false);
    t.call('kill', { pid: child, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(ticket.value.tier).toBe('tactical');
  });

  it('shows who waits as blocked, and why (P4)', () => {
    const t = world('block');
    const pid = spender(t, { image: 'hold' });
    t.call('execute_task', { pid, spec: taskSpec() });
    const [task = null] = t.kernel.state.table.require(pid).tasks;
    reserves(t, pid, of(1_001), { task });
    expect(t.view(pid)).toMatchObject({ state: 'blocked', phase: 'budget' });
    t.call('raise_budget', { pid, purse: undefined, change: { by: 1 }, note: '' });
    expect(t.view(pid)).toMatchObject({ state: 'running', phase: '' });
    reserves(t, pid);
    expect(t.view(pid)).toMatchObject({ state: 'running', phase: 'budget' });
  });

  it('ends a wait with its call, and with the run of its process', () => {
    const t = world('block');
    const pid = spender(t);
    const [one, two] = [reserves(t, pid, of(1_001)), reserves(t, pid, of(1_001))];
    t.call('cancel', { call: one.ref }, { pid });
    expect(one.refusal.code).toBe('cancelled');
    t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(two.refusal.code).toBe('cancelled');
    expect(waiting(t)).toBe(0);
  });

  it('keeps a wait in what is folded, and ends it at a boot', () => {
    const t = world('block');
    const pid = spender(t);
    const ticket = reserves(t, pid, of(1_001));
    t.takeSnapshot();
    expect([...t.kernel.owedRefs()]).toEqual([ticket.ref]);
    t.reboot();
    expect(waiting(t)).toBe(0);
  });

  it('refuses, or keeps waiting, what draws on a frozen budget, and gives nothing of it', () => {
    for (const atLimit of ['refuse', 'degrade', 'block'] as const) {
      const t = world(atLimit);
      const lead = spender(t, { role: 'lead' });
      const worker = t.spawn({}, { pid: lead });
      const freeze = (isFrozen: boolean) =>
        t.call('freeze_budget', { pid: lead, isFrozen, note: 'stop' }).value.isFrozen;
      expect(freeze(true)).toBe(true);
      const ticket = reserves(t, worker);
      if (atLimit !== 'block') expect(ticket.refusal.details).toMatchObject({ frozen: true });
      const asked = { what: 'tokens', amount: 5, note: '' } as const;
      expect(t.call('request_resources', asked, { pid: worker }).refusal.code).toBe(
        'budget_exhausted',
      );
      expect(ticket.isAnswered).toBe(atLimit !== 'block');
      expect(freeze(false)).toBe(false);
      expect(ticket.isAnswered).toBe(true);
      expect(reserves(t, worker).result?.ok).toBe(true);
      expect(t.eventsOf('budget.exhausted')).toEqual([]);
    }
  });

  it('freezes only what has a budget', () => {
    const t = world();
    const pid = t.spawn();
    const { refusal } = t.call('freeze_budget', { pid, isFrozen: true, note: '' });
    expect(refusal.code).toBe('wrong_state');
  });
});

describe('the bounds of a process (B6)', () => {
  it('are the context of each call', () => {
    const t = world();
    const pid = spender(t, { limits: { contextTokensMax: 100 } });
    expect(reserves(t, pid).result?.ok).toBe(true);
    const { refusal } = reserves(t, pid, { promptTokens: 71 });
    expect(refusal).toMatchObject({
      code: 'limit_exceeded',
      details: { wanted: 101, max_context_tokens: 100 },
    });
  });

  it('are the tokens of a sliding hour, calls under way among them', () => {
    const t = world();
    const pid = spender(t, { limits: { tokensPerHourMax: 250, tokensTotalMax: 10_000 } });
    const { reservation } = reserves(t, pid).value;
    const other = reserves(t, pid).value;
    const { refusal } = reserves(t, pid);
    expect(refusal.code).toBe('rate_limited');
    settles(t, pid, { reservation, promptTokens: 30, completionTokens: 0 });
    expect(reserves(t, pid).value.tier).toBe('tactical');
    settles(t, pid, { ...other });
    const waitMs = Number(reserves(t, pid).refusal.details['waitMs']);
    expect(waitMs).toBeGreaterThan(0);
    t.advanceMs(waitMs - 1);
    expect(reserves(t, pid).refusal.code).toBe('rate_limited');
    t.advanceMs(1);
    expect(reserves(t, pid).result?.ok).toBe(true);
  });

  it('slide on over a restart, and no clock that goes back or leaps ahead opens them', () => {
    const t = world();
    const pid = spender(t, { limits: { tokensPerHourMax: 100, tokensTotalMax: 10_000 } });
    settles(t, pid, { ...reserves(t, pid).value });
    t.takeSnapshot();
    t.reboot();
    expect(reserves(t, pid).refusal.code).toBe('rate_limited');
    const wall = { wallMs: 0, monoMs: 0 };
    const back = t.kernel.dispatch(
      {
        name: 'reserve',
        args: reserveOrder(),
        ref: { channel: 'test', pid, id: 9_999 },
        task: null,
        isOperator: false,
      },
      wall,
    );
    expect(back).toMatchObject({ done: true, ok: false });
    t.advanceMs(2 * HOUR_MS);
    expect(reserves(t, pid).result?.ok).toBe(true);
  });

  it('refuse for good what no hour can hold', () => {
    const t = world();
    const pid = spender(t, { limits: { tokensPerHourMax: 99 } });
    expect(reserves(t, pid).refusal.code).toBe('limit_exceeded');
  });

  it('do not bind the king', () => {
    const t = world();
    expect(reserves(t, KING_PID, of(5_000_000)).result?.ok).toBe(true);
    expect(reserves(t, asPid(99)).refusal.code).toBe('unauthenticated');
  });
});

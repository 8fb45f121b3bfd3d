import {
  brokenInvariants,
  modelCall,
  reserveOrder,
  spawnOrder,
  TestKernel,
} from '@hivekernel/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AT_LIMITS, isLive, KING_PID, TIERS, type Pid, type Seq, type Tier } from '../src/index.ts';

// Trees grow, move and die; budgets are given, asked for, raised and frozen; calls are held, used
// and lost; the kernel dies and comes back. At every moment the sums hold (B4: the testkit's
// invariants recompute them), and no budget is spent below nothing by more than calls took beyond
// their estimates (B3).

interface Step {
  readonly what: (typeof STEPS)[number];
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const STEPS = [
  ...['spawn', 'spawn', 'spawn', 'reserve', 'reserve', 'reserve', 'settle', 'settle'],
  ...['request', 'change', 'freeze', 'kill', 'kill', 'end', 'reparent', 'wait', 'reboot'],
] as const;

const KING = { strategic: 3_000, tactical: 10_000, operational: 20_000 };

interface Held {
  readonly pid: Pid;
  readonly reservation: Seq;
  readonly tier: Tier;
  readonly most: number;
}

class Economy {
  readonly t: TestKernel;
  /** Calls use up to so much more than was held. */
  readonly #errorMax: number;
  error = 0;
  #held: Held[] = [];

  constructor(options: { seed: number; errorMax: number }) {
    this.#errorMax = options.errorMax;
    this.t = new TestKernel({
      seed: options.seed,
      settings: {
        kingTokens: KING,
        kingUsdMicros: options.seed % 2 === 0 ? 5_000 : 0,
        budgetAtLimit: AT_LIMITS[options.seed % AT_LIMITS.length] ?? 'refuse',
      },
    });
  }

  run({ what, a, b, c }: Step): void {
    const steps: Record<string, () => void> = {
      spawn: () => this.#spawn(a, b, c),
      reserve: () => this.#reserve(a, b, c),
      settle: () => this.#settle(a, b),
      request: () => {
        const kind = c % 5 === 0 ? 'usd' : 'tokens';
        this.t.call(
          'request_resources',
          { what: kind, amount: b, note: '' },
          { pid: this.#pid(a) },
        );
      },
      change: () => {
        const change = c % 3 === 0 ? { to: b } : { by: b - 500 };
        const purse = c % 4 === 0 ? 'usd' : c % 4 === 1 ? TIERS[c % 3] : undefined;
        const pid = this.#pid(a);
        // The king's grows by what is made of nothing, so that it is not one of these.
        if (pid === KING_PID) return;
        this.t.call('raise_budget', { pid, purse, change, note: '' });
      },
      freeze: () => {
        this.t.call('freeze_budget', { pid: this.#pid(a), isFrozen: c % 2 === 0, note: '' });
      },
      kill: () => {
        const order = { isRecursive: c % 3 === 0, reason: 'normal', graceMs: 0 } as const;
        this.t.call('kill', { pid: this.#pid(a), ...order });
      },
      end: () => {
        const pid = this.#pid(a);
        if (this.t.runtime.agents.get(pid)?.isGone === false) this.t.ends(pid);
      },
      reparent: () => {
        this.t.call('reparent', { pid: this.#pid(a), parent: this.#pid(b) });
      },
      wait: () => this.t.advanceMs(b * 100),
      reboot: () => this.#reboot(c),
    };
    steps[what]?.();
  }

  /** The rest of any entry, at worst. */
  get worst(): number {
    const { tree } = this.t.kernel.state.budgets;
    const rests = [...tree.all()].map(
      (one) => one.allocated - one.spent - one.given - one.reserved,
    );
    return Math.min(...rests);
  }

  get given(): number {
    let total = 0;
    for (const tier of TIERS) {
      total += this.t.kernel.state.budgets.tree.find(KING_PID, tier)?.allocated ?? 0;
    }
    return total;
  }

  #pid(n: number): Pid {
    const pids = [...this.t.kernel.state.table.byPid.keys()];
    return pids[n % pids.length] ?? KING_PID;
  }

  #spawn(a: number, b: number, c: number): void {
    const tier = TIERS[c % 3] ?? 'tactical';
    const order = spawnOrder({
      name: 'p',
      role: (['daemon', 'lead', 'worker'] as const)[a % 3] ?? 'worker',
      tier,
      image: c % 4 === 0 ? 'hold' : '',
      usdMicros: c % 5 === 0 ? b : 0,
      limits: { tokensTotalMax: b % 3 === 0 ? 0 : b, tokensPerHourMax: c % 7 === 0 ? 900 : 0 },
    });
    this.t.call('spawn', order, { pid: this.#pid(a) });
  }

  #reserve(a: number, b: number, c: number): void {
    const pid = this.#pid(a);
    const tier = TIERS[c % 3] ?? 'tactical';
    const sizes = { promptTokens: b % 400, completionTokensMax: c % 300, usdMicrosMax: b % 100 };
    const { result } = this.t.call('reserve', reserveOrder({ tier, ...sizes }), {
      pid,
      isOperator: false,
    });
    if (result?.ok !== true) return;
    const { reservation, tier: paid } = result.value as { reservation: Seq; tier: Tier };
    const most = sizes.promptTokens + sizes.completionTokensMax;
    this.#held.push({ pid, reservation, tier: paid, most });
  }

  #settle(a: number, b: number): void {
    const [held] = this.#held.splice(a % Math.max(1, this.#held.length), 1);
    if (held === undefined) return;
    const { pid, reservation, tier, most } = held;
    const over = this.#errorMax === 0 ? 0 : b % this.#errorMax;
    const tokens = over > 0 ? most + over : b % (most + 1);
    this.error += over;
    const used = { promptTokens: tokens, completionTokens: 0, usdMicros: 0 };
    this.t.fact({ fact: 'llm_called', ...modelCall(pid, { tier, reservation, ...used }) });
  }

  #reboot(c: number): void {
    if (c % 2 === 0) this.t.takeSnapshot();
    this.#held = [];
    this.t.reboot();
  }
}

const steps = fc.array(
  fc.record({
    what: fc.constantFrom(...STEPS),
    a: fc.nat({ max: 1_000 }),
    b: fc.nat({ max: 2_000 }),
    c: fc.nat({ max: 1_000 }),
  }),
  { minLength: 20, maxLength: 60, size: 'max' },
);

const isOfBudgets = (what: string): boolean => /^(budget|\w+: the budgets)/.test(what);

describe('given = spent + held', () => {
  it.each([
    ['no branch spends more than it was given, where counts are exact', 0],
    ['an overdraft is at most the error of the estimates', 50],
  ])('holds at every moment, and %s (B3, B4)', (_, errorMax) => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000 }), steps, (seed, list) => {
        const economy = new Economy({ seed, errorMax });
        const all = economy.given;
        for (const step of list) {
          economy.run(step);
          expect(brokenInvariants(economy.t.kernel).filter(isOfBudgets)).toEqual([]);
          expect(economy.worst).toBeGreaterThanOrEqual(-economy.error);
          expect(economy.given).toBe(all);
        }
        economy.t.check();
      }),
      { numRuns: 60 },
    );
  });

  it('leaves nothing held when all is over (B4)', () => {
    const economy = new Economy({ seed: 1, errorMax: 0 });
    for (let i = 0; i < 200; i += 1) {
      const what = STEPS[i % STEPS.length] ?? 'spawn';
      economy.run({ what, a: i * 7, b: (i * 131) % 900, c: i * 13 });
    }
    const { t } = economy;
    for (const { pid, state } of [...t.kernel.state.table.byPid.values()]) {
      if (pid === KING_PID || !isLive(state)) continue;
      t.call('kill', { pid, isRecursive: true, reason: 'normal', graceMs: 0 });
    }
    t.reboot();
    t.advanceMs(200_000);
    const { tree } = t.kernel.state.budgets;
    for (const entry of tree.all()) {
      expect(entry).toMatchObject({ pid: KING_PID, given: 0, reserved: 0 });
    }
    t.check();
  });
});

import { modelCall, reserveOrder, testKernel, type TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { KING_PID, type Pid, type Purse, type Role } from '../src/index.ts';

// The example with exact numbers that the rules of budgets are told with: a compiler is written by
// a branch of eleven under Leo. Its groups, tasks, users and second node are other tests' matter.

class Compiler {
  readonly t: TestKernel = testKernel();
  readonly queen = this.#make(KING_PID, 'queen@vps2', 'daemon', 5_000_000, { childrenMax: 20 });
  readonly leo = this.#make(this.queen, 'Leo', 'agent', 2_000_000);
  readonly architect = this.#make(this.leo, 'Architect', 'architect', 0);
  readonly frontend = this.#make(this.leo, 'Frontend-Lead', 'lead', 500_000);
  readonly backend = this.#make(this.leo, 'Backend-Lead', 'lead', 500_000);
  readonly testing = this.#make(this.leo, 'Testing-Lead', 'lead', 200_000);
  readonly lexer = this.#make(this.frontend, 'Lexer-dev', 'worker', 200_000);
  readonly parser = this.#make(this.frontend, 'Parser-dev', 'worker', 200_000);
  readonly x86 = this.#make(this.backend, 'Codegen-x86', 'worker', 200_000);
  readonly arm = this.#make(this.backend, 'Codegen-arm', 'worker', 200_000);
  readonly runners = ['Unit-runner', 'Integration-runner'].map((name) =>
    this.#make(this.testing, name, 'task', 50_000),
  );

  entry(pid: Pid, purse: Purse = 'tactical') {
    return this.t.view(pid).budget.find((one) => one.purse === purse);
  }

  /** In calls of 10,000 tokens, each held before it is made. */
  spend(pid: Pid, tokens: number): void {
    for (let left = tokens; left > 0; left -= 10_000) {
      const order = reserveOrder({ promptTokens: 6_000, completionTokensMax: 4_000 });
      const { reservation } = this.t.call('reserve', order, { pid }).value;
      const used = { promptTokens: 6_000, completionTokens: 4_000 };
      this.t.fact({ fact: 'llm_called', ...modelCall(pid, { reservation, ...used }) });
    }
  }

  #make(
    parent: Pid,
    name: string,
    role: Role,
    tokensTotalMax: number,
    more: { childrenMax?: number } = {},
  ): Pid {
    const isTask = role === 'task';
    const tier = isTask ? 'operational' : 'tactical';
    // The tree's hourly limits equal its totals; the architect's is Leo's.
    const tokensPerHourMax = tokensTotalMax === 0 ? 2_000_000 : tokensTotalMax;
    const limits = { tokensTotalMax, tokensPerHourMax, ...more };
    return this.t.spawn({ name, role, tier, limits }, { pid: parent });
  }
}

describe('the compiler scenario', () => {
  it('allocates, spends and gives back to the token (B2, B3, B4)', () => {
    const c = new Compiler();
    expect(c.entry(KING_PID)).toMatchObject({ allocated: 10_000_000 });
    expect(c.entry(c.queen)).toMatchObject({ given: 2_000_000, remaining: 3_000_000 });
    const leo = { allocated: 2_000_000, given: 1_200_000, remaining: 800_000 };
    expect(c.entry(c.leo)).toMatchObject(leo);
    expect(c.entry(c.frontend)).toMatchObject({ given: 400_000, remaining: 100_000 });
    expect(c.entry(c.testing)).toMatchObject({ given: 0, remaining: 200_000 });
    expect(c.entry(KING_PID, 'operational')).toMatchObject({ given: 100_000 });
    for (const pid of c.runners) {
      expect(c.entry(pid, 'operational')).toMatchObject({ allocated: 50_000 });
    }
    c.spend(c.architect, 50_000);
    c.spend(c.lexer, 100_000);
    c.spend(c.parser, 80_000);
    c.spend(c.x86, 150_000);
    c.spend(c.arm, 120_000);
    expect(c.entry(c.leo)).toMatchObject({ spent: 50_000, remaining: 750_000 });
    expect(c.entry(c.x86)).toMatchObject({ spent: 150_000, remaining: 50_000 });
    expect(c.t.view(c.leo).tokensSubtree).toBe(500_000);

    const how = { pid: c.leo, reason: 'normal', graceMs: 0 } as const;
    expect(c.t.call('collapse', how).value.results).toHaveLength(10);
    expect(c.t.view(c.leo).children).toBe(0);
    const after = { allocated: 2_000_000, given: 0, spent: 500_000, remaining: 1_500_000 };
    expect(c.entry(c.leo)).toMatchObject(after);
    expect(c.entry(KING_PID, 'operational')).toMatchObject({ given: 0, spent: 0 });
  });
});

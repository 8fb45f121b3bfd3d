import { testKernel } from '@hivekernel/testkit';
import type { TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import type { Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { LlmCallFact } from '../syscalls/facts.ts';

function calls(t: TestKernel, pid: Pid, wish: Partial<LlmCallFact> = {}): void {
  t.fact({
    fact: 'llm_called',
    pid,
    tier: 'tactical',
    model: 'sonnet',
    provider: 'p',
    simulated: false,
    promptTokens: 70,
    completionTokens: 30,
    estimated: false,
    latencyMs: 5,
    outcome: 'ok',
    errorCode: '',
    ...wish,
  });
}

const reports = (t: TestKernel, pid: Pid, value: number) =>
  t.call('metric', { name: 'tokens_consumed', value, labels: {} }, { pid });

describe('Ledger', () => {
  it('charges a model call to its process and counts it up the branch (B8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const worker = t.spawn({}, { pid: lead });
    calls(t, worker);
    expect(t.view(worker)).toMatchObject({ tokens: 100, tokensSubtree: 100, llmCalls: 1 });
    expect(t.view(lead)).toMatchObject({ tokens: 0, tokensSubtree: 100, llmCalls: 0 });
    expect(t.view(1).tokensSubtree).toBe(100);
  });

  it('keeps simulated spending apart (B8)', () => {
    const t = testKernel();
    const pid = t.spawn();
    calls(t, pid, { simulated: true });
    calls(t, pid);
    expect(t.view(pid)).toMatchObject({ tokens: 200, tokensSimulated: 100 });
    expect(t.kernel.state.ledger.totals).toMatchObject({
      llmCalls: 2,
      tokens: 100,
      tokensSimulated: 100,
      byTier: { strategic: 0, tactical: 200, operational: 0 },
    });
  });

  it('does not charge again what was metered when the agent reports it (B8)', () => {
    const t = testKernel();
    const pid = t.spawn();
    calls(t, pid);
    reports(t, pid, 60);
    expect(t.view(pid).tokens).toBe(100);
    reports(t, pid, 50);
    expect(t.view(pid).tokens).toBe(110);
    reports(t, pid, 5);
    expect(t.view(pid).tokens).toBe(115);
    const charged = t.eventsOf('metric.reported').map(({ body }) => body.tokensCharged);
    expect(charged).toEqual([0, 10, 5]);
  });

  it('keeps other metrics without charging them, and refuses what is no number of tokens', () => {
    const t = testKernel();
    const pid = t.spawn();
    t.call('metric', { name: 'files', value: 2.5, labels: { a: 'b' } }, { pid });
    expect(t.view(pid).tokens).toBe(0);
    for (const value of [-1, 1.5, Number.NaN, 2 ** 53, LIMITS.tokensPerReportMax + 1]) {
      expect(reports(t, pid, value).refusal.code).toBe('invalid_argument');
    }
    const nameless = t.call('metric', { name: '', value: 1, labels: {} }, { pid });
    expect(nameless.refusal).toMatchObject({ details: { field: 'name' } });
  });

  it('shows what the tier has left (B1)', () => {
    const t = testKernel();
    const pid = t.spawn({ tier: 'tactical' });
    calls(t, pid, { promptTokens: 9_999_000, completionTokens: 900 });
    expect(t.call('usage', {}, { pid }).value).toMatchObject({
      tokens: 9_999_900,
      tokensRemaining: 100,
    });
    calls(t, pid, { promptTokens: 500 });
    expect(t.call('usage', {}, { pid }).value.tokensRemaining).toBe(0);
  });

  it('takes a report of as many tokens as one may name, and no more (B8)', () => {
    const t = testKernel();
    const pid = t.spawn();
    for (let i = 0; i < 2; i += 1) reports(t, pid, LIMITS.tokensPerReportMax);
    expect(t.view(pid).tokens).toBe(2 * LIMITS.tokensPerReportMax);
  });

  it.each([
    [12.5, 13],
    [-3, 0],
    [Number.NaN, 0],
    [1e300, LIMITS.tokensPerReportMax],
    [Number.POSITIVE_INFINITY, LIMITS.tokensPerReportMax],
  ])('counts %d tokens of a provider as %d', (told, counted) => {
    const t = testKernel();
    const pid = t.spawn();
    calls(t, pid, { promptTokens: told, completionTokens: told });
    expect(t.view(pid).tokens).toBe(2 * counted);
    const { promptTokens, completionTokens } = t.eventsOf('llm.called')[0]?.body ?? {};
    expect([promptTokens, completionTokens]).toEqual([counted, counted]);
  });

  it('stops every sum at the largest whole number, whatever an old journal holds', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const pid = t.spawn({}, { pid: lead });
    const value = Number.MAX_SAFE_INTEGER;
    const metric = { pid, name: 'tokens_consumed', value, tokensCharged: value, labels: {} };
    const call = { pid, tier: 'tactical', model: '', provider: '', simulated: true } as const;
    const counts = { promptTokens: value, completionTokens: value, latencyMs: 0 };
    const end = { estimated: false, outcome: 'ok', errorCode: '' } as const;
    for (let i = 0; i < 2; i += 1) {
      t.kernel.state.log.emit('metric.reported', metric);
      t.kernel.state.log.emit('llm.called', { ...call, ...counts, ...end });
    }
    t.pass();
    const most = { tokens: value, tokensSubtree: value, tokensSimulated: value };
    expect(t.view(pid)).toMatchObject(most);
    expect(t.view(lead).tokensSubtree).toBe(value);
    const { tokens, tokensSimulated, byTier } = t.kernel.state.ledger.totals;
    expect([tokens, tokensSimulated, byTier.tactical]).toEqual([value, value, value]);
  });

  it('counts a call of a process that is no more in the totals', () => {
    const t = testKernel();
    const pid = t.spawn();
    t.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.advanceMs(200_000);
    calls(t, pid);
    expect(t.kernel.state.ledger.totals.tokens).toBe(100);
  });
});

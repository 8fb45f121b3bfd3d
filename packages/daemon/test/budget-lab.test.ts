// examples/budget-lab on a real daemon, with the simulated model: a runaway agent stops to the
// token (B3), its parent and then the operator let it go on (B2, B5).

import { fileURLToPath } from 'node:url';
import type { BudgetView, HiveClient, KernelEvent } from '@hivekernel/client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const LAB = fileURLToPath(new URL('../../../examples/budget-lab', import.meta.url));
const LAB_IMAGE = './budget-lab.ts#BudgetLab';
const TOKENS = 300;
const GRANT = 200;
const ROUNDS = 20;

type Journal = NonNullable<KernelEvent['journal']>;

let hive: TestDaemon;
let client: HiveClient;
beforeAll(async () => {
  hive = await startTestDaemon({ projectDir: LAB });
  client = hive.client;
});
afterAll(() => hive.stop());

/** From the start, until one is what is looked for. */
async function journalUntil(
  isLast: (event: Journal) => boolean,
  kernel = client,
): Promise<Journal[]> {
  const events: Journal[] = [];
  for await (const { journal } of kernel.followEvents({ afterSeq: 0 })) {
    if (journal === undefined) continue;
    events.push(journal);
    if (isLast(journal)) break;
  }
  return events;
}

/** The nth time that a budget was at its end. */
async function untilExhausted(nth: number): Promise<{ events: Journal[]; last: Journal }> {
  let seen = 0;
  const isLast = ({ kind }: Journal) => kind === 'budget.exhausted' && (seen += 1) === nth;
  const events = await journalUntil(isLast);
  return { events, last: events.at(-1) as Journal };
}

const tokensOf = ({ body }: Journal): number =>
  Number(body['promptTokens']) + Number(body['completionTokens']);
const heldBy = ({ body }: Journal): number =>
  Number(body['promptTokens']) + Number(body['completionTokensMax']);
const ofKind = (events: readonly Journal[], kind: string) =>
  events.filter((event) => event.kind === kind);

/** Folds the journal, and checks after each event that no more is spent and held than there is. */
function fold(events: readonly Journal[], pid: number) {
  const held = new Map<number, number>();
  const sums = { allocated: 0, spent: 0, reserved: 0 };
  for (const event of events) {
    const { kind, seq, body } = event;
    if (body['pid'] !== pid) continue;
    if (kind === 'budget.moved') sums.allocated += Number(body['amount']);
    if (kind === 'budget.reserved') held.set(seq, heldBy(event));
    if (kind === 'llm.called') {
      expect(held.delete(Number(body['reservation']))).toBe(true);
      sums.spent += tokensOf(event);
    }
    sums.reserved = [...held.values()].reduce((sum, one) => sum + one, 0);
    expect(sums.spent + sums.reserved).toBeLessThanOrEqual(sums.allocated);
  }
  return sums;
}

async function budgetOf(pid: number): Promise<BudgetView['purses'][number]> {
  const [budget] = await client.listBudgets(pid);
  return budget?.purses[0] as BudgetView['purses'][number];
}

describe('examples/budget-lab', () => {
  it('stops a runaway to the token, and lets it go on (B2, B3, B5)', async () => {
    const lab = await client.spawn({
      name: 'lab',
      role: 'lead',
      tier: 'tactical',
      image: LAB_IMAGE,
      limits: { tokensTotalMax: 10_000 },
    });
    const params = { rounds: `${ROUNDS}`, tokens: `${TOKENS}`, grant: `${GRANT}`, grants: '1' };
    const report = client.executeTask({ pid: lab, description: 'spin', params });

    report.catch(() => undefined); // Where the test fails before it.

    // Its own allocation first: the call that does not fit into the rest of it is not made.
    const first = await untilExhausted(1);
    const pid = Number(first.last.body['pid']);
    const spent = ofKind(first.events, 'llm.called').reduce((sum, one) => sum + tokensOf(one), 0);
    expect(fold(first.events, pid)).toEqual({ allocated: TOKENS, spent, reserved: 0 });
    const { wanted, remaining } = first.last.body as { wanted: number; remaining: number };
    expect(remaining).toBe(TOKENS - spent);
    expect(wanted).toBeGreaterThan(remaining);

    // The parent lets it ask for more, once; then the king is told.
    const second = await untilExhausted(2);
    const sums = fold(second.events, pid);
    expect(sums).toMatchObject({ allocated: TOKENS + GRANT, reserved: 0 });
    expect(await budgetOf(pid)).toMatchObject({ ...sums, given: 0, overdrawn: 0 });
    await journalUntil(({ kind, body }) => kind === 'escalation.moved' && body['at'] === 1);
    const { messages } = await client.inbox();
    expect(messages).toMatchObject([{ type: 'escalation', fromPid: pid }]);

    // One token too few is too few: nothing is sent. With it, one call is.
    const callsBefore = ofKind(second.events, 'llm.called').length;
    const missing = wanted - (sums.allocated - sums.spent);
    await client.raiseBudget({ pid, change: { by: missing - 1 } });
    await client.send({ to: pid, type: 'budget', payload: 'go on' });
    const third = await untilExhausted(3);
    expect(third.last.body).toMatchObject({ wanted, remaining: wanted - 1 });
    expect(ofKind(third.events, 'llm.called')).toHaveLength(callsBefore);
    await client.raiseBudget({ pid, change: { by: 1 } });
    await client.send({ to: pid, type: 'budget', payload: 'go on' });
    const fourth = await untilExhausted(4);
    expect(ofKind(fourth.events, 'llm.called')).toHaveLength(callsBefore + 1);

    // With enough of it, it finishes.
    await client.raiseBudget({ pid, change: { to: 5_000 } });
    await client.send({ to: pid, type: 'budget', payload: 'go on' });
    const { output, error } = await report;
    expect(error).toBe('');
    const all = await journalUntil(
      ({ kind, body }) => kind === 'task.ended' && body['pid'] === lab,
    );
    const total = fold(all, pid);
    expect(total).toMatchObject({ allocated: 5_000, reserved: 0 });
    expect(output).toBe(`${ROUNDS} rounds for ${total.spent} tokens, refusals: 4`);
    expect(ofKind(all, 'llm.called')).toHaveLength(ROUNDS);
    expect(ofKind(all, 'budget.reserved')).toHaveLength(ROUNDS);

    // What it spent stays spent, the rest came back (B4).
    expect(await budgetOf(lab)).toMatchObject({
      allocated: 10_000,
      spent: total.spent,
      given: 0,
      remaining: 10_000 - total.spent,
    });
  });

  it('waits for a raise where the setting says so, and is not refused at all (B5)', async () => {
    const env = { HIVE_BUDGET_AT_LIMIT: 'block' };
    const blocking = await startTestDaemon({ projectDir: LAB, env });
    onTestFinished(() => blocking.stop());
    const order = { name: 'lab', role: 'lead', tier: 'tactical', image: LAB_IMAGE } as const;
    const lab = await blocking.client.spawn(order);
    const params = { rounds: '8', tokens: '200', grants: '0' };
    const report = blocking.client.executeTask({ pid: lab, description: 'spin', params });
    report.catch(() => undefined); // Where the test fails before it.
    const isWait = ({ kind }: Journal) => kind === 'budget.wait_began';
    const before = await journalUntil(isWait, blocking.client);
    const pid = Number(before.at(-1)?.body['pid']);
    fold(before, pid);
    await blocking.client.raiseBudget({ pid, change: { by: 1_000 } });
    expect((await report).output).toMatch(/^8 rounds for \d+ tokens, refusals: 0$/);
  });

  it('is stopped at once by a freeze, and goes on after a thaw and a word (B5)', async () => {
    const { seq } = await client.status();
    const since = (isLast: (event: Journal) => boolean) =>
      journalUntil((event) => event.seq > seq && isLast(event));
    const order = { name: 'cold', role: 'lead', tier: 'tactical', image: LAB_IMAGE } as const;
    const lab = await client.spawn(order);
    const params = { rounds: '1000000', tokens: '9000000' };
    const report = client.executeTask({ pid: lab, description: 'spin', params });
    report.catch(() => undefined);
    const called = await since(({ kind }) => kind === 'llm.called');
    const pid = Number(called.at(-1)?.body['pid']);
    await client.freezeBudget({ pid, isFrozen: true, note: 'look first' });
    const stopped = await since(
      ({ kind, body }) => kind === 'syscall.refused' && body['syscall'] === 'reserve',
    );
    const at = stopped.findIndex(({ kind, body }) => kind === 'budget.frozen' && body['isFrozen']);
    expect(ofKind(stopped.slice(at), 'budget.reserved')).toEqual([]);
    // It is not empty: nobody is alarmed.
    expect(ofKind(stopped.slice(at), 'budget.exhausted')).toEqual([]);

    await client.freezeBudget({ pid, isFrozen: false });
    await client.send({ to: pid, type: 'budget', payload: 'go on' });
    const { seq: thawedSeq } = stopped.at(-1) as Journal;
    await since((event) => event.seq > thawedSeq && event.kind === 'llm.called');
    await client.kill(lab, { isRecursive: true, graceMs: 1_000 });
    expect((await client.listBudgets(lab)).flatMap(({ purses }) => purses)).toEqual([]);
  });
});

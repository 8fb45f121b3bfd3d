// What goes over the wire for each call and what comes back, against a session that answers as it
// is told; the same calls against a real kernel are those of `hive budget`.
import { LinkCaller, readHello, ServerSession } from '@hivekernel/protocol/link';
import type { IncomingCall, ReplyBody } from '@hivekernel/protocol/link';
import { memoryStreamPair } from '@hivekernel/protocol/memory-stream';
import { afterEach, describe, expect, it } from 'vitest';
import { BudgetCalls } from './budget-calls.ts';
import type { Purse } from './words.ts';

const SUMS = { allocated: 9, spent: 4, reserved: 3, given: 5, remaining: -3, overdrawn: 3 };
const WHO = { pid: 7, name: 'w', address: '/king/w' };
const INFO = { ...WHO, frozen: true, purses: [{ purse: 'usd', ...SUMS }] };
const VIEW = { ...WHO, isFrozen: true, purses: [{ purse: 'usd', ...SUMS }] };
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A client of a kernel that gives this reply to everything, and the calls that it got. */
async function start(reply: ReplyBody) {
  const { a, b } = memoryStreamPair();
  const calls: { pid: number; kind: string; value: unknown }[] = [];
  const onCall = (call: IncomingCall): void => {
    calls.push({ pid: call.pid, kind: call.body.$case, value: call.body.value });
    call.reply(reply);
  };
  const handlers = { onCall, onGarbage: () => undefined };
  const session = new ServerSession({ mayCallAs: () => true, handlers });
  const caller = new LinkCaller({ hello: { pid: 0, client: 'test' }, whenLost: 'reject' });
  const attached = caller.attach(a);
  const greeting = { resumeSecret: 's', kernelVersion: 'v', bootId: 'b' };
  session.attach(await readHello(b, { signal: AbortSignal.timeout(10_000) }), greeting);
  await attached;
  const dialled = { caller, kernel: { version: 'v', bootId: 'b' } };
  const client = new BudgetCalls(dialled, () => Promise.reject(new Error('no redial here')));
  cleanups.push(() => client.close());
  return { client, calls };
}

describe('BudgetCalls.listBudgets()', () => {
  it('asks from the king down, or from whom it is told, and keeps what is overdrawn', async () => {
    const { client, calls } = await start({ $case: 'listBudgets', value: { budgets: [INFO] } });
    expect(await client.listBudgets()).toEqual([VIEW]);
    await client.listBudgets(7, { as: 5 });
    expect(calls).toEqual([
      { pid: 0, kind: 'listBudgets', value: { rootPid: 0 } },
      { pid: 5, kind: 'listBudgets', value: { rootPid: 7 } },
    ]);
  });
});

describe('BudgetCalls.raiseBudget()', () => {
  it('raises, lowers and sets; nothing at all is an amount too', async () => {
    const { client, calls } = await start({ $case: 'raiseBudget', value: INFO });
    expect(await client.raiseBudget({ pid: 7, change: { by: 50_000 } })).toEqual(VIEW);
    await client.raiseBudget({ pid: 7, change: { by: -20_000 }, purse: 'strategic', note: 'n' });
    await client.raiseBudget({ pid: 7, change: { to: 0 }, purse: 'usd' });
    expect(calls.map(({ value }) => value)).toEqual([
      { targetPid: 7, purse: '', change: { $case: 'by', value: 50_000 }, note: '' },
      { targetPid: 7, purse: 'strategic', change: { $case: 'by', value: -20_000 }, note: 'n' },
      { targetPid: 7, purse: 'usd', change: { $case: 'to', value: 0 }, note: '' },
    ]);
  });

  it('refuses a word that is no purse before anything is sent', async () => {
    const { client, calls } = await start({ $case: 'raiseBudget', value: INFO });
    const order = { pid: 7, change: { by: 1 }, purse: 'euros' as Purse };
    await expect(client.raiseBudget(order)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('strategic, tactical, operational, usd'),
      details: { field: 'purse' },
    });
    expect(calls).toEqual([]);
  });
});

describe('BudgetCalls.freezeBudget()', () => {
  it('freezes and thaws', async () => {
    const { client, calls } = await start({ $case: 'freezeBudget', value: INFO });
    expect(await client.freezeBudget({ pid: 7, isFrozen: true, note: 'why' })).toEqual(VIEW);
    await client.freezeBudget({ pid: 7, isFrozen: false });
    expect(calls.map(({ value }) => value)).toEqual([
      { targetPid: 7, frozen: true, note: 'why' },
      { targetPid: 7, frozen: false, note: '' },
    ]);
  });
});

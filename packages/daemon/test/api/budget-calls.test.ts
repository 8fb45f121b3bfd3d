import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGrpcDoor } from '../../src/api/grpc/grpc-door.ts';
import { DoorGround, TOKEN } from './door-ground.ts';
import { GrpcClient } from './grpc-client.ts';

let ground: DoorGround;
let operator: GrpcClient;

beforeEach(async () => {
  ground = await DoorGround.open();
  const { host, feed, dir } = ground;
  const door = createGrpcDoor({
    host,
    feed,
    listen: [{ kind: 'unix', path: join(dir, 'core.sock') }],
    operatorToken: TOKEN,
    trustPidHeader: false,
    bootId: 'boot',
    termGraceMs: 5_000,
  });
  await door.start();
  operator = new GrpcClient(door.addresses[0] ?? '');
  ground.onClose(async () => {
    operator.close();
    await door.stop();
  });
});
afterEach(() => ground.close());

describe('RequestResources', () => {
  it('moves tokens in full, or is refused in the reply (PROTOCOL §3)', async () => {
    const lead = await ground.spawn({ role: 'lead', limits: { tokensTotalMax: 1_000 } });
    const pid = await ground.spawn({ name: 'w' }, lead);
    const ask = (amount: number, resourceType = 'tokens') =>
      operator.call('requestResources', { resourceType, amount, justification: 'more' }, { pid });
    const refused = { granted: false, grantedAmount: 0 };
    expect(await ask(400)).toMatchObject({ granted: true, grantedAmount: 400, reason: '' });
    expect((await operator.call('getResourceUsage', {}, { pid })).tokensRemaining).toBe(400);
    const info = await operator.call('getProcessInfo', { pid: lead });
    expect(info.budgetAllocated).toEqual({ tactical: 1_000 });
    expect(info.budgetRemaining).toEqual({ tactical: 600 });
    const reason = expect.stringContaining('600 left of 1,000');
    expect(await ask(601)).toMatchObject({ ...refused, reason, errorCode: 'budget_exhausted' });
    for (const type of ['dollars', 'usd_micros', 'cows']) {
      expect(await ask(1, type)).toMatchObject({ ...refused, errorCode: 'invalid_argument' });
    }
  });

  it('says NOT_FOUND of an unknown caller, as GetResourceUsage does (PROTOCOL §2)', async () => {
    const wish = { resourceType: 'tokens', amount: 1 };
    for (const unknown of [
      operator.call('requestResources', wish, { pid: 99 }),
      operator.call('getResourceUsage', {}, { pid: 99 }),
    ]) {
      await expect(unknown).rejects.toMatchObject({ code: status.NOT_FOUND });
    }
  });
});

describe('ControlService, of budgets', () => {
  it('raises, freezes and lists', async () => {
    const pid = await ground.spawn({ limits: { tokensTotalMax: 1_000 } });
    const change = { $case: 'by', value: -400 } as const;
    const lowered = await operator.control('raiseBudget', { targetPid: pid, change });
    expect(lowered).toMatchObject({ pid, purses: [{ allocated: 600, remaining: 600 }] });
    expect(await operator.control('freezeBudget', { targetPid: pid, frozen: true })).toMatchObject({
      frozen: true,
    });
    const { budgets } = await operator.control('listBudgets', {});
    expect(budgets.map((one) => [one.pid, one.frozen])).toEqual([
      [1, false],
      [pid, true],
    ]);
  });
});

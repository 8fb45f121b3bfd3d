import { asPid, DEFAULT_SETTINGS, KING_PID } from '@hivekernel/kernel';
import type { Call, KernelSettings, Tier } from '@hivekernel/kernel';
import { MemoryStore, spawnOrder, taskSpec } from '@hivekernel/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { World } from '../journal/host.ts';
import { JournaledKernel } from '../journal/journaled-kernel.ts';
import type { CallEstimate, Caller, LlmCallRecord, ReserveWish } from '../llm/ports.ts';
import { AccessKeys } from './access-keys.ts';
import { gatewayPorts } from './gateway-ports.ts';

const NOWHERE: World = {
  start: () => undefined,
  stop: () => undefined,
  execute: () => undefined,
  interrupt: () => undefined,
  deliver: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  dump: () => undefined,
};

const settings = DEFAULT_SETTINGS;

const faults: Error[] = [];
afterEach(() => expect(faults.splice(0)).toEqual([]));

async function openHost(settings: KernelSettings = DEFAULT_SETTINGS): Promise<JournaledKernel> {
  const onFault = (error: Error): void => void faults.push(error);
  const listeners = { onFatal: onFault, onFault };
  const host = await JournaledKernel.open({ store: new MemoryStore(), settings, ...listeners });
  host.start(NOWHERE);
  return host;
}

describe('gatewayPorts().identify()', () => {
  it('says how long the caller waits for a first token (S6)', async () => {
    const host = await openHost();
    host.fact({ fact: 'booted', version: '0', bootId: 'b' });
    const ports = gatewayPorts({ host, settings, bootId: 'b', keys: new AccessKeys('op') });
    const { firstTokenMs } = host.kernel.state.table.king.spec.watch;
    expect(ports.identify('op')).toMatchObject({ pid: 1, name: 'king', firstTokenMs });
    expect(ports.identify('nobody')).toBeUndefined();
    await host.close();
  });
});

describe('gatewayPorts().progressed()', () => {
  it('is told as a fact that makes no event (S6)', async () => {
    const host = await openHost();
    const ports = gatewayPorts({ host, settings, bootId: 'b', keys: new AccessKeys('op') });
    host.fact({ fact: 'booted', version: '0', bootId: 'b' });
    await host.settled();
    const seq = host.durableSeq;
    for (const pid of [1, 99]) ports.progressed(pid, 5_000);
    await host.settled();
    expect(host.durableSeq).toBe(seq);
    await host.close();
  });
});

const ESTIMATE: CallEstimate = {
  model: 'm',
  alias: 'opus',
  provider: 'p',
  simulated: false,
  promptTokens: 10,
  completionTokensMax: 90,
};

const RECORD: LlmCallRecord = {
  pid: 1,
  tier: 'strategic',
  model: 'm',
  alias: 'opus',
  provider: 'p',
  simulated: false,
  promptTokens: 5,
  completionTokens: 7,
  estimated: false,
  latencyMs: 1.5,
  firstTokenMs: 1,
  streamed: false,
  outcome: 'ok',
};

const CALLER: Caller = {
  pid: 1,
  name: 'king',
  tier: 'strategic',
  model: 'opus',
  user: 'root',
  firstTokenMs: 0,
};

let calls = 0;

/** The answer to the operator's call. */
function done<N extends Call['name']>(
  host: JournaledKernel,
  name: N,
  args: Extract<Call, { name: N }>['args'],
): Promise<unknown> {
  calls += 1;
  const call = { name, args, ref: { channel: 't', pid: KING_PID, id: calls }, task: null };
  return new Promise((resolve, reject) => {
    host.call({ ...call, isOperator: true } as Call, (result) =>
      result.ok ? resolve(result.value) : reject(result.error),
    );
  });
}

describe('gatewayPorts().reserve()', () => {
  async function open(wish: Partial<KernelSettings> = {}) {
    const host = await openHost({ ...settings, ...wish });
    host.fact({ fact: 'booted', version: '0', bootId: 'b' });
    const keys = new AccessKeys('op');
    const { reserve } = gatewayPorts({ host, settings, bootId: 'b', keys });
    const { signal } = new AbortController();
    const ask = (estimate: Partial<CallEstimate> = {}, how: Partial<ReserveWish> = {}) =>
      reserve({
        caller: CALLER,
        estimate: { ...ESTIMATE, ...estimate },
        taskId: undefined,
        signal,
        ...how,
      });
    const entry = (tier: Tier) => host.kernel.state.budgets.tree.find(KING_PID, tier);
    return { host, ask, entry };
  }

  it('holds the estimate durably at the tier of the model, settles it once (B2, B3)', async () => {
    const { host, ask, entry } = await open();
    const held = await ask({ alias: 'mini' });
    expect(host.durableSeq).toBe(host.kernel.state.log.lastSeq);
    expect(held).toMatchObject({ tier: 'operational', instead: undefined });
    expect(entry('operational')).toMatchObject({ reserved: 100, spent: 0 });
    for (let i = 0; i < 2; i += 1) held.settle({ ...RECORD, tier: 'operational' });
    await host.settled();
    expect(entry('operational')).toMatchObject({ reserved: 0, spent: 12 });
    await host.close();
  });

  it.each([
    ['sim/sonnet', 'tactical'],
    ['haiku', 'strategic'],
    ['anything/else', 'strategic'],
  ] as const)('draws for %s on the %s tier (B2)', async (alias, tier) => {
    const { host, ask } = await open();
    expect((await ask({ alias })).tier).toBe(tier);
    await host.close();
  });

  it('refuses what the budget cannot pay, with the numbers (B3)', async () => {
    const kingTokens = { strategic: 99, tactical: 0, operational: 0 };
    const { host, ask, entry } = await open({ kingTokens });
    await expect(ask()).rejects.toMatchObject({
      code: 'budget_exhausted',
      details: { payer: 1, wanted: 100, remaining: 99 },
    });
    expect(entry('strategic')).toMatchObject({ reserved: 0 });
    await host.close();
  });

  it('names the model of the tier that pays instead (B5)', async () => {
    const kingTokens = { strategic: 99, tactical: 500, operational: 0 };
    const { host, ask } = await open({ kingTokens, budgetAtLimit: 'degrade' });
    expect(await ask()).toMatchObject({ tier: 'tactical', instead: 'sonnet' });
    expect(await ask({ alias: 'sim/opus' })).toMatchObject({ instead: 'sim/sonnet' });
    await host.close();
  });

  it('is as urgent as the task of the caller that it works for, no other (B7)', async () => {
    const { host, ask } = await open();
    // Nobody answers either of them: it starts for ever.
    void done(host, 'spawn', spawnOrder({ image: 'x' }));
    await host.settled();
    const pid = asPid(2);
    void done(host, 'execute_task', { pid, spec: taskSpec({ priority: 0 }) });
    await host.settled();
    const [task] = [...host.kernel.state.tasks.byId.keys()];
    const taskId = `t${task}`;
    const priorityOf = async (how: Partial<ReserveWish>) => (await ask({}, how)).priority;
    expect(await priorityOf({ taskId, caller: { ...CALLER, pid } })).toBe(0);
    expect(await priorityOf({ taskId })).toBe(2);
    expect(await priorityOf({ taskId: 't999' })).toBe(2);
    await host.close();
  });

  it('gives up a wait with its call, settles what came too late with nothing (B5)', async () => {
    const kingTokens = { strategic: 99, tactical: 500, operational: 0 };
    const { host, ask, entry } = await open({ kingTokens, budgetAtLimit: 'block' });
    const giveUp = new AbortController();
    const waiting = ask({}, { signal: giveUp.signal });
    const late = new AbortController();
    const granted = ask({ alias: 'sonnet' }, { signal: late.signal });
    giveUp.abort();
    late.abort();
    for (const one of [waiting, granted, ask({}, { signal: AbortSignal.abort() })]) {
      await expect(one).rejects.toMatchObject({ code: 'cancelled' });
    }
    await host.settled();
    expect(host.kernel.state.budgetWaits.byId.size).toBe(0);
    expect(entry('tactical')).toMatchObject({ reserved: 0, spent: 0 });
    await host.close();
  });
});

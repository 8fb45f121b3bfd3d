import { DEFAULT_SETTINGS } from '@hivekernel/kernel';
import type { Event } from '@hivekernel/kernel';
import { MemoryStore } from '@hivekernel/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { World } from '../journal/host.ts';
import { JournaledKernel } from '../journal/journaled-kernel.ts';
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

async function openHost(): Promise<JournaledKernel> {
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
    const ports = gatewayPorts({ host, settings, keys: new AccessKeys('op') });
    const { firstTokenMs } = host.kernel.state.table.king.spec.watch;
    expect(ports.identify('op')).toMatchObject({ pid: 1, name: 'king', firstTokenMs });
    expect(ports.identify('nobody')).toBeUndefined();
    await host.close();
  });
});

describe('gatewayPorts().progressed()', () => {
  it('is told as a fact that makes no event (S6)', async () => {
    const host = await openHost();
    const ports = gatewayPorts({ host, settings, keys: new AccessKeys('op') });
    host.fact({ fact: 'booted', version: '0', bootId: 'b' });
    await host.settled();
    const seq = host.durableSeq;
    for (const pid of [1, 99]) ports.progressed(pid, 5_000);
    await host.settled();
    expect(host.durableSeq).toBe(seq);
    await host.close();
  });
});

describe('gatewayPorts().record()', () => {
  it("charges a call to its caller's tier, also when the caller is gone by then (B8)", async () => {
    const host = await openHost();
    const events: Event[] = [];
    host.onDurable((batch) => events.push(...batch));
    const ports = gatewayPorts({ host, settings, keys: new AccessKeys('op') });
    ports.record({
      pid: 99,
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
    });
    await host.settled();
    const called = events.filter(({ kind }) => kind === 'llm.called');
    expect(called).toMatchObject([{ body: { pid: 99, tier: 'strategic', promptTokens: 5 } }]);
    expect(host.kernel.state.ledger.totals.byTier).toMatchObject({ strategic: 12, operational: 0 });
    await host.close();
  });
});

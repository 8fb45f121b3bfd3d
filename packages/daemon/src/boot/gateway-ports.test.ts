import { DEFAULT_SETTINGS } from '@hivekernel/kernel';
import type { Event } from '@hivekernel/kernel';
import { MemoryStore } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
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

describe('gatewayPorts().record()', () => {
  it("charges a call to its caller's tier, also when the caller is gone by then (B8)", async () => {
    const onFatal = (error: Error): void => {
      throw error;
    };
    const settings = DEFAULT_SETTINGS;
    const host = await JournaledKernel.open({ store: new MemoryStore(), settings, onFatal });
    host.start(NOWHERE);
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

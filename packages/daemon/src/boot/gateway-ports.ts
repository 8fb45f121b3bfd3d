// The kernel as the model gateway sees it: who calls, may it be paid for, and where the bill goes.
//   B1, B3. A call is refused before a byte goes out once the king's tokens of its tier are spent.
//   S6. What comes of model calls is progress of the process that makes them.
//   B8. What was used is charged to the calling process; simulated use is marked as such.

import { asPid, KernelError, KING_PID, type KernelSettings } from '@hivekernel/kernel';
import type { JournaledKernel } from '../journal/journaled-kernel.ts';
import type { Caller, GatewayPorts, LlmCallRecord } from '../llm/ports.ts';
import type { AccessKeys } from './access-keys.ts';

export function gatewayPorts(options: {
  host: JournaledKernel;
  keys: AccessKeys;
  settings: KernelSettings;
}): GatewayPorts {
  const { host, keys, settings } = options;
  return {
    identify: (bearer) => {
      const holder = keys.holderOf(bearer);
      if (holder === undefined) return undefined;
      return callerOf(host, 'pid' in holder ? holder.pid : KING_PID);
    },
    admit: (caller) => {
      const { tier } = caller;
      const spent = host.kernel.state.ledger.totals.byTier[tier];
      if (spent < settings.kingTokens[tier]) return;
      throw new KernelError(
        'budget_exhausted',
        `The ${tier} budget of the king, ${settings.kingTokens[tier]} tokens, is spent (B1, B3). ` +
          `Raise king.tokens.${tier} in hive.yaml.`,
        { details: { tier, spent } },
      );
    },
    record: (call) => host.fact({ fact: 'llm_called', ...factOf(call) }),
    observe: (pid, count) => host.observe({ type: 'tokens', pid, count }),
    progressed: (pid, quietMs) => host.fact({ fact: 'progressed', pid: asPid(pid), quietMs }),
  };
}

function callerOf(host: JournaledKernel, pid: number): Caller | undefined {
  const record = host.kernel.state.table.find(asPid(pid));
  if (record === undefined) return undefined;
  const { name, tier, model, user, watch } = record.spec;
  return { pid, name, tier, model, user, firstTokenMs: watch.firstTokenMs };
}

function factOf(call: LlmCallRecord) {
  const { tier, model, provider, simulated, promptTokens, completionTokens, estimated } = call;
  return {
    pid: asPid(call.pid),
    tier,
    model,
    provider,
    simulated,
    promptTokens,
    completionTokens,
    estimated,
    latencyMs: Math.round(call.latencyMs),
    outcome: call.outcome,
    errorCode: call.errorCode ?? '',
  };
}

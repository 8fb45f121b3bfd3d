// Finds out who serves the models, from the configuration and the environment it collected.
// The rules are discovery's; here is only what goes where.

import type { Config } from '../config/index.ts';
import { discover, type Discovery } from '../llm/discovery.ts';

/** A simulated token every half millisecond, where latency is wanted at all. */
const SIM_TOKENS_PER_SECOND = 2_000;

export function discoverModels(config: Config): Promise<Discovery> {
  const { models, sim } = config.daemon;
  return discover({
    env: config.env,
    model: models.default === '' ? undefined : models.default,
    providers: models.providers,
    aliases: models.aliases,
    probe: { enabled: models.isLocalProbed, timeoutMs: models.localProbeTimeoutMs },
    timeouts: {
      firstByteTimeoutMs: models.firstByteTimeoutMs,
      idleTimeoutMs: models.idleTimeoutMs,
    },
    limits: models.limits,
    sim: {
      seed: sim.seed,
      firstTokenMs: sim.latencyMs,
      limits: sim.limits,
      tokensPerSecond: sim.latencyMs === 0 ? 0 : SIM_TOKENS_PER_SECOND,
    },
  });
}

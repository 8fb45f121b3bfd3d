// The governors of a daemon: one per (provider, key, model), made when the first call comes (B7).
// A provider has one key, so its name stands for both.
//   O1. At most `governorsMax` are kept. One that is idle is forgotten as its last call leaves;
//       one that remembers something, when its memory is over or others need the place.
//   O2. Never forgotten: one that has calls under way or in line.
//   The simulated model is governed where limits are set for it, and not else.

import { KernelError } from '@hivekernel/kernel';
import { LLM_LIMITS } from '../llm-limits.ts';
import { NO_LIMITS, type ModelLimits, type Provider } from '../provider.ts';
import type { LlmClock } from '../wait.ts';
import { Governor, type EntryWish, type Passage } from './governor.ts';

export interface GovernorsOptions {
  readonly clock: LlmClock;
  readonly queuedMax: number;
  readonly governorsMax?: number | undefined;
}

type Governed = Pick<Provider, 'name' | 'simulated' | 'limits'>;

const FREE: Passage = { leave: () => undefined };

export class Governors {
  readonly #options: GovernorsOptions;
  readonly #governorsMax: number;
  /** The one that was used last stands last: a map keeps the order of insertion. */
  readonly #all = new Map<string, Governor>();

  constructor(options: GovernorsOptions) {
    this.#options = options;
    this.#governorsMax = options.governorsMax ?? LLM_LIMITS.governorsMax;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Rejects as `Governor.enter`, and with `queue_full` where too many models are in use. */
  async enter(to: { provider: Governed; model: string }, wish: EntryWish): Promise<Passage> {
    const limits = to.provider.limits ?? NO_LIMITS;
    if (to.provider.simulated && isFree(limits)) return FREE;
    // No provider's name has a slash.
    const key = `${to.provider.name}/${to.model}`;
    const governor = this.#all.get(key) ?? this.#make(to, limits);
    this.#all.delete(key);
    this.#all.set(key, governor);
    try {
      const passage = await governor.enter(wish);
      return {
        leave: (end) => {
          passage.leave(end);
          this.#forgetIdle(key, governor);
        },
      };
    } catch (error) {
      this.#forgetIdle(key, governor);
      throw error;
    }
  }

  close(): void {
    for (const governor of this.#all.values()) governor.close();
  }

  #make({ provider, model }: { provider: Governed; model: string }, limits: ModelLimits): Governor {
    this.#makeRoom();
    return new Governor({
      ...limits,
      provider: provider.name,
      model,
      queuedMax: this.#options.queuedMax,
      heldWaitMaxMs: LLM_LIMITS.retryAfterMaxMs,
      heldMostMs: LLM_LIMITS.heldMostMs,
      breaker: LLM_LIMITS.breaker,
      agingMsPerLevel: LLM_LIMITS.agingMsPerLevel,
      clock: this.#options.clock,
    });
  }

  /** O1: those whose memory is over go; else the one that was not used for longest. */
  #makeRoom(): void {
    if (this.#all.size < this.#governorsMax) return;
    for (const [key, governor] of this.#all) this.#forgetIdle(key, governor);
    if (this.#all.size < this.#governorsMax) return;
    for (const [key, governor] of this.#all) {
      if (!governor.isUsed) return this.#forget(key, governor);
    }
    throw new KernelError('queue_full', `Calls to ${this.#all.size} models are under way (B7).`, {
      details: { models: this.#all.size },
    });
  }

  #forgetIdle(key: string, governor: Governor): void {
    if (governor.isIdle && this.#all.get(key) === governor) this.#forget(key, governor);
  }

  #forget(key: string, governor: Governor): void {
    this.#all.delete(key);
    governor.close();
  }
}

const isFree = (limits: ModelLimits): boolean => Object.values(limits).every((max) => max === 0);

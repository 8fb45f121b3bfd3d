// The governors of a daemon: one per (provider, key, model), made when the first call comes (B7).
// A provider has one key, so its name stands for both.
//   O1. At most `governorsMax` are kept. One that is idle is forgotten as its last call leaves;
//       one that remembers something, when its memory is over or others need the place.
//   O2. Never forgotten: one that has calls under way or in line.
//   O3. Behind them stands one a provider, for the calls under way there over all its models: a
//       call waits for its model first, so that one that must wait for a minute takes nobody's
//       place. Its rate is reckoned as its model's lets it in.
//   The simulated model is governed where limits are set for it, and not else.

import { KernelError } from '@hivekernel/kernel';
import { LLM_LIMITS } from '../llm-limits.ts';
import { NO_LIMITS, type ModelLimits, type Provider } from '../provider.ts';
import type { LlmClock } from '../wait.ts';
import { Governor, type EntryWish, type GovernorOptions, type Passage } from './governor.ts';

export interface GovernorsOptions {
  readonly clock: LlmClock;
  readonly queuedMax: number;
  readonly governorsMax?: number | undefined;
}

interface Destination {
  readonly provider: Pick<Provider, 'name' | 'simulated' | 'limits' | 'concurrentMax'>;
  /** The provider's name for it. */
  readonly model: string;
}

const FREE: Passage = { leave: () => undefined };
/** Of a provider as a whole: what fails is one of its models. */
const UNBREAKABLE = { ...LLM_LIMITS.breaker, failuresMax: Infinity };

export class Governors {
  readonly #options: GovernorsOptions;
  readonly #governorsMax: number;
  /** The one that was used last stands last: a map keeps the order of insertion. */
  readonly #models = new Map<string, Governor>();
  readonly #providers = new Map<string, Governor>();

  constructor(options: GovernorsOptions) {
    this.#options = options;
    this.#governorsMax = options.governorsMax ?? LLM_LIMITS.governorsMax;
  }

  /** How many models are governed. */
  get size(): number {
    return this.#models.size;
  }

  /** Calls that have a place, and those in line for one, over all models and providers. */
  get load(): { inside: number; waiting: number } {
    const load = { inside: 0, waiting: 0 };
    for (const { inside, waiting } of [...this.#models.values(), ...this.#providers.values()]) {
      load.inside += inside;
      load.waiting += waiting;
    }
    return load;
  }

  /** Throws where `enter` would refuse at once because the model is left alone. */
  check({ provider, model }: Destination): void {
    this.#models.get(keyOf(provider.name, model))?.check();
  }

  /** Rejects as `Governor.enter`, and with `queue_full` where too many models are in use. */
  async enter(to: Destination, wish: EntryWish): Promise<Passage> {
    const model = await this.#enterModel(to, wish);
    try {
      const place = await this.#placesAt(to.provider).enter(wish);
      return {
        leave: (end) => {
          place.leave({ outcome: 'ok', tokens: 0 });
          model.leave(end);
        },
      };
    } catch (error) {
      model.leave({ outcome: 'given_up', tokens: 0 });
      throw error;
    }
  }

  close(): void {
    for (const governor of this.#models.values()) governor.close();
    for (const governor of this.#providers.values()) governor.close();
  }

  async #enterModel({ provider, model }: Destination, wish: EntryWish): Promise<Passage> {
    const limits = provider.limits ?? NO_LIMITS;
    if (provider.simulated && isFree(limits)) return FREE;
    const key = keyOf(provider.name, model);
    const governor = this.#models.get(key) ?? this.#makeOne({ ...limits, provider, model });
    this.#models.delete(key);
    this.#models.set(key, governor);
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

  #makeOne(wish: ModelLimits & Destination): Governor {
    this.#makeRoom();
    const { provider, ...rest } = wish;
    return this.#make({ ...rest, provider: provider.name, breaker: LLM_LIMITS.breaker });
  }

  #placesAt({ name, concurrentMax }: Destination['provider']): Governor {
    const own = { ...NO_LIMITS, concurrentMax, provider: name, model: 'its models' };
    const governor = this.#providers.get(name) ?? this.#make({ ...own, breaker: UNBREAKABLE });
    this.#providers.set(name, governor);
    return governor;
  }

  #make(wish: ModelLimits & Pick<GovernorOptions, 'provider' | 'model' | 'breaker'>): Governor {
    return new Governor({
      ...wish,
      queuedMax: this.#options.queuedMax,
      heldWaitMaxMs: LLM_LIMITS.retryAfterMaxMs,
      heldMostMs: LLM_LIMITS.heldMostMs,
      agingMsPerLevel: LLM_LIMITS.agingMsPerLevel,
      clock: this.#options.clock,
    });
  }

  /** O1: those whose memory is over go; else the one that was not used for longest. */
  #makeRoom(): void {
    if (this.#models.size < this.#governorsMax) return;
    for (const [key, governor] of this.#models) this.#forgetIdle(key, governor);
    if (this.#models.size < this.#governorsMax) return;
    for (const [key, governor] of this.#models) {
      if (!governor.isUsed) return this.#forget(key, governor);
    }
    throw new KernelError(
      'queue_full',
      `Calls to ${this.#models.size} models are under way (B7).`,
      {
        details: { models: this.#models.size },
      },
    );
  }

  #forgetIdle(key: string, governor: Governor): void {
    if (governor.isIdle && this.#models.get(key) === governor) this.#forget(key, governor);
  }

  #forget(key: string, governor: Governor): void {
    this.#models.delete(key);
    governor.close();
  }
}

/** No provider's name has a slash. */
const keyOf = (provider: string, model: string): string => `${provider}/${model}`;

const isFree = (limits: ModelLimits): boolean => Object.values(limits).every((max) => max === 0);

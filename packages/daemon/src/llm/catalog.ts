// Which provider serves a model's name, and how the provider calls it.
//   C1. `sim/…` is always the simulated model, and nothing else ever is by surprise.
//   C2. `<provider>/<model>` goes to that provider, where it is known; any other name goes to the
//       serving provider as it is.
//   C3. An alias means what the configuration says; at a server without that model, its first one.

import { KernelError } from '@hivekernel/kernel';
import type { Aliases } from './aliases.ts';
import { DEFAULT_ALIASES, isSimName, SIM_PREFIX } from './aliases.ts';
import type { ModelInfo } from './chat.ts';
import { LLM_LIMITS } from './llm-limits.ts';
import { firstChatModel } from './model-list.ts';
import type { Provider } from './provider.ts';
import type { LlmClock } from './wait.ts';
import { SYSTEM_CLOCK } from './wait.ts';

export interface CatalogEntry {
  readonly provider: Provider;
  /** What it is known to have, by configuration or by probe; absent: it is asked. */
  readonly models?: readonly string[] | undefined;
  /** Its own names for the default aliases. */
  readonly aliases?: Aliases | undefined;
  /** True: a default alias that it does not have means its first model (C3). */
  readonly mapsUnknown: boolean;
}

export interface CatalogOptions {
  readonly serving: CatalogEntry;
  /** The others, by name; the simulated one is among them or is the serving one. */
  readonly others: readonly CatalogEntry[];
  readonly aliases: Aliases;
  /** The operator's choice for everybody: stands for every alias left at its default. */
  readonly model?: string | undefined;
  readonly clock?: LlmClock | undefined;
}

export interface ResolvedModel {
  readonly provider: Provider;
  /** The provider's name for it. */
  readonly model: string;
  /** What was asked for. */
  readonly alias: string;
}

interface Listing {
  readonly models: readonly ModelInfo[];
  readonly untilMs: number;
}

export class Catalog {
  readonly #options: CatalogOptions;
  readonly #entries: readonly CatalogEntry[];
  readonly #clock: LlmClock;
  readonly #listings = new Map<CatalogEntry, Listing>();

  constructor(options: CatalogOptions) {
    this.#options = options;
    this.#entries = [options.serving, ...options.others];
    this.#clock = options.clock ?? SYSTEM_CLOCK;
  }

  get serving(): Provider {
    return this.#options.serving.provider;
  }

  get providers(): readonly Provider[] {
    return this.#entries.map((entry) => entry.provider);
  }

  async resolve(alias: string): Promise<ResolvedModel> {
    const { entry, model } = await this.#find(alias);
    return { provider: entry.provider, model, alias };
  }

  /** Aliases first, then what each provider lists; one that cannot be asked is left out. */
  async models(): Promise<readonly ModelInfo[]> {
    const names = Object.keys(this.#options.aliases);
    const listed = await Promise.all(this.#entries.map((entry) => this.#listed(entry)));
    return [...names.map((id) => ({ id, ownedBy: 'hivekernel' })), ...listed.flat()];
  }

  async #find(name: string): Promise<{ entry: CatalogEntry; model: string }> {
    if (isSimName(name)) return this.#simulated(name);
    const { aliases, model: forAll } = this.#options;
    const target = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
    if (target === undefined) return this.#named(name);
    const isDefault = DEFAULT_ALIASES[name] === target;
    if (!isDefault) return this.#named(target, name);
    if (forAll !== undefined && forAll !== name) return this.#find(forAll);
    return this.#aliased(name, target);
  }

  #simulated(name: string): { entry: CatalogEntry; model: string } {
    const entry = this.#entries.find(({ provider }) => provider.simulated);
    if (entry === undefined) {
      throw new KernelError('not_found', `No simulated model is set up to serve '${name}'.`);
    }
    return { entry, model: name === 'sim' ? `${SIM_PREFIX}default` : name };
  }

  /** C2. On the simulated provider any name is served, under the label. */
  #named(name: string, alias?: string): { entry: CatalogEntry; model: string } {
    if (isSimName(name)) return this.#simulated(name);
    const slash = name.indexOf('/');
    const prefix = slash < 0 ? name : name.slice(0, slash);
    const owner =
      this.#entries.find(({ models }) => models?.includes(name) === true) ??
      this.#entries.find(({ provider }) => slash > 0 && provider.name === prefix);
    if (owner !== undefined) {
      const isPrefixed = owner.provider.name === prefix && owner.models?.includes(name) !== true;
      return { entry: owner, model: isPrefixed ? name.slice(slash + 1) : name };
    }
    const { serving } = this.#options;
    if (!serving.provider.simulated) return { entry: serving, model: name };
    return { entry: serving, model: `${SIM_PREFIX}${alias ?? name}` };
  }

  async #aliased(alias: string, target: string): Promise<{ entry: CatalogEntry; model: string }> {
    const { serving } = this.#options;
    if (serving.provider.simulated) return { entry: serving, model: `${SIM_PREFIX}${alias}` };
    const own = serving.aliases?.[alias] ?? target;
    if (!serving.mapsUnknown) return { entry: serving, model: own };
    const models = await this.#list(serving).catch(() => []);
    const isThere = models.some(({ id }) => id === own);
    return { entry: serving, model: isThere ? own : (firstChatModel(models) ?? own) };
  }

  async #listed(entry: CatalogEntry): Promise<readonly ModelInfo[]> {
    const models = await this.#list(entry).catch(() => []);
    if (entry === this.#options.serving || entry.provider.simulated) return models;
    const { name } = entry.provider;
    return models.map((model) => ({ ...model, id: `${name}/${model.id}` }));
  }

  async #list(entry: CatalogEntry): Promise<readonly ModelInfo[]> {
    if (entry.models !== undefined) {
      return entry.models.map((id) => ({ id, ownedBy: entry.provider.name }));
    }
    const known = this.#listings.get(entry);
    if (known !== undefined && known.untilMs > this.#clock.monoMs()) return known.models;
    const models = await entry.provider.models();
    const untilMs = this.#clock.monoMs() + LLM_LIMITS.modelListTtlMs;
    this.#listings.set(entry, { models, untilMs });
    return models;
  }
}

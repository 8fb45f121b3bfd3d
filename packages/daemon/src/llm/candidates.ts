// The places where a model may come from, each turned into a catalog entry or a reason why not:
// configured providers, keys in the environment, servers on loopback. Not the choice
// (discovery.ts).

import { KernelError } from '@hivekernel/kernel';
import type { CatalogEntry } from './catalog.ts';
import { LLM_LIMITS } from './llm-limits.ts';
import { OpenAiCompatible } from './openai-compatible.ts';
import { PRESETS } from './presets.ts';
import type { Preset } from './presets.ts';
import { baseUrlOf, probe } from './probe.ts';
import type { LocalServer } from './probe.ts';
import { NO_LIMITS } from './provider.ts';
import type { ModelLimits } from './provider.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** One entry of `providers:` in the configuration. */
export interface ProviderConfig {
  readonly name: string;
  /** May be left out for a provider that is known by name. */
  readonly baseUrl?: string | undefined;
  /** The variable that holds the key. Left out: no key is sent. */
  readonly apiKeyEnv?: string | undefined;
  readonly models?: readonly string[] | undefined;
  readonly concurrentMax?: number | undefined;
  /** B7: of each of its models, in the place of those for all providers; 0: no limit. */
  readonly requestsPerMinuteMax?: number | undefined;
  readonly tokensPerMinuteMax?: number | undefined;
}

/** How long a provider may be silent; absent: the gateway's own bounds. */
export interface ProviderTimeouts {
  readonly firstByteTimeoutMs?: number | undefined;
  readonly idleTimeoutMs?: number | undefined;
}

export interface CandidateSource {
  readonly env: Env;
  readonly timeouts?: ProviderTimeouts | undefined;
  /** B7: of each model at each provider. */
  readonly limits?: ModelLimits | undefined;
}

export type CandidateKind = 'configured' | 'key' | 'local' | 'simulated';

/** What was looked at, for people: `hive doctor` prints one line each. */
export interface Candidate {
  readonly name: string;
  readonly title: string;
  readonly kind: CandidateKind;
  readonly found: boolean;
  /** Why, or why not. */
  readonly why: string;
  readonly entry?: CatalogEntry | undefined;
}

export function valueOf(env: Env, name: string | undefined): string | undefined {
  const value = name === undefined ? undefined : env[name]?.trim();
  return value === '' ? undefined : value;
}

/** Throws `invalid_argument` for what cannot be a provider; a missing key is a reason only. */
export function configuredCandidate(config: ProviderConfig, source: CandidateSource): Candidate {
  const { env, timeouts } = source;
  const preset = PRESETS.find(({ name }) => name === config.name);
  const keyEnv = config.apiKeyEnv ?? (config.baseUrl === undefined ? preset?.keyEnv : undefined);
  const baseUrl = config.baseUrl ?? presetUrl(preset, env);
  if (config.name === 'sim' || config.name === '' || config.name.includes('/')) {
    throw badProvider(config.name, 'the name is taken, empty, or has a slash');
  }
  if (baseUrl === undefined) throw badProvider(config.name, 'base_url is missing');
  checkUrl(config.name, baseUrl);
  const shared = { name: config.name, title: config.name, kind: 'configured' as const };
  const apiKey = valueOf(env, keyEnv);
  if (keyEnv !== undefined && apiKey === undefined) {
    return { ...shared, found: false, why: `configured, but ${keyEnv} is not set` };
  }
  const provider = new OpenAiCompatible({
    name: config.name,
    baseUrl,
    apiKey,
    ...timeouts,
    concurrentMax: config.concurrentMax,
    limits: limitsOf(config, source.limits),
    maxTokensField: config.baseUrl === undefined ? preset?.maxTokensField : undefined,
  });
  const isPreset = preset !== undefined && config.baseUrl === undefined;
  const entry: CatalogEntry = {
    provider,
    models: config.models,
    aliases: isPreset ? preset.aliases : undefined,
    mapsUnknown: !isPreset || config.models !== undefined,
  };
  const key = keyEnv === undefined ? 'without a key' : `with ${keyEnv}`;
  return { ...shared, found: true, why: `configured, at ${baseUrl}, ${key}`, entry };
}

export function keyCandidate(preset: Preset, source: CandidateSource): Candidate {
  const { env, timeouts } = source;
  const apiKey = valueOf(env, preset.keyEnv);
  const ownUrl = valueOf(env, preset.baseUrlEnv);
  const shared = { name: preset.name, title: preset.title, kind: 'key' as const };
  if (apiKey === undefined && ownUrl === undefined) {
    return { ...shared, found: false, why: `${preset.keyEnv} is not set` };
  }
  const baseUrl = ownUrl ?? preset.baseUrl;
  checkUrl(preset.baseUrlEnv, baseUrl);
  const provider = new OpenAiCompatible({
    name: preset.name,
    baseUrl,
    apiKey,
    ...timeouts,
    limits: source.limits,
    maxTokensField: ownUrl === undefined ? preset.maxTokensField : undefined,
  });
  const entry: CatalogEntry = {
    provider,
    aliases: ownUrl === undefined ? preset.aliases : undefined,
    mapsUnknown: ownUrl !== undefined,
  };
  const by = apiKey === undefined ? preset.baseUrlEnv : preset.keyEnv;
  const where = ownUrl === undefined ? '' : `, at ${ownUrl}`;
  return { ...shared, found: true, why: `${by} is set${where}`, entry };
}

export async function localCandidate(
  server: LocalServer,
  options: { timeoutMs: number } & Omit<CandidateSource, 'env'>,
): Promise<Candidate> {
  const shared = { name: server.name, title: server.title, kind: 'local' as const };
  const result = await probe(server, options);
  if (!result.found) return { ...shared, found: false, why: result.why };
  const provider = new OpenAiCompatible({
    name: server.name,
    baseUrl: baseUrlOf(server),
    ...options.timeouts,
    limits: options.limits,
    concurrentMax: LLM_LIMITS.loopbackConcurrentMax,
  });
  const entry: CatalogEntry = {
    provider,
    models: result.models.map(({ id }) => id),
    mapsUnknown: true,
  };
  const count = result.models.length === 1 ? '1 model' : `${result.models.length} models`;
  return { ...shared, found: true, why: `answers on 127.0.0.1:${server.port}, ${count}`, entry };
}

function limitsOf(config: ProviderConfig, shared: ModelLimits = NO_LIMITS): ModelLimits {
  return {
    ...shared,
    requestsPerMinuteMax: config.requestsPerMinuteMax ?? shared.requestsPerMinuteMax,
    tokensPerMinuteMax: config.tokensPerMinuteMax ?? shared.tokensPerMinuteMax,
  };
}

function presetUrl(preset: Preset | undefined, env: Env): string | undefined {
  return preset === undefined ? undefined : (valueOf(env, preset.baseUrlEnv) ?? preset.baseUrl);
}

function checkUrl(owner: string, url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isHttp = parsed?.protocol === 'http:' || parsed?.protocol === 'https:';
  if (isHttp && parsed.username === '' && parsed.password === '') return;
  // Not repeated: it holds what nobody shall read.
  if (isHttp) throw badProvider(owner, 'its URL holds a user or a password; use api_key_env');
  throw badProvider(owner, `'${url}' is not an http or https URL`);
}

function badProvider(name: string, why: string): KernelError {
  return new KernelError('invalid_argument', `Model provider '${name}': ${why}.`);
}

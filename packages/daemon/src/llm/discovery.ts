// Chooses who serves the models: the configured provider, else one whose key is in the environment,
// else a server on loopback, else the simulated model.
//   W1. Nothing is paid for unless the user set a key; no key, no call outside.
//   W2. What was named explicitly is used or refused with a reason; never silently replaced.
//   W3. Whatever was looked at is told, found or not, with the reason.

import { KernelError } from '@hivekernel/kernel';
import type { Aliases } from './aliases.ts';
import { DEFAULT_ALIASES, isSimName } from './aliases.ts';
import { configuredCandidate, keyCandidate, localCandidate } from './candidates.ts';
import type { Candidate, Env, ProviderConfig, ProviderTimeouts } from './candidates.ts';
import { Catalog } from './catalog.ts';
import type { CatalogEntry } from './catalog.ts';
import { LLM_LIMITS } from './llm-limits.ts';
import { PRESETS } from './presets.ts';
import { LOCAL_SERVERS } from './probe.ts';
import type { LocalServer } from './probe.ts';
import type { ModelLimits } from './provider.ts';
import { SimProvider } from './sim/sim-provider.ts';
import type { SimOptions } from './sim/sim-provider.ts';

export interface DiscoveryOptions {
  /** The process's environment with what `.env` added. */
  readonly env: Env;
  /**
   * `--model`, `HIVE_MODEL` or `model:`: a model, `provider/model`, a provider, an alias, `sim`.
   */
  readonly model?: string | undefined;
  readonly providers?: readonly ProviderConfig[] | undefined;
  /** Laid over the defaults. */
  readonly aliases?: Aliases | undefined;
  readonly probe?: {
    readonly enabled?: boolean | undefined;
    readonly timeoutMs?: number | undefined;
    readonly servers?: readonly LocalServer[] | undefined;
    /** True: also where the answer is not needed; for `hive doctor`. */
    readonly always?: boolean | undefined;
  };
  readonly sim?: SimOptions | undefined;
  readonly timeouts?: ProviderTimeouts | undefined;
  /** B7: of each model at each provider but the simulated one. */
  readonly limits?: ModelLimits | undefined;
}

export interface Discovery {
  readonly catalog: Catalog;
  readonly serving: Candidate;
  readonly candidates: readonly Candidate[];
  /** One line for people, as `up` and `demo` print it after `model`. */
  readonly line: string;
}

/**
 * Throws `unavailable` when the provider that was named cannot be used (a missing key, a server
 * that does not answer), `invalid_argument` for a bad entry. The message says what to do.
 */
export async function discover(options: DiscoveryOptions): Promise<Discovery> {
  const aliases = { ...DEFAULT_ALIASES, ...options.aliases };
  const configured = (options.providers ?? []).map((one) => configuredCandidate(one, options));
  checkNames(configured);
  const keys = PRESETS.filter(({ name }) => !configured.some((one) => one.name === name)).map(
    (preset) => keyCandidate(preset, options),
  );
  const isServed = configured.length > 0 || keys.some(({ found }) => found);
  const locals = await localCandidates(options, { aliases, isServed });
  const sim = simulatedCandidate(options);
  const all = [...configured, ...keys, ...locals, sim];
  const serving = choose({ model: options.model, all, aliases });
  return {
    serving,
    candidates: all,
    catalog: catalogOf({ serving, all, aliases, model: options.model }),
    line: lineOf(serving, all),
  };
}

async function localCandidates(
  options: DiscoveryOptions,
  known: { aliases: Aliases; isServed: boolean },
): Promise<Candidate[]> {
  const servers = options.probe?.servers ?? LOCAL_SERVERS;
  const timeoutMs = options.probe?.timeoutMs ?? LLM_LIMITS.probeTimeoutMs;
  const named = [options.model, ...Object.values(known.aliases)];
  const isNamed = (server: LocalServer): boolean =>
    named.some((name) => name === server.name || name?.startsWith(`${server.name}/`) === true);
  const isWanted = !known.isServed && !isSimName(options.model ?? '');
  return Promise.all(
    servers.map(async (server): Promise<Candidate> => {
      const isAsked = options.probe?.always === true || isNamed(server) || isWanted;
      const isAllowed = options.probe?.enabled !== false;
      if (isAsked && isAllowed) return localCandidate(server, { ...options, timeoutMs });
      const why = isAllowed ? 'not asked: not needed' : 'not asked: probing is switched off';
      return { name: server.name, title: server.title, kind: 'local', found: false, why };
    }),
  );
}

function simulatedCandidate(options: DiscoveryOptions): Candidate {
  const entry: CatalogEntry = { provider: new SimProvider(options.sim), mapsUnknown: false };
  const why = 'built in; answers are simulated, drawn from the text that is given';
  return { name: 'sim', title: 'simulated model', kind: 'simulated', found: true, why, entry };
}

/** The order of the list is the order of preference. */
function choose(search: {
  model: string | undefined;
  all: readonly Candidate[];
  aliases: Aliases;
}): Candidate {
  const { model, all, aliases } = search;
  const target = model === undefined ? undefined : (aliases[model] ?? model);
  if (target !== undefined && isSimName(target)) return byKind(all, 'simulated');
  const named = target === undefined ? undefined : namedBy(target, all);
  if (named?.found === true) return named;
  const first = all.find((one) => one.kind === 'configured' || one.found);
  if (first === undefined) throw new KernelError('internal', 'There is no simulated model.');
  // `openai/gpt-4o` may also be the name that another provider has for it.
  const isForeign = named?.kind === 'key' && target !== named.name && isRemote(first);
  if (named !== undefined && !isForeign) throw notThere(named);
  if (!first.found) throw notThere(first);
  const isExplicit = target !== undefined && model === target;
  if (isExplicit && !isRemote(first)) throw nobodyServes(target);
  return first;
}

function isRemote(candidate: Candidate): boolean {
  return candidate.kind === 'configured' || candidate.kind === 'key';
}

function namedBy(target: string, all: readonly Candidate[]): Candidate | undefined {
  return (
    all.find(({ entry }) => entry?.models?.includes(target) === true) ??
    all.find(({ name }) => target === name || target.startsWith(`${name}/`))
  );
}

function byKind(all: readonly Candidate[], kind: Candidate['kind']): Candidate {
  const found = all.find((one) => one.kind === kind);
  if (found === undefined) throw new KernelError('internal', `There is no ${kind} model.`);
  return found;
}

function catalogOf(made: {
  serving: Candidate;
  all: readonly Candidate[];
  aliases: Aliases;
  model: string | undefined;
}): Catalog {
  const { serving, all, aliases } = made;
  // A key that is only lying about in the environment is not used beside the one that serves (W1).
  const others = all.filter((one) => one !== serving && one.found && one.kind !== 'key');
  const isProviderOnly = made.model === serving.name || isSimName(made.model ?? '');
  return new Catalog({
    serving: entryOf(serving),
    others: others.map(entryOf),
    aliases,
    ...(made.model === undefined || isProviderOnly ? {} : { model: made.model }),
  });
}

function entryOf(candidate: Candidate): CatalogEntry {
  if (candidate.entry !== undefined) return candidate.entry;
  throw notThere(candidate);
}

function lineOf(serving: Candidate, all: readonly Candidate[]): string {
  if (serving.kind !== 'simulated') return `${serving.title} (${serving.why})`;
  const ports = all
    .filter(({ kind }) => kind === 'local')
    .map(({ why }) => /:(\d+)/.exec(why)?.[1]);
  const asked = ports.filter((port) => port !== undefined).map((port) => `:${port}`);
  const isAsked = asked.length > 0 && all.some(({ why }) => !why.startsWith('not asked'));
  const why = isAsked ? `no API key found, no local server on ${asked.join(' ')}` : 'as configured';
  return `sim · simulated: ${why}`;
}

function checkNames(configured: readonly Candidate[]): void {
  const names = configured.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return;
  throw new KernelError('invalid_argument', `Model provider '${twice}' is configured twice.`);
}

function notThere(candidate: Candidate): KernelError {
  const message =
    `The model provider '${candidate.name}' cannot be used: ${candidate.why}. ` +
    `${remedyFor(candidate)}, or take it out of the configuration, or choose the simulated ` +
    `model with --model sim.`;
  return new KernelError('unavailable', message, { details: { provider: candidate.name } });
}

function remedyFor(candidate: Candidate): string {
  const keyEnv = /([A-Z][A-Z0-9_]*) is not set/.exec(candidate.why)?.[1];
  return keyEnv === undefined
    ? `Start ${candidate.title}`
    : `Set ${keyEnv} in the environment or in .env`;
}

function nobodyServes(model: string): KernelError {
  const keys = PRESETS.map(({ keyEnv }) => keyEnv).join(' or ');
  return new KernelError(
    'unavailable',
    `Nobody serves the model '${model}': no API key was found and no local server has it. ` +
      `Set ${keys} in the environment or in .env, or choose the simulated model with --model sim.`,
  );
}

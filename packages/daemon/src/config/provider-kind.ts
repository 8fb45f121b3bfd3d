// The `providers` list: OpenAI-compatible endpoints that the operator names.
//   A key never stands in a file: an entry names the environment variable that holds it. What
//   stands where that name belongs is never repeated in an error, since it may be the key itself.

import { PRESETS } from '../llm/presets.ts';
import { PER_MINUTE } from './model-rows.ts';
import { ENTRIES_MAX, bad, describeRaw, good, int, parseText } from './value-kinds.ts';
import type { Kind, Parsed, TextRules, ValueProblem } from './value-kinds.ts';

export interface ProviderSettings {
  readonly name: string;
  /** Without a trailing slash; absent for a provider that is known by its name. */
  readonly baseUrl?: string;
  /** Environment variable that holds the key; absent for a server without one. */
  readonly apiKeyEnv?: string;
  /** Models that it serves; absent: whatever it lists. */
  readonly models?: readonly string[];
  /** Calls under way at once; absent: the gateway's own bound. */
  readonly concurrentMax?: number;
  /** B7: of each of its models; 0: no limit, absent: as for all providers. */
  readonly requestsPerMinuteMax?: number;
  readonly tokensPerMinuteMax?: number;
}

const FIELDS = [
  ...['name', 'base_url', 'api_key_env', 'models', 'concurrent_max'],
  ...['requests_per_minute', 'tokens_per_minute'],
] as const;
const NAME: TextRules = { allowed: '', pattern: /^[a-z0-9][a-z0-9-]*$/, charsMax: 64 };
const MODEL: TextRules = { allowed: '', pattern: /^[^\s,=]+$/, charsMax: 256 };
const CONCURRENT = int({ min: 1, max: 100_000 });
const ENV_NAME = /^[A-Z_][A-Z0-9_]*$/;
/** Names that the gateway gives to what it brings itself. */
const RESERVED_NAMES: readonly string[] = ['sim'];

type Fields = Readonly<Record<string, unknown>>;
type Say = (what: string, path?: readonly (string | number)[]) => void;

export function providerList(): Kind<readonly ProviderSettings[]> {
  return {
    word: 'providers',
    allowed:
      'a list of {name: lower-case letters, digits and "-"; base_url: an http or https URL; ' +
      'api_key_env: the NAME of an environment variable; models: a list; ' +
      `concurrent_max: ${CONCURRENT.allowed}; requests_per_minute and tokens_per_minute of each ` +
      `of its models: ${PER_MINUTE.allowed}}`,
    show: (value) => JSON.stringify(value.map(toFields)),
    parse: parseProviders,
  };
}

const toFields = (one: ProviderSettings): Fields => ({
  name: one.name,
  ...(one.baseUrl === undefined ? {} : { base_url: one.baseUrl }),
  ...(one.apiKeyEnv === undefined ? {} : { api_key_env: one.apiKeyEnv }),
  ...(one.models === undefined ? {} : { models: one.models }),
  ...(one.concurrentMax === undefined ? {} : { concurrent_max: one.concurrentMax }),
  ...(one.requestsPerMinuteMax !== undefined && { requests_per_minute: one.requestsPerMinuteMax }),
  ...(one.tokensPerMinuteMax !== undefined && { tokens_per_minute: one.tokensPerMinuteMax }),
});

function parseProviders(raw: unknown): Parsed<readonly ProviderSettings[]> {
  const entries = typeof raw === 'string' ? fromJson(raw) : raw;
  if (!Array.isArray(entries)) return bad('this is not a list of providers');
  if (entries.length > ENTRIES_MAX) return bad(`it has ${entries.length} entries`);
  const problems: ValueProblem[] = [];
  const names = new Set<string>();
  const value = entries.map((entry: unknown, index) => {
    const say: Say = (what, path = []) => problems.push({ path: [index, ...path], what });
    const one = parseProvider(entry, say);
    if (names.has(one.name)) say(`the name ${JSON.stringify(one.name)} is given twice`, ['name']);
    names.add(one.name);
    return one;
  });
  return problems.length > 0 ? { ok: false, problems } : good(value);
}

function fromJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

function parseProvider(entry: unknown, say: Say): ProviderSettings {
  const fields: Fields = entry !== null && typeof entry === 'object' ? { ...entry } : {};
  if (Array.isArray(entry) || entry !== Object(entry)) say('an entry is a map');
  for (const field of Object.keys(fields)) {
    if (!(FIELDS as readonly string[]).includes(field)) sayUnknown(field, say);
  }
  const apiKeyEnv = readKeyEnv(fields['api_key_env'], say);
  const models = readModels(fields['models'], say);
  const name = readName(fields['name'], say);
  const baseUrl = readUrl(fields['base_url'], say);
  const concurrentMax = readNumber(fields, { field: 'concurrent_max', kind: CONCURRENT, say });
  const perMinute = { kind: PER_MINUTE, say };
  const requests = readNumber(fields, { field: 'requests_per_minute', ...perMinute });
  const tokens = readNumber(fields, { field: 'tokens_per_minute', ...perMinute });
  const isKnown = PRESETS.some((preset) => preset.name === name);
  if (fields['base_url'] === undefined && !isKnown) say('base_url is missing');
  return {
    name,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(apiKeyEnv === undefined ? {} : { apiKeyEnv }),
    ...(models === undefined ? {} : { models }),
    ...(concurrentMax === undefined ? {} : { concurrentMax }),
    ...(requests === undefined ? {} : { requestsPerMinuteMax: requests }),
    ...(tokens === undefined ? {} : { tokensPerMinuteMax: tokens }),
  };
}

function sayUnknown(field: string, say: Say): void {
  const isKey = /key|token|secret|password/i.test(field);
  const hint = isKey
    ? 'a key never stands in a file: name its environment variable in api_key_env'
    : `an entry has ${FIELDS.join(', ')}`;
  say(`unknown field ${describeRaw(field)}; ${hint}`, [field]);
}

function readName(raw: unknown, say: Say): string {
  if (raw === undefined) {
    say('the name is missing');
    return '';
  }
  const name = parseText(raw, NAME);
  if (!name.ok) say(`the name ${name.problems[0]?.what}`, ['name']);
  const word = name.ok ? name.value : '';
  if (RESERVED_NAMES.includes(word)) say(`the name "${word}" is taken by the kernel`, ['name']);
  return word;
}

function readUrl(raw: unknown, say: Say): string | undefined {
  if (raw === undefined) return undefined;
  const url = typeof raw === 'string' && URL.canParse(raw) ? new URL(raw) : undefined;
  if (url && (url.username !== '' || url.password !== '')) {
    say('base_url holds a user or password; keys come from api_key_env only', ['base_url']);
    return undefined;
  }
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    say(`base_url ${describeRaw(raw)} is not an http or https URL`, ['base_url']);
    return undefined;
  }
  return typeof raw === 'string' ? raw.replace(/\/+$/, '') : undefined;
}

function readKeyEnv(raw: unknown, say: Say): string | undefined {
  if (raw === undefined) return undefined;
  if (typeof raw === 'string' && ENV_NAME.test(raw)) return raw;
  say('api_key_env is not the NAME of an environment variable (value not shown)', ['api_key_env']);
  return undefined;
}

function readModels(raw: unknown, say: Say): readonly string[] | undefined {
  if (raw === undefined) return undefined;
  if (!Array.isArray(raw)) {
    say(`models: ${describeRaw(raw)} is not a list`, ['models']);
    return undefined;
  }
  raw.forEach((item: unknown, index) => {
    const model = parseText(item, MODEL);
    if (!model.ok) say(`the model ${model.problems[0]?.what}`, ['models', index]);
  });
  return raw as string[];
}

function readNumber(
  fields: Fields,
  how: { field: string; kind: Kind<number>; say: Say },
): number | undefined {
  const { field, kind, say } = how;
  const raw = fields[field];
  if (raw === undefined) return undefined;
  const value = kind.parse(raw);
  if (value.ok) return value.value;
  say(`${field} ${value.problems[0]?.what}`, [field]);
  return undefined;
}

// Every setting, once: its key in hive.yaml, type, bounds, default, flag, rule and one sentence.
// Parsing, validation, `hive config ls` and the guide's table iterate it; nothing else lists keys.
//   The order of rows is the order in which they are shown.
//   Defaults of the kernel and of the gateway come from their own tables, not written twice.
//   The environment variable is derived: `heartbeat.interval` is HIVE_HEARTBEAT_INTERVAL.

import { DEFAULT_SETTINGS } from '@hivekernel/kernel';
import { DEFAULT_ALIASES } from '../llm/aliases.ts';
import { LLM_LIMITS } from '../llm/llm-limits.ts';
import { BUDGET_ROWS } from './budget-rows.ts';
import { listenList } from './listen-address.ts';
import { providerList } from './provider-kind.ts';
import type { ProviderSettings } from './provider-kind.ts';
import {
  DAY_MS,
  GIB,
  HOUR_MS,
  MIB,
  MINUTE_MS,
  SECOND_MS,
  TIMER_MS_MAX,
  row,
} from './setting-row.ts';
import type { SettingRow } from './setting-row.ts';
import { SUPERVISION_ROWS } from './supervision-rows.ts';
import { MESSAGE_ROWS } from './message-rows.ts';
import { MODEL_LIMIT_ROWS, SIM_LIMIT_ROWS } from './model-rows.ts';
import { PERMISSION_ROWS } from './permission-rows.ts';
import { bool, bytes, choice, durationMs, int, list, map, path, text } from './value-kinds.ts';

export type { SettingRow };

const K = DEFAULT_SETTINGS;
const COUNT_MAX = 1_000_000;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const tokens = int({ min: 1 });
const count = int({ min: 1, max: COUNT_MAX });
const timer = durationMs({ min: 1, max: TIMER_MS_MAX });
const grace = durationMs({ min: 0, max: HOUR_MS });
const MODEL_NAME = {
  allowed: 'an alias or a name such as provider/model',
  pattern: /^[^\s,=]+$/,
  charsMax: 256,
};
const modelName = text(MODEL_NAME);
const ALIAS_NAME = { allowed: 'an alias', pattern: /^[a-z][a-z0-9._-]*$/, charsMax: 64 };
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const noProviders: readonly ProviderSettings[] = [];

export const SETTINGS = {
  node: row({
    kind: text({
      allowed: 'letters, digits, ".", "_" and "-"',
      pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
      charsMax: 64,
    }),
    default: K.nodeName,
    flag: 'node',
    rule: 'P12',
    doc: 'Name of the node; the king runs on it and every process inherits it.',
  }),
  data: row({
    kind: path(),
    default: '.hive',
    flag: 'data',
    rule: 'D3',
    doc: 'Directory of the journal, artifacts and logs; a relative one starts at what names it.',
  }),
  listen: row({
    kind: listenList(),
    default: [':50051'],
    flag: 'listen',
    rule: 'DESIGN §7',
    doc: 'Where gRPC listens, beside its own Unix socket; `[]` is nowhere, port 0 any free one.',
  }),
  trust_pid_header: row({
    kind: bool(),
    default: false,
    flag: 'trust-pid-header',
    rule: 'PROTOCOL §2',
    doc: 'Lets a caller on the TCP port name itself by a header; anybody on the machine can lie.',
  }),
  'http.port': row({
    kind: int({ min: 0, max: 65_535 }),
    default: 7_700,
    flag: 'http-port',
    rule: 'DESIGN §5',
    doc: 'Loopback port of the model endpoint and /healthz; 0 is any free one.',
  }),
  'log.level': row<LogLevel>({
    kind: choice(LOG_LEVELS),
    default: 'info',
    flag: 'log-level',
    doc: "The least urgent line that the daemon's log keeps.",
  }),
  env_pass: row({
    kind: list({
      allowed: 'names of environment variables',
      check: (item) =>
        ENV_NAME.test(item) ? undefined : `${JSON.stringify(item)} cannot name a variable`,
    }),
    default: ['PATH', 'HOME', 'LANG', 'TZ'],
    rule: 'PROTOCOL §4',
    doc: "What agents get of the kernel's own environment; a key named here is unmetered.",
  }),

  model: row({
    kind: text({ ...MODEL_NAME, pattern: /^[^\s,=]*$/ }),
    default: '',
    flag: 'model',
    rule: 'DESIGN §5',
    doc: 'The model of everybody who names none; empty: what is found (key, local server, sim).',
  }),
  'models.aliases': row({
    kind: map({
      allowed: 'a map of alias: model',
      key: ALIAS_NAME,
      value: MODEL_NAME,
    }),
    default: DEFAULT_ALIASES,
    rule: 'DESIGN §5',
    doc: 'Short names of models, as OpenRouter names them; entries are added to the defaults.',
  }),
  'models.tiers.strategic': row({
    kind: modelName,
    default: K.tierModels.strategic,
    rule: 'PROTOCOL §3',
    doc: 'Model of a strategic process that names none.',
  }),
  'models.tiers.tactical': row({
    kind: modelName,
    default: K.tierModels.tactical,
    rule: 'PROTOCOL §3',
    doc: 'Model of a tactical process that names none.',
  }),
  'models.tiers.operational': row({
    kind: modelName,
    default: K.tierModels.operational,
    rule: 'PROTOCOL §3',
    doc: 'Model of an operational process that names none.',
  }),
  'models.first_byte_timeout': row({
    kind: timer,
    default: LLM_LIMITS.firstByteTimeoutMs,
    rule: 'DESIGN §5',
    doc: 'From a request to a provider until its answer begins.',
  }),
  'models.idle_timeout': row({
    kind: timer,
    default: LLM_LIMITS.idleTimeoutMs,
    rule: 'DESIGN §5',
    doc: "Between two pieces of a provider's answer.",
  }),
  ...MODEL_LIMIT_ROWS,
  'models.local_probe': row({
    kind: bool(),
    default: true,
    rule: 'UX §7.3',
    doc: 'Looks for Ollama, llama.cpp, LM Studio and vLLM on loopback when no key is set.',
  }),
  'models.local_probe_timeout': row({
    kind: durationMs({ min: 1, max: 10 * SECOND_MS }),
    default: LLM_LIMITS.probeTimeoutMs,
    rule: 'UX §7.3',
    doc: 'How long such a server may take to answer the probe.',
  }),
  providers: row({
    kind: providerList(),
    default: noProviders,
    rule: 'DESIGN §5',
    doc: 'OpenAI-compatible endpoints beside those found by their keys; keys only by env name.',
  }),
  'sim.seed': row({
    kind: int({ min: 0, max: 2 ** 32 - 1 }),
    default: 1,
    rule: 'D9',
    doc: 'Seed of the simulated model: the same seed and request give the same answer.',
  }),
  'sim.latency': row({
    kind: durationMs({ min: 0, max: MINUTE_MS }),
    default: 5,
    rule: 'D9',
    doc: 'How long the simulated model waits before its first token.',
  }),
  ...SIM_LIMIT_ROWS,

  'king.children_max': row({
    kind: count,
    default: K.kingChildrenMax,
    rule: 'P2',
    doc: 'Living children of the king.',
  }),
  ...BUDGET_ROWS,
  'spawn.defaults.tokens_per_hour': row({
    kind: tokens,
    default: K.spawnDefaults.tokensPerHourMax,
    rule: 'P6',
    doc: 'Tokens in a sliding hour of a process whose spawn names no limit.',
  }),
  'spawn.defaults.context_tokens': row({
    kind: tokens,
    default: K.spawnDefaults.contextTokensMax,
    rule: 'P6',
    doc: 'Tokens in the context of one of its calls.',
  }),
  'spawn.defaults.children_max': row({
    kind: count,
    default: K.spawnDefaults.childrenMax,
    rule: 'P6',
    doc: 'Its living children.',
  }),
  'spawn.defaults.concurrent_tasks': row({
    kind: count,
    default: K.spawnDefaults.concurrentTasksMax,
    rule: 'P6',
    doc: 'Tasks that it works on at once; one more waits in line.',
  }),
  'spawn.defaults.task_timeout': row({
    kind: timer,
    default: K.spawnDefaults.taskTimeoutMs,
    rule: 'P6',
    doc: 'How long one of its tasks may take.',
  }),
  'spawn.outrank': row({
    kind: choice(['deny', 'allow'] as const),
    default: K.spawnOutrank,
    rule: 'P5',
    doc: "Whether a child's role may rank above its parent's.",
  }),
  'spawn.start_timeout': row({
    kind: timer,
    default: K.startTimeoutMs,
    rule: 'PROTOCOL §4',
    doc: "From the start of an agent's OS process until it answered Init.",
  }),
  'signals.term_grace': row({
    kind: grace,
    default: K.termGraceMs,
    rule: 'S1',
    doc: 'From TERM to KILL.',
  }),
  'signals.kernel_death_grace': row({
    kind: durationMs({ min: 100, max: MINUTE_MS }),
    default: 2 * SECOND_MS,
    rule: 'DESIGN §4',
    doc: 'How long after the death of the kernel an agent may still run.',
  }),
  'records.kept': row({
    kind: timer,
    default: K.recordKeptMs,
    rule: 'P8',
    doc: 'How long a process that is gone for good can still be read.',
  }),
  'records.zombie_kept': row({
    kind: timer,
    default: K.zombieKeptMs,
    rule: 'P8',
    doc: 'How long a zombie waits for its result to be collected.',
  }),
  'records.reap_interval': row({
    kind: durationMs({ min: 100, max: HOUR_MS }),
    default: K.reapScanMs,
    rule: 'P8',
    doc: 'How often the kernel looks for records whose time is over.',
  }),
  'wait.default_timeout': row({
    kind: timer,
    default: K.waitDefaultMs,
    rule: 'PROTOCOL §5',
    doc: 'How long wait_child waits when the caller names no time.',
  }),
  'escalation.answer_timeout': row({
    kind: timer,
    default: K.escalationAnswerMs,
    rule: 'PROTOCOL §3',
    doc: 'How long a parent may take to answer an escalation before it goes one level up.',
  }),
  'heartbeat.interval': row({
    kind: durationMs({ min: 100, max: HOUR_MS }),
    default: K.heartbeatIntervalMs,
    rule: 'S6',
    doc: 'How often an agent is asked whether it is alive.',
  }),
  'heartbeat.unresponsive_after': row({
    kind: durationMs({ min: 100, max: DAY_MS }),
    default: K.unresponsiveAfterMs,
    rule: 'S6',
    doc: 'Silence after which an agent is unresponsive; not below the interval.',
  }),
  ...SUPERVISION_ROWS,
  ...MESSAGE_ROWS,
  ...PERMISSION_ROWS,
  'artifacts.versions_kept': row({
    kind: int({ min: 1, max: 10_000 }),
    default: K.artifactVersionsKept,
    rule: 'M12',
    doc: 'Versions kept of one artifact.',
  }),
  'artifacts.user_quota': row({
    kind: bytes({ min: MIB, max: 1024 * GIB }),
    default: K.artifactQuotaBytesPerUser,
    rule: 'M12',
    doc: 'Bytes of artifacts that one user may keep.',
  }),
  'syscalls.per_minute': row({
    kind: int(),
    default: K.syscallsPerMinuteMax,
    rule: 'B6',
    doc: 'Syscalls of one process in a sliding minute; 0 is unlimited.',
  }),

  'journal.keep': row({
    kind: durationMs({ min: MINUTE_MS, max: 3_650 * DAY_MS }),
    default: 7 * DAY_MS,
    rule: 'DESIGN §3',
    doc: 'Age past which events before the second newest snapshot go.',
  }),
  'journal.keep_bytes': row({
    kind: bytes({ min: MIB, max: 1024 * GIB }),
    default: 4 * GIB,
    rule: 'DESIGN §3',
    doc: 'Size past which they go before that age.',
  }),
  'journal.ballast': row({
    kind: bytes({ min: 0, max: 64 * GIB }),
    default: 64 * MIB,
    rule: 'DESIGN §3',
    doc: 'Disk space held back for the facts that cannot be refused when the disk is full.',
  }),
  'journal.snapshot_events': row({
    kind: int({ min: 100, max: 100_000_000 }),
    default: 20_000,
    rule: 'D3',
    doc: 'Events after which a snapshot is due.',
  }),
  'journal.snapshot_interval': row({
    kind: durationMs({ min: SECOND_MS, max: TIMER_MS_MAX }),
    default: MINUTE_MS,
    rule: 'D3',
    doc: 'Time after which a snapshot is due, if anything happened.',
  }),
  'journal.commit_events': row({
    kind: int({ min: 1, max: 10_000 }),
    default: 250,
    rule: 'D3',
    doc: 'Events that share one disk sync at most.',
  }),
} as const;

export type SettingKey = keyof typeof SETTINGS;
/** The value of every setting by its key. */
export type SettingValues = { readonly [K in SettingKey]: (typeof SETTINGS)[K]['default'] };

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** The row of a key with its value's type forgotten, for code that treats all rows alike. */
export const settingRow = (key: SettingKey): SettingRow<unknown> => SETTINGS[key];

export const isSettingKey = (word: string): word is SettingKey => Object.hasOwn(SETTINGS, word);

/** `heartbeat.interval` -> `HIVE_HEARTBEAT_INTERVAL`. */
export const envNameOf = (key: SettingKey): string =>
  `HIVE_${key.toUpperCase().replaceAll('.', '_')}`;

/** Variables with the prefix that are not settings, but read elsewhere. */
export const OTHER_ENV_NAMES: readonly string[] = ['HIVE_COMPILE_CACHE'];

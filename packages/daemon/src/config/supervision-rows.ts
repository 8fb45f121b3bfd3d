// The rows of the settings table that say what follows the end of a process, how long it may be
// silent, and how many run at a time (S2 to S7, P6). What a spawn request names wins over them.

import { DEFAULT_SETTINGS, RESTART_POLICIES, ROLES, STRATEGIES } from '@hivekernel/kernel';
import type { RestartPolicy, Role, Strategy } from '@hivekernel/kernel';
import { DAY_MS, HOUR_MS, SECOND_MS, TIMER_MS_MAX, row } from './setting-row.ts';
import type { SettingRow } from './setting-row.ts';
import { bool, choice, durationMs, fraction, int } from './value-kinds.ts';

/** Everybody but the king, who is never spawned (P2). */
export type SpawnedRole = Exclude<Role, 'kernel'>;
export const SPAWNED_ROLES = ROLES.filter((role): role is SpawnedRole => role !== 'kernel');

const K = DEFAULT_SETTINGS;
const PROCESSES_MAX = 1_000_000;

/** One row a role: `restart.policy.worker`. */
export function byRole<Section extends string, V>(
  section: Section,
  rowOf: (role: SpawnedRole) => SettingRow<V>,
): Record<`${Section}.${SpawnedRole}`, SettingRow<V>> {
  const rows = SPAWNED_ROLES.map((role) => [`${section}.${role}`, rowOf(role)] as const);
  return Object.fromEntries(rows) as Record<`${Section}.${SpawnedRole}`, SettingRow<V>>;
}

export const nameOf = (role: SpawnedRole): string =>
  /^[aeiou]/.test(role) ? `an ${role}` : `a ${role}`;

export const SUPERVISION_ROWS = {
  ...byRole('restart.policy', (role) =>
    row<RestartPolicy>({
      kind: choice(RESTART_POLICIES),
      default: K.restartByRole[role],
      rule: 'S2',
      doc: `What follows the end of ${nameOf(role)} whose spawn names no restart policy.`,
    }),
  ),
  ...byRole('restart.strategy', (role) =>
    row<Strategy>({
      kind: choice(STRATEGIES),
      default: K.strategyByRole[role],
      rule: 'S3',
      doc: `Which children of ${nameOf(role)} are restarted with one of them.`,
    }),
  ),
  'restart.backoff_first': row({
    kind: durationMs({ min: 1, max: HOUR_MS }),
    default: K.restartBackoff.firstMs,
    rule: 'S4',
    doc: 'Pause before the first restart; each further one in a row takes twice as long.',
  }),
  'restart.backoff_most': row({
    kind: durationMs({ min: 1, max: DAY_MS }),
    default: K.restartBackoff.mostMs,
    rule: 'S4',
    doc: 'The longest such pause.',
  }),
  'restart.jitter': row({
    kind: fraction(),
    default: K.restartBackoff.jitter,
    rule: 'S4',
    doc: 'Share of the pause that chance may take off, so that not all come back at once.',
  }),
  'restart.max_in_row': row({
    kind: int({ min: 0, max: 1_000 }),
    default: K.restartsMax,
    rule: 'S4',
    doc: 'Restarts without health in between; one more is a crash loop, and it is quarantined.',
  }),
  'restart.healthy_after': row({
    kind: durationMs({ min: 1, max: TIMER_MS_MAX }),
    default: K.restartHealthyMs,
    rule: 'S4',
    doc: 'How long a process must run before its restarts are counted anew.',
  }),
  'watchdog.hang_after': row({
    kind: durationMs({ min: 100, max: DAY_MS }),
    default: K.hangAfterMs,
    rule: 'S6',
    doc: 'How long a process with a running task may show no progress before it counts as hung.',
  }),
  'watchdog.first_token': row({
    kind: durationMs({ min: 100, max: DAY_MS }),
    default: K.firstTokenMs,
    rule: 'S6',
    doc: 'How long a model may take to its first token, or to a whole answer that is not streamed.',
  }),
  'watchdog.wall': row({
    kind: durationMs({ min: 0, max: TIMER_MS_MAX }),
    default: K.wallLimitMs,
    rule: 'S6',
    doc: 'How long a process may live from its first start on, for good; 0 is without end.',
  }),
  'sleep.after': row({
    kind: durationMs({ min: 0, max: TIMER_MS_MAX }),
    default: K.sleepAfterMs,
    rule: 'S7',
    doc: 'How long an idle agent waits before it is put to sleep; 0 is never.',
  }),
  'processes.max': row({
    kind: int({ min: 0, max: PROCESSES_MAX }),
    default: 0,
    rule: 'P6',
    doc: 'OS processes of agents at a time; 0 is what fits three quarters of the memory.',
  }),
  'maid.enabled': row({
    kind: bool(),
    default: true,
    rule: 'DESIGN §4',
    doc: 'Whether the maid, who looks after the health of the system, is started at boot.',
  }),
  'maid.interval': row({
    kind: durationMs({ min: SECOND_MS, max: DAY_MS }),
    default: 30 * SECOND_MS,
    rule: 'DESIGN §4',
    doc: 'How often she makes her round.',
  }),
} as const;

// Agents to be killed, as the benchmarks spawn them (agents/victim.ts), and what they leave behind:
// the list of every OS process that there was, kept beside what the kernel knows of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SpawnOrder } from '@hivekernel/client';
import type { BenchDaemon } from './bench-daemon.ts';
import type { OsRecord } from './os-processes.ts';

export const FORKS = ['group', 'session', 'nested', 'deaf'] as const;
export type Fork = (typeof FORKS)[number];

export interface VictimWish extends Pick<SpawnOrder, 'name' | 'role' | 'restart' | 'strategy'> {
  readonly forks?: readonly Fork[];
  /** Nothing ends it but KILL. */
  readonly isStubborn?: boolean;
  /** What its Init and its Shutdown take. */
  readonly initMs?: number;
  readonly endMs?: number;
  readonly childrenMax?: number;
}

const IMAGE = fileURLToPath(new URL('./agents/victim.ts', import.meta.url));
const CHILDREN_MAX = 100;

const listOf = (daemon: BenchDaemon): string => join(daemon.dir, 'os-processes');

export function victimOrder(daemon: BenchDaemon, wish: VictimWish): SpawnOrder {
  const { name, role, restart, strategy, isStubborn = false } = wish;
  const { forks = [], initMs = 0, endMs = 0, childrenMax = CHILDREN_MAX } = wish;
  const env = {
    BENCH_LIST: listOf(daemon),
    BENCH_FORKS: forks.join(','),
    BENCH_INIT_MS: String(initMs),
    BENCH_END_MS: String(endMs),
    ...(isStubborn && { BENCH_STUBBORN: 'yes' }),
  };
  const policies = { ...(restart && { restart }), ...(strategy && { strategy }) };
  const image = IMAGE;
  return { name, role, tier: 'operational', image, env, limits: { childrenMax }, ...policies };
}

/** What agents wrote down of themselves and of what they forked. */
export function listedBy(daemon: BenchDaemon): OsRecord[] {
  const lines = readFileSync(listOf(daemon), 'latin1').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [osPid, startTicks = ''] = line.split(' ');
    return { osPid: Number(osPid), startTicks };
  });
}

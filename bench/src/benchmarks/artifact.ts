// Artifacts from an agent process: small ones, whose cost is the call and the commit, many under
// way and one alone, and the largest that there may be, whose cost is moving them. A put is durable
// when it is answered; a get reads a large one from the store.

import { BenchDaemon } from '../bench-daemon.ts';
import type { Benchmark, Effort, Figure } from '../benchmark.ts';
import { median, warmedUp } from '../statistics.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const MB = 1e6;

interface Load {
  readonly count: number;
  readonly rounds: number;
  readonly underWay: number;
}

interface Loads {
  readonly small: Load;
  /** Small ones, one after the other. */
  readonly alone: { readonly count: number; readonly warmUp: number };
  readonly large: Load;
}

/** The first round warms up. */
const LOADS: Readonly<Record<Effort, Loads>> = {
  full: {
    small: { count: 5_000, rounds: 6, underWay: 256 },
    alone: { count: 400, warmUp: 50 },
    large: { count: 8, rounds: 5, underWay: 2 },
  },
  tiny: {
    small: { count: 20, rounds: 2, underWay: 8 },
    alone: { count: 3, warmUp: 1 },
    large: { count: 1, rounds: 2, underWay: 1 },
  },
};

/** Per second, of a whole machine that does nothing else (two cores). */
const GOALS = { put: 8_000, get: 20_000, putMs: 2, getMs: 1, putMb: 100, getMb: 200 } as const;

export const artifact: Benchmark = {
  name: 'artifact',
  group: 'ipc',
  withinMs: 60_000,
  run: (ground) =>
    BenchDaemon.using(ground, async (daemon) => {
      const { small, alone, large } = LOADS[ground.effort];
      const rate = async (what: string, bytes: number, load: Load): Promise<number> => {
        const params = { what, bytes, ...load };
        return median(warmedUp(await daemon.measure({ agent: 'keeper', params }), 1));
      };
      const p50 = async (what: string): Promise<number> => {
        const params = { what, how: 'alone', bytes: KIB, count: alone.warmUp + alone.count };
        return median(warmedUp(await daemon.measure({ agent: 'keeper', params }), alone.warmUp));
      };
      const commitMs = ground.diskCommitMs.toFixed(2);
      const timed = { unit: 'ms', isHigherBetter: false };
      const plain = { unit: '1/s', isHigherBetter: true, note: '1 KiB, 256 under way' };
      const moved = { unit: 'MB/s', isHigherBetter: true, note: '16 MiB each, 2 under way' };
      const mb = (perSecond: number): number => (perSecond * 16 * MIB) / MB;
      const figures: Figure[] = [];
      const put = await rate('put', KIB, small);
      figures.push({ ...plain, name: 'artifact.put.1k', value: put, goal: GOALS.put });
      const get = await rate('get', KIB, small);
      figures.push({ ...plain, name: 'artifact.get.1k', value: get, goal: GOALS.get });
      const putNote = `1 KiB, alone, durable; bare disk commit ${commitMs} ms`;
      const putMs = { ...timed, value: await p50('put'), note: putNote };
      figures.push({ ...putMs, name: 'artifact.put.1k.p50', goal: GOALS.putMs });
      const getMs = { ...timed, value: await p50('get'), note: '1 KiB, alone' };
      figures.push({ ...getMs, name: 'artifact.get.1k.p50', goal: GOALS.getMs });
      const putMb = mb(await rate('put', 16 * MIB, large));
      figures.push({ ...moved, name: 'artifact.put.16m', value: putMb, goal: GOALS.putMb });
      const getMb = mb(await rate('get', 16 * MIB, large));
      figures.push({ ...moved, name: 'artifact.get.16m', value: getMb, goal: GOALS.getMb });
      return figures;
    }),
};

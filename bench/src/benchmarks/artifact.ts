// Artifacts from an agent process: small ones, whose cost is the call and the commit, and the
// largest that there may be, whose cost is moving them. A put is durable when it is answered; a get
// reads a large one from the store.

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

/** The first round warms up. */
const LOADS: Readonly<Record<Effort, { readonly small: Load; readonly large: Load }>> = {
  full: {
    small: { count: 5_000, rounds: 6, underWay: 256 },
    large: { count: 8, rounds: 5, underWay: 2 },
  },
  tiny: {
    small: { count: 20, rounds: 2, underWay: 8 },
    large: { count: 1, rounds: 2, underWay: 1 },
  },
};

/** Per second, of a whole machine that does nothing else (two cores). */
const GOALS = { put: 8_000, get: 20_000, putMb: 100, getMb: 200 } as const;

export const artifact: Benchmark = {
  name: 'artifact',
  group: 'ipc',
  withinMs: 60_000,
  run: (ground) =>
    BenchDaemon.using(ground, async (daemon) => {
      const { small, large } = LOADS[ground.effort];
      const rate = async (what: string, bytes: number, load: Load): Promise<number> => {
        const params = { what, bytes, ...load };
        return median(warmedUp(await daemon.measure({ agent: 'keeper', params }), 1));
      };
      const plain = { unit: '1/s', isHigherBetter: true, note: '1 KiB, 256 under way' };
      const moved = { unit: 'MB/s', isHigherBetter: true, note: '16 MiB each, 2 under way' };
      const mb = (perSecond: number): number => (perSecond * 16 * MIB) / MB;
      const figures: Figure[] = [];
      const put = await rate('put', KIB, small);
      figures.push({ ...plain, name: 'artifact.put.1k', value: put, goal: GOALS.put });
      const get = await rate('get', KIB, small);
      figures.push({ ...plain, name: 'artifact.get.1k', value: get, goal: GOALS.get });
      const putMb = mb(await rate('put', 16 * MIB, large));
      figures.push({ ...moved, name: 'artifact.put.16m', value: putMb, goal: GOALS.putMb });
      const getMb = mb(await rate('get', 16 * MIB, large));
      figures.push({ ...moved, name: 'artifact.get.16m', value: getMb, goal: GOALS.getMb });
      return figures;
    }),
};

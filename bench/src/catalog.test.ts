import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BENCHMARKS } from './catalog.ts';

/** A few processes that start; on a machine that is busy with something else, slowly. */
const RUN_MS_MAX = 50_000;
/** Vitest's: what is measured here means nothing, so that nobody has to compile it again. */
const compileCacheDir = process.env['NODE_COMPILE_CACHE'];

describe('BENCHMARKS', () => {
  let dir = '';

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hive-bench-'));
  });

  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it.each(BENCHMARKS.map((benchmark) => [benchmark.name, benchmark] as const))(
    '%s gives figures and leaves nothing behind',
    async (name, benchmark) => {
      const signal = AbortSignal.timeout(RUN_MS_MAX);
      const figures = await benchmark.run({
        effort: 'tiny',
        dir,
        diskCommitMs: 1,
        seed: 1,
        signal,
        ...(compileCacheDir === undefined ? {} : { compileCacheDir }),
      });
      expect(figures.length).toBeGreaterThan(0);
      for (const figure of figures) {
        expect(figure.name.startsWith(name)).toBe(true);
        if (figure.goal > 0) expect(figure.value).toBeGreaterThan(0);
        else expect(figure).toMatchObject({ value: 0 }); // What leaks, leaks at any size.
      }
      expect(await readdir(dir)).toEqual([]);
    },
    RUN_MS_MAX + 10_000,
  );
});

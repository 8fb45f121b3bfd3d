import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BENCHMARKS, GROUPS, chosenBy, membersOf } from './catalog.ts';

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
        const { goal, value } = figure;
        if (value === undefined) expect(figure.note).toContain('not installed');
        else if (goal !== 0) expect(value).toBeGreaterThan(0);
        else expect(figure).toMatchObject({ value: 0 }); // What leaks, leaks at any size.
      }
      expect(await readdir(dir)).toEqual([]);
    },
    RUN_MS_MAX + 10_000,
  );
});

describe('chosenBy()', () => {
  const names = (words: readonly string[]): string[] => chosenBy(words).map(({ name }) => name);

  it('takes the benchmark of a name, and all of a group, each once and in their order', () => {
    expect(names(['send', 'routing', 'send'])).toEqual(['routing', 'send']);
    expect(names(['ipc'])).toContain('send');
    expect(names(['send', 'ipc'])).toEqual(names(['ipc']));
    expect(names([])).toEqual(BENCHMARKS.map(({ name }) => name));
  });

  it('knows each benchmark by one word, and has something in each group', () => {
    for (const { name } of BENCHMARKS) expect(membersOf(name)).toHaveLength(1);
    for (const group of Object.keys(GROUPS)) expect(membersOf(group)).not.toEqual([]);
  });
});

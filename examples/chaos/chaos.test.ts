// The parts of chaos, and the whole without a monkey's strikes: OS processes that can be killed are
// in the daemon's test of the examples.
import { TestKernel } from '@hivekernel/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { Chaos } from './chaos.ts';
import { deal } from './deck.ts';
import type { DeckOptions } from './deck.ts';
import { primesIn } from './primes.ts';
import { reportOf } from './report.ts';

const kernel = new TestKernel({ images: { chaos: Chaos } });

afterEach(() => kernel.stop());

describe('deal()', () => {
  const options: DeckOptions = { seed: 1, strikes: 20, pieces: 60, workers: 6 };
  const countOf = (seed: number, kind: string): number =>
    deal({ ...options, seed }).filter((strike) => strike.kind === kind).length;

  it('deals the same for the same seed, and something else for another', () => {
    expect(deal(options)).toEqual(deal(options));
    expect(deal({ ...options, seed: 2 })).not.toEqual(deal(options));
  });

  it.each([0, 1, 2, 3, 4_294_967_295])('deals every kind, whatever the seed (%d)', (seed) => {
    expect(countOf(seed, 'kill')).toBeGreaterThanOrEqual(12);
    expect(countOf(seed, 'stop')).toBeGreaterThanOrEqual(3);
    expect(countOf(seed, 'exit')).toBeGreaterThanOrEqual(3);
  });

  it('strikes the coordinator once, and comes to its end before the work does', () => {
    const deck = deal(options);
    expect(deck).toHaveLength(20);
    expect(deck.filter(({ target }) => target === 'coordinator')).toHaveLength(1);
    const due = deck.map(({ at }) => at);
    expect(due).toEqual(due.toSorted((a, b) => a - b));
    expect(due[0]).toBe(1);
    expect(due.at(-1)).toBeLessThan(55);
    for (const { target } of deck) {
      if (target !== 'coordinator') expect([0, 1, 2, 3, 4, 5]).toContain(target);
    }
  });

  it('deals nothing where nothing is asked for', () => {
    expect(deal({ ...options, strikes: 0 })).toEqual([]);
  });
});

describe('primesIn()', () => {
  it('counts from the first number to below the last', () => {
    expect(primesIn(0, 30)).toBe(10);
    expect(primesIn(2, 3)).toBe(1);
    expect(primesIn(24, 29)).toBe(0);
    expect(primesIn(0, 10_000) + primesIn(10_000, 20_000)).toBe(primesIn(0, 20_000));
  });
});

describe('reportOf()', () => {
  const tally = { kill: '12', stop: '0', exit: '4', coordinator: '1', restarts: '17', seed: '3' };
  const done = new Map([
    [0, { primes: 1_229, begun: 1 }],
    [1, { primes: 1_033, begun: 3 }],
  ]);

  it('tells that all is there, and what it took', () => {
    const report = reportOf({ done, pieces: 2 }, tally);
    expect(report.exitCode).toBe(0);
    expect(report.output?.split('\n')).toEqual([
      '2 of 2 pieces, each once: 2262 primes below 20000, which is right.',
      'The monkey struck: 12 workers killed, 4 made to fall over, 1 coordinator killed.',
      'Agents were started again 17 times, pieces begun again 2 times.',
      'Seed 3. Each restart, and why: hive journal -n all -g process.restarting',
    ]);
  });

  it.each([
    ['a piece is missing', new Map([[0, { primes: 1_229, begun: 1 }]]), 2, 'but there are 2262'],
    ['a piece is wrong', new Map([[0, { primes: 1_228, begun: 1 }]]), 1, 'but there are 1229'],
  ])('fails when %s', (_, some, pieces, words) => {
    const report = reportOf({ done: some, pieces }, tally);
    expect(report.exitCode).toBe(1);
    expect(report.output).toContain(words);
  });
});

describe('Chaos', () => {
  const run = async (params: Record<string, string>) => {
    const pid = await kernel.spawn({ name: 'chaos', role: 'lead', image: 'chaos' });
    return { pid, result: await kernel.execute(pid, { description: 'work', params }) };
  };

  it('does the work without anybody being struck, and leaves nobody behind', async () => {
    const { pid, result } = await run({ pieces: '6', strikes: '0' });
    expect(result).toMatchObject({ exitCode: 0, metadata: { pieces: '6', again: '0' } });
    expect(result.output).toContain('The monkey struck: nobody.');
    const alive = kernel.processes.filter(({ isAlive }) => isAlive).map((one) => one.pid);
    expect(alive).toEqual([pid]);
  });

  it.each([
    [{ seed: 'x' }, 'seed: "x" is no whole number up to 4294967295'],
    [{ pieces: '1001' }, 'pieces: "1001" is no whole number up to 1000'],
    [{ pieces: '-1' }, 'pieces: "-1" is no whole number up to 1000'],
    [{ pieces: '0' }, 'pieces: 0 is no work'],
    [{ pieces: '3', strikes: '4' }, 'strikes: "4" is no whole number up to 3'],
    [{ seed: '' }, 'seed: "" is no whole number up to 4294967295'],
  ])('refuses %j and starts nobody', async (params, message) => {
    const before = kernel.processes.length;
    await expect(run(params)).rejects.toMatchObject({ code: 'task_failed', message });
    expect(kernel.processes).toHaveLength(before + 1);
  });
});

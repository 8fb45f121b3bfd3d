// What a run came to: whether all the work is there and right, and what it took. Pure, so that the
// words can be tested without a run.
import type { TaskOutput } from '@hivekernel/sdk';
import { primesIn, STRETCH } from './primes.ts';

export interface Done {
  readonly primes: number;
  /** How often it was begun. */
  readonly begun: number;
}

export interface Result {
  /** By the piece's number. */
  readonly done: ReadonlyMap<number, Done>;
  readonly pieces: number;
}

const STRUCK: Readonly<Record<string, string>> = {
  kill: 'workers killed',
  stop: 'made to stand still',
  exit: 'made to fall over',
  coordinator: 'coordinator killed',
};

/** Exit code 1 where something is missing or wrong. */
export function reportOf(
  { done, pieces }: Result,
  tally: Readonly<Record<string, string>>,
): Exclude<TaskOutput, string | void> {
  const all = [...done.values()];
  const primes = all.reduce((sum, one) => sum + one.primes, 0);
  const again = all.reduce((sum, one) => sum + one.begun - 1, 0);
  const expected = primesIn(0, pieces * STRETCH);
  const isRight = done.size === pieces && primes === expected;
  const verdict = isRight ? 'which is right' : `but there are ${expected}`;
  const below = pieces * STRETCH;
  const restarted = times(Number(tally['restarts']));
  const lines = [
    `${done.size} of ${pieces} pieces, each once: ${primes} primes below ${below}, ${verdict}.`,
    `The monkey struck: ${struckOf(tally)}.`,
    `Agents were started again ${restarted}, pieces begun again ${times(again)}.`,
    `Seed ${tally['seed']}. Each restart, and why: hive journal -n all -g process.restarting`,
  ];
  return {
    exitCode: isRight ? 0 : 1,
    output: lines.join('\n'),
    metadata: { ...tally, pieces: done.size, primes, again },
  };
}

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`);

function struckOf(tally: Readonly<Record<string, string>>): string {
  const parts = Object.entries(STRUCK).flatMap(([kind, words]) => {
    const count = tally[kind] ?? '0';
    return count === '0' ? [] : [`${count} ${words}`];
  });
  return parts.join(', ') || 'nobody';
}

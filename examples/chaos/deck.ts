// What the monkey will do, decided before it begins: the same seed deals the same strikes. A strike
// comes due with so many pieces of work done, not at a time, so that a slow machine sees the same.

export const STRIKE_KINDS = ['kill', 'stop', 'exit'] as const;
/** `kill`: SIGKILL. `stop`: SIGSTOP, it stands still. `exit`: it ends itself with a code. */
export type StrikeKind = (typeof STRIKE_KINDS)[number];

export interface Strike {
  /** Pieces that are done by then. */
  readonly at: number;
  readonly kind: StrikeKind;
  /** Which worker, from 0; the one at hand after it, if that one is down. */
  readonly target: number | 'coordinator';
}

export interface DeckOptions {
  readonly seed: number;
  readonly strikes: number;
  readonly pieces: number;
  readonly workers: number;
}

/** Of five strikes. */
const STOPS = 1;
const EXITS = 1;
const ROUND = 5;
/** The last tenth of the work goes on in peace: what was struck is back by then. */
const PEACE_SHARE = 0.1;

/** In the order in which they come due; the coordinator is struck once, half way. */
export function deal({ seed, strikes, pieces, workers }: DeckOptions): readonly Strike[] {
  const random = seeded(seed);
  const dice = (sides: number): number => Math.floor(random() * sides);
  const last = Math.floor(pieces * (1 - PEACE_SHARE));
  const kinds = shuffled(kindsFor(strikes), dice);
  return kinds.map((kind, n) => {
    const at = 1 + Math.floor((n * last) / strikes);
    const isCoordinator = n === Math.floor(strikes / 2);
    return isCoordinator
      ? { at, kind: 'kill', target: 'coordinator' }
      : { at, kind, target: dice(workers) };
  });
}

/** Each kind as often as its share, whatever the seed. */
function kindsFor(strikes: number): StrikeKind[] {
  return Array.from({ length: strikes }, (_, n) => {
    const place = n % ROUND;
    if (place < STOPS) return 'stop';
    return place < STOPS + EXITS ? 'exit' : 'kill';
  });
}

function shuffled<T>(items: readonly T[], dice: (sides: number) => number): T[] {
  const deck = [...items];
  for (let left = deck.length - 1; left > 0; left -= 1) {
    const other = dice(left + 1);
    [deck[left], deck[other]] = [deck[other] as T, deck[left] as T];
  }
  return deck;
}

/** Numbers from 0 to below 1 (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

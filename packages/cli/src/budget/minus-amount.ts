// `hive budget raise coder -20k`: an amount with a minus is no flag. Commander would take it for
// one, so that its minus is made the typographic one before it reads the words.

import { commandPlace } from '../act/signal-words.ts';
import { MINUS } from './amount.ts';

const TAKES_AMOUNT = new Set(['raise', 'set']);
/** Flags whose next word is their value. */
const HAS_VALUE = new Set(['--note', '--tier', '--data', '-o', '--output', '--timeout', '--color']);
const LOOKS_LIKE_ONE = /^-[$\d.]/;

/** Leaves all command lines but those of `hive budget raise` and `set` as they are. */
export function withMinusAmount(argv: readonly string[]): readonly string[] {
  const at = commandPlace(argv);
  if (argv[at] !== 'budget' || !argv.some((word) => TAKES_AMOUNT.has(word))) return argv;
  return argv.map((word, place) => {
    const isValue = place <= at || HAS_VALUE.has(argv[place - 1] ?? '');
    return !isValue && LOOKS_LIKE_ONE.test(word) ? `${MINUS}${word.slice(1)}` : word;
  });
}

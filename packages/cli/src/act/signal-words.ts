// Signals as people write them: `-9`, `-KILL`, `-sigkill`, `-s KILL` (UX §4.9).
//   Commander knows one-letter flags only, so that the words are rewritten before it reads them.
//   Numbers are those of Linux, on every system.

import { usageError } from '../errors/cli-error.ts';

export const SIGNALS = ['TERM', 'KILL', 'INT', 'STOP', 'CONT', 'HUP', 'USR1'] as const;
export type SignalWord = (typeof SIGNALS)[number];

const BY_NUMBER: Readonly<Record<string, SignalWord>> = {
  1: 'HUP',
  2: 'INT',
  9: 'KILL',
  10: 'USR1',
  15: 'TERM',
  18: 'CONT',
  19: 'STOP',
};

/** In any case, with or without SIG, or by its number. Throws a usage error. */
export function readSignal(text: string): SignalWord {
  const found = signalOf(text);
  if (found !== undefined) return found;
  throw usageError(`There is no signal "${text}"; there are ${SIGNALS.join(', ')}.`);
}

function signalOf(text: string): SignalWord | undefined {
  if (Object.hasOwn(BY_NUMBER, text)) return BY_NUMBER[text];
  const word = text.toUpperCase().replace(/^SIG/, '');
  return SIGNALS.find((signal) => signal === word);
}

/** `-9`, `-FOO`: what can only be meant as a signal, known or not. */
const LOOKS_LIKE_ONE = /^-(\d+|[A-Z][A-Z0-9]{2,})$/;
/** Flags of `kill`, and those that stand everywhere, whose next word is their value. */
const VALUED = ['-s', '--signal', '--reason', '--grace', '--data', '-o', '--output'];
const VALUED_EVERYWHERE = ['--timeout', '--color'];
const HAS_VALUE = new Set([...VALUED, ...VALUED_EVERYWHERE]);

/** Makes `kill -9 7` of a command line `kill --signal=9 7`; leaves all others as they are. */
export function withSignalFlag(argv: readonly string[]): readonly string[] {
  const at = commandPlace(argv);
  if (argv[at] !== 'kill') return argv;
  const words = argv.slice(0, at + 1);
  let isValue = false;
  for (const [place, word] of argv.entries()) {
    if (place <= at) continue;
    if (word === '--' && !isValue) return [...words, ...argv.slice(place)];
    words.push(!isValue && isSignalFlag(word) ? `--signal=${word.slice(1)}` : word);
    isValue = !isValue && HAS_VALUE.has(word);
  }
  return words;
}

/** Of the first word that is neither a flag nor the value of one. */
export function commandPlace(argv: readonly string[]): number {
  return argv.findIndex((word, at) => !word.startsWith('-') && !HAS_VALUE.has(argv[at - 1] ?? ''));
}

const isSignalFlag = (word: string): boolean =>
  LOOKS_LIKE_ONE.test(word) || (/^-[A-Za-z]/.test(word) && signalOf(word.slice(1)) !== undefined);

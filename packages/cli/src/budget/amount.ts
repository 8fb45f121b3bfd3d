// Amounts of a budget as people write and read them: `50k`, `1.5M`, `200000` tokens, `$0.50`.
//   Reading is exact: decimal digits are moved, nothing is rounded. What is no whole number of
//   tokens, or of millionths of a dollar, is refused.

import { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';

export interface Amount {
  readonly unit: 'tokens' | 'usd';
  /** Tokens, or millionths of a US dollar. Below 0: less. */
  readonly count: number;
}

/** As commander lets it through (minus-amount.ts), and as people copy it from a text. */
export const MINUS = '\u2212';

const UNIT_DIGITS = { '': 0, k: 3, K: 3, M: 6, G: 9 } as const;
const USD_DIGITS = 6;
const AMOUNT =
  /^(?<sign>[+-]?)(?<usd>\$?)(?<whole>\d{0,20})(?:\.(?<part>\d{1,20}))?(?<unit>[kKMG]?)$/;
/** As `hive budget ls` prints it. */
const GROUPED = /^[+-]?\$?\d{1,3}(,\d{3})+/;

/** Throws a usage error: what, why, what to do. */
export function readAmount(written: string): Amount {
  const text = written.replace(MINUS, '-');
  const plain = GROUPED.test(text) ? text.replaceAll(',', '') : text;
  const {
    sign = '',
    usd = '',
    whole = '',
    part = '',
    unit = '',
  } = AMOUNT.exec(plain)?.groups ?? {};
  if (whole === '' && part === '') {
    throw bad(text, 'It is no amount: a number, with k, M or G for more, after a $ for dollars.');
  }
  const isUsd = usd !== '';
  const digits = UNIT_DIGITS[unit as keyof typeof UNIT_DIGITS] + (isUsd ? USD_DIGITS : 0);
  const size = moved(`${whole}${part}`, digits - part.length);
  if (size === undefined) {
    throw isUsd
      ? bad(text, 'A dollar is counted in millionths, not in less.')
      : bad(text, 'A token is not divided. Dollars are written with their sign.');
  }
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw bad(text, `The most that can be counted is ${figure(Number.MAX_SAFE_INTEGER)}.`);
  }
  const count = Number(size);
  return { unit: isUsd ? 'usd' : 'tokens', count: sign === '-' && count > 0 ? -count : count };
}

/** The number with its point moved to the right; undefined where that leaves a fraction. */
function moved(digits: string, places: number): bigint | undefined {
  if (places >= 0) return BigInt(digits) * 10n ** BigInt(places);
  const divisor = 10n ** BigInt(-places);
  const number = BigInt(digits);
  return number % divisor === 0n ? number / divisor : undefined;
}

/** One that cannot be below nothing. */
export function readWhole(written: string): Amount {
  const amount = readAmount(written);
  if (amount.count >= 0) return amount;
  const text = written.replace(MINUS, '-');
  throw bad(text, 'A budget is nothing or more. Less of it is a raise by an amount with a minus.', [
    { label: 'Take from it', command: `hive budget raise PROC '${text}'` },
  ]);
}

function bad(text: string, why: string, hints = EXAMPLES): CliError {
  const message = `"${text}" is no amount of a budget.`;
  return new CliError({ code: 'E_USAGE', exitCode: EXIT.usage, message, why, hints });
}

const EXAMPLES = [
  { label: 'Tokens', command: '200000, 50k, 1.5M' },
  { label: 'Dollars', command: "'$0.50' (in quotes: a shell reads $0 as its own name)" },
];

/** `1,500`, of the purse `usd` `$0.50`: to the token, for what is not to be overdrawn by one. */
export function showFigure(amount: number, purse: string): string {
  return purse === 'usd' ? showUsd(amount) : figure(amount);
}

/** `1,500 tactical tokens`, `$0.50`. */
export const showAmount = (amount: number, purse: string): string =>
  purse === 'usd' ? showUsd(amount) : `${figure(amount)} ${`${purse} tokens`.trim()}`;

function figure(amount: number): string {
  if (amount >= Number.MAX_SAFE_INTEGER) return 'no limit';
  const digits = String(Math.abs(amount)).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${amount < 0 ? '-' : ''}${digits}`;
}

/** Two places, and more where they say something. */
function showUsd(micros: number): string {
  if (micros >= Number.MAX_SAFE_INTEGER) return 'no limit';
  const size = String(Math.abs(micros)).padStart(USD_DIGITS + 1, '0');
  const whole = figure(Number(size.slice(0, -USD_DIGITS)));
  const part = size.slice(-USD_DIGITS).replace(/0{1,4}$/, '');
  return `${micros < 0 ? '-' : ''}$${whole}.${part}`;
}

import { describe, expect, it } from 'vitest';
import { kernelEvent } from '../../test/kernel-event.ts';
import { BUDGET_TELLERS } from './budget-tellers.ts';
import { toJournalItem } from './journal-item.ts';

const MOVED = { purse: 'tactical', amount: 50_000, from: 4, to: 11, note: '' };
const HELD = { tier: 'tactical', promptTokens: 20, completionTokensMax: 1_000, usdMicros: 0 };
const EMPTY = { purse: 'tactical', by: 11, wanted: 1_020, remaining: 120, atLimit: 'refuse' };

const ROWS: readonly (readonly [
  kind: string,
  body: Readonly<Record<string, unknown>>,
  level: string,
  msg: string,
])[] = [
  [
    'budget.configured',
    { purse: 'strategic', amount: 1_000_000, spent: 0 },
    'info',
    'has 1,000,000 strategic tokens by configuration',
  ],
  [
    'budget.configured',
    { purse: 'usd', amount: 0, spent: 0 },
    'info',
    'has dollars without a limit by configuration',
  ],
  [
    'budget.moved',
    { ...MOVED, why: 'spawn' },
    'info',
    'was given 50,000 tactical tokens out of the budget of 4',
  ],
  [
    'budget.moved',
    { ...MOVED, why: 'request', note: 'more to read' },
    'info',
    'asked for 50,000 tactical tokens and got it out of the budget of 4: more to read',
  ],
  [
    'budget.moved',
    { ...MOVED, why: 'raise', from: 0, purse: 'usd', note: 'go on' },
    'info',
    'its budget was raised by $0.05: go on',
  ],
  [
    'budget.moved',
    { ...MOVED, why: 'lower', from: 11, to: 4 },
    'info',
    'its budget lost 50,000 tactical tokens to that of 4',
  ],
  ['budget.frozen', { isFrozen: true, note: 'wait' }, 'warn', 'its budget is frozen: wait'],
  ['budget.frozen', { isFrozen: false, note: '' }, 'info', 'its budget pays again'],
  ['budget.reserved', { ...HELD, payer: 11 }, 'debug', 'holds 1,020 tactical tokens for a call'],
  [
    'budget.reserved',
    { ...HELD, payer: 4, usdMicros: 12_000, askedTier: 'strategic' },
    'debug',
    'holds 1,020 tactical tokens and $0.012 of the budget of 4 for a call, asked for strategic',
  ],
  [
    'budget.warned',
    { purse: 'tactical', allocated: 50_000, spent: 40_000, remaining: 9_000 },
    'warn',
    'spent 40,000 of 50,000 tactical tokens, 9,000 left',
  ],
  [
    'budget.exhausted',
    EMPTY,
    'warn',
    'budget exhausted: 1,020 tactical tokens wanted, 120 left; what it cannot pay is refused',
  ],
  [
    'budget.exhausted',
    { ...EMPTY, by: 12, purse: 'usd', wanted: 20_000, remaining: 0, atLimit: 'block' },
    'warn',
    'budget exhausted: $0.02 wanted by 12, $0.00 left; what it cannot pay waits',
  ],
  [
    'budget.exhausted',
    { ...EMPTY, wanted: 0, remaining: 0, atLimit: 'degrade' },
    'warn',
    'budget exhausted: the last of its tactical tokens is spent; ' +
      'what it cannot pay goes to a cheaper tier',
  ],
  ['budget.wait_began', {}, 'warn', 'a model call waits for more budget'],
  ['budget.wait_ended', {}, 'debug', 'its model call waits for budget no more'],
];

describe('BUDGET_TELLERS', () => {
  it.each(ROWS)('say of %s with %j as %s: %s', (kind, body, level, msg) => {
    expect(toJournalItem(kernelEvent(kind, { pid: 11, ...body }))).toMatchObject({ level, msg });
  });

  it('have a test for each of them, and bear an event without a field', () => {
    const tested = new Set(ROWS.map(([kind]) => kind));
    expect(Object.keys(BUDGET_TELLERS).filter((kind) => !tested.has(kind))).toEqual([]);
    for (const kind of tested) {
      const { msg } = toJournalItem(kernelEvent(kind, { pid: 11 }));
      expect(msg).toMatch(/^[a-z]/);
      expect(msg).not.toMatch(/undefined|NaN|null/);
    }
  });
});

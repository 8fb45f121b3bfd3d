// The ledger: who used how many tokens. It only counts; budgets decide elsewhere.
//   B8. Simulated tokens are kept apart. What the gateway metered is not charged again when the
//       agent reports it. Sums stop at the largest whole number that the wire can carry.

import type { EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { Tier } from '../events/words.ts';
import type { ProcessRecord } from '../process/record.ts';
import { touch, type ProcessTable } from '../process/table.ts';

export interface LedgerTotals {
  llmCalls: number;
  tokens: number;
  tokensSimulated: number;
  /** Real and simulated tokens of each tier (B1). */
  readonly byTier: Record<Tier, number>;
}

export class Ledger {
  readonly #table: ProcessTable;
  totals: LedgerTotals = emptyTotals();

  constructor(table: ProcessTable) {
    this.#table = table;
  }

  handlers(): Handlers {
    return {
      'llm.called': (event) => this.#called(event),
      'metric.reported': (event) => {
        const record = this.#table.find(event.body.pid);
        if (record === undefined || event.body.name !== 'tokens_consumed') return;
        const { value, tokensCharged } = event.body;
        const { tier } = record.spec;
        record.tokensUnreported = Math.max(0, record.tokensUnreported - (value - tokensCharged));
        this.#charge(record, tokensCharged);
        this.totals.tokens = sum(this.totals.tokens, tokensCharged);
        this.totals.byTier[tier] = sum(this.totals.byTier[tier], tokensCharged);
        touch(record, event);
      },
      'process.reparented': ({ body }) => {
        const { pid, from, to } = body;
        const tokens = this.#table.require(pid).tokensSubtree;
        this.#account(this.#table.find(from), -tokens);
        this.#account(this.#table.find(to), tokens);
      },
    };
  }

  /** B8: of a reported amount, what was not metered already. */
  chargeOf(record: ProcessRecord, reported: number): number {
    return Math.max(0, reported - record.tokensUnreported);
  }

  #called(event: EventOf<'llm.called'>): void {
    const { pid, promptTokens, completionTokens, simulated, tier } = event.body;
    const tokens = sum(promptTokens, completionTokens);
    const kind = simulated ? 'tokensSimulated' : 'tokens';
    this.totals.llmCalls += 1;
    this.totals.byTier[tier] = sum(this.totals.byTier[tier], tokens);
    this.totals[kind] = sum(this.totals[kind], tokens);
    const record = this.#table.find(pid);
    if (record === undefined) return;
    record.llmCalls += 1;
    record.tokensUnreported = sum(record.tokensUnreported, tokens);
    if (simulated) record.tokensSimulated = sum(record.tokensSimulated, tokens);
    this.#charge(record, tokens);
    touch(record, event);
  }

  #charge(record: ProcessRecord, tokens: number): void {
    record.tokens = sum(record.tokens, tokens);
    this.#account(record, tokens);
  }

  /** P11: what a branch used is counted where it hangs now. */
  #account(from: ProcessRecord | undefined, tokens: number): void {
    for (let at = from; at !== undefined; at = at.parent) {
      at.tokensSubtree = Math.max(0, sum(at.tokensSubtree, tokens));
    }
  }
}

const sum = (a: number, b: number): number => Math.min(a + b, Number.MAX_SAFE_INTEGER);

export function emptyTotals(): LedgerTotals {
  return {
    llmCalls: 0,
    tokens: 0,
    tokensSimulated: 0,
    byTier: { strategic: 0, tactical: 0, operational: 0 },
  };
}

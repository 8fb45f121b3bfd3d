// The rows of the settings table about how much one model is asked at once and in a minute (B7).
// Of each model at each provider, for all agents together; an entry of `providers` may have its
// own. The simulated model has rows of its own: it needs no sparing, but shows how a limit works.

import { row } from './setting-row.ts';
import { int } from './value-kinds.ts';

/** 0: no limit. */
export const PER_MINUTE = int({ max: 1_000_000_000 });
const CONCURRENT = int({ max: 100_000 });

export const MODEL_LIMIT_ROWS = {
  'models.requests_per_minute': row({
    kind: PER_MINUTE,
    default: 0,
    rule: 'B7',
    doc: 'Requests of all agents to one model at one provider in a minute; 0 is unlimited.',
  }),
  'models.tokens_per_minute': row({
    kind: PER_MINUTE,
    default: 0,
    rule: 'B7',
    doc: 'Its tokens in a minute, prompts and answers; 0 is unlimited.',
  }),
  'models.concurrent': row({
    kind: CONCURRENT,
    default: 0,
    rule: 'B7',
    doc: "Calls to it under way at once; 0 is as many as its provider's concurrent_max.",
  }),
} as const;

export const SIM_LIMIT_ROWS = {
  'sim.requests_per_minute': row({
    kind: PER_MINUTE,
    default: 0,
    rule: 'B7',
    doc: 'Requests to one simulated model in a minute; 0 is unlimited.',
  }),
  'sim.tokens_per_minute': row({
    kind: PER_MINUTE,
    default: 0,
    rule: 'B7',
    doc: 'Its tokens in a minute; 0 is unlimited.',
  }),
  'sim.concurrent': row({
    kind: CONCURRENT,
    default: 0,
    rule: 'B7',
    doc: 'Calls to it under way at once; 0 is unlimited.',
  }),
} as const;

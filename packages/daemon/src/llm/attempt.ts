// One try of a model call: what is held for it and its place at the provider, both given back
// exactly once, however it ends (B3, B7).
//   A place that comes after the end (the call was given up in that moment) is given back at once.

import type { CallMeter } from './call-meter.ts';
import type { Passage } from './governor/governor.ts';
import { verdictOf } from './retry.ts';

export class Attempt {
  readonly meter: CallMeter;
  readonly #tries: number;
  #passage: Passage | undefined;
  #isOver = false;

  /** The first is of `tries` 1. */
  constructor(options: { meter: CallMeter; tries: number }) {
    this.meter = options.meter;
    this.#tries = options.tries;
  }

  goesIn(passage: Passage): void {
    if (this.#isOver) passage.leave({ outcome: 'given_up', tokens: 0 });
    else this.#passage = passage;
  }

  /** The answer is whole. */
  succeed(): void {
    this.meter.settle('ok');
    this.#end({ outcome: 'ok' });
  }

  /** Nobody wants the answer any more. */
  giveUp(): void {
    this.meter.settle('aborted', 'cancelled');
    this.#end({ outcome: 'given_up' });
  }

  /** `signal` tells what we gave up from what the provider failed at. */
  fail(error: unknown, signal: AbortSignal): void {
    this.meter.fail(error, signal);
    this.#end(signal.aborted ? { outcome: 'given_up' } : verdictOf(error, this.#tries));
  }

  #end(end: Omit<Parameters<Passage['leave']>[0], 'tokens'>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { prompt_tokens: prompt, completion_tokens: completion } = this.meter.usage();
    this.#passage?.leave({ ...end, tokens: prompt + completion });
  }
}

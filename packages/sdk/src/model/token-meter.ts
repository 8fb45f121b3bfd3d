// What model calls have used, as the endpoint reported it. One meter a client; all of a process's
// clients also count into `processMeter`, which the heartbeat reports.
import { processWide } from '../process-wide.ts';
import type { TokenUsage } from './chat.ts';

export class TokenMeter {
  promptTokens = 0;
  completionTokens = 0;
  calls = 0;
  /** Prompt and answer of the newest call: how full the model's window was. */
  lastCallTokens = 0;

  get totalTokens(): number {
    return this.promptTokens + this.completionTokens;
  }

  add(usage: TokenUsage): void {
    this.calls += 1;
    this.promptTokens += usage.promptTokens;
    this.completionTokens += usage.completionTokens;
    this.lastCallTokens = usage.totalTokens;
  }
}

export const processMeter = processWide('meter', () => new TokenMeter());

// A worker: counts the primes of one piece, in small steps, as if it had to wait for something in
// between. It knows nothing of monkeys, but for a bug that SIGUSR2 brings out.
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from '@hivekernel/sdk';
import type { Task, TaskContext, TaskOutput } from '@hivekernel/sdk';
import { primesIn, STRETCH } from './primes.ts';

const STEPS = 10;
const STEP_MS = 30;
const EXIT_CODE = 3;
const PERCENT = 100;

export class Worker extends Agent {
  override onInit(): void {
    process.once('SIGUSR2', () => process.exit(EXIT_CODE));
  }

  override async onTask({ params }: Task, ctx: TaskContext): Promise<TaskOutput> {
    const piece = Number(params['piece']);
    // A new version each time that it is begun: what was written outlives who wrote it.
    const begun = await ctx.artifacts.put(`${params['begun']}${piece}`, ctx.name);
    let primes = 0;
    for (let step = 0; step < STEPS; step += 1) {
      const from = piece * STRETCH + (step * STRETCH) / STEPS;
      primes += primesIn(from, from + STRETCH / STEPS);
      await pause(STEP_MS, undefined, { signal: ctx.signal });
      await ctx.progress(((step + 1) / STEPS) * PERCENT);
    }
    return { output: String(primes), metadata: { begun: begun.version } };
  }
}

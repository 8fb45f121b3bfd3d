// Chaos: a coordinator, six workers, sixty pieces of work, and a monkey that strikes them dead all
// the while. Starts them, waits, checks that nothing is missing, and tells what it took.
import { Agent, imageOf } from '@hivekernel/sdk';
import type { Task, TaskContext, TaskOutput } from '@hivekernel/sdk';
import type { Done } from './report.ts';
import { reportOf } from './report.ts';

const WORKERS = 6;
const PIECES = 60;
const PIECES_MAX = 1_000;
/** A strike for so many pieces. */
const PIECES_A_STRIKE = 3;
const SEED = 1;
const SEED_MAX = 2 ** 32 - 1;
/** The coordinator is struck once; what else may happen to it is the machine's doing. */
const RETRIES = 5;
/** One that stands still does not hear that it is over. */
const GRACE_MS = 1_000;

export class Chaos extends Agent {
  override async onTask(task: Task, ctx: TaskContext): Promise<TaskOutput> {
    const seed = countOf(task, 'seed', { byDefault: SEED, max: SEED_MAX });
    const pieces = countOf(task, 'pieces', { byDefault: PIECES, max: PIECES_MAX });
    const byDefault = Math.floor(pieces / PIECES_A_STRIKE);
    const strikes = countOf(task, 'strikes', { byDefault, max: pieces });
    if (pieces === 0) throw new Error('pieces: 0 is no work');
    const numbers = { seed, pieces, strikes, workers: WORKERS, begun: `chaos/${task.id}/begun/` };
    try {
      const monkey = await spawnMonkey(ctx);
      const coordinator = await spawnCoordinator(ctx);
      const [{ output }, { metadata: tally }] = await Promise.all([
        ctx.executeOn(coordinator, { description: 'work', params: numbers, retries: RETRIES }),
        ctx.executeOn(monkey, { description: 'strike', params: numbers }),
      ]);
      const swarm = await ctx.children({ recursive: true });
      const restarts = swarm.reduce((sum, child) => sum + child.restarts, 0);
      const done = new Map(JSON.parse(output) as [number, Done][]);
      return reportOf({ done, pieces }, { ...tally, restarts: `${restarts}`, seed: `${seed}` });
    } finally {
      await ctx.collapse(0, { graceMs: GRACE_MS });
    }
  }
}

function spawnMonkey(ctx: TaskContext): Promise<number> {
  return ctx.spawn({
    name: 'monkey',
    role: 'worker',
    image: imageOf(import.meta.resolve('./monkey.ts'), 'Monkey'),
  });
}

function spawnCoordinator(ctx: TaskContext): Promise<number> {
  return ctx.spawn({
    name: 'coordinator',
    role: 'lead',
    image: imageOf(import.meta.resolve('./coordinator.ts'), 'Coordinator'),
    restart: 'transient',
  });
}

/** Throws a sentence for what is no whole number up to `max`. */
function countOf(
  { params }: Task,
  name: string,
  { byDefault, max }: { byDefault: number; max: number },
): number {
  const text = params[name];
  if (text === undefined) return byDefault;
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= max) return count;
  throw new Error(`${name}: "${text}" is no whole number up to ${max}`);
}

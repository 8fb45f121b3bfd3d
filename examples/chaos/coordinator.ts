// The coordinator: gives out the pieces, keeps what comes back, and dies once itself.
//   1. What is done stands in its checkpoint: the incarnation after it goes on from there.
//   2. A piece is in the result once, however often it was begun: results are kept by piece.
//   3. A worker that dies under a piece is the kernel's business, which brings it back and gives it
//      the piece again. Only where that fails for good is another worker made.
import { Agent, imageOf } from '@hivekernel/sdk';
import type { Task, TaskContext, TaskOutput } from '@hivekernel/sdk';
import type { Done } from './report.ts';

interface Errand {
  /** Keys of what the workers write, up to the piece's number. */
  readonly begun: string;
  readonly done: Map<number, Done>;
  readonly queue: number[];
  readonly pieces: number;
}

const RETRIES = 20;
/** A worker without progress for so long is taken for hung. */
const IDLE_LIMIT_MS = 1_000;
/** So many workers are made anew before it gives up. */
const REPLACED_MAX = 10;
const PERCENT = 100;
/** A line in the journal for so many pieces. */
const LINE_EVERY = 10;

export class Coordinator extends Agent {
  #replaced = 0;

  override async onTask(task: Task, ctx: TaskContext): Promise<TaskOutput> {
    const pieces = Number(task.params['pieces']);
    const workers = Number(task.params['workers']);
    const done = new Map(ctx.savedJson<[number, Done][]>() ?? []);
    const queue = Array.from({ length: pieces }, (_, piece) => piece).filter((n) => !done.has(n));
    const errand = { begun: task.params['begun'] ?? '', done, queue, pieces };
    if (done.size > 0) await ctx.log.info(`goes on after ${done.size} of ${pieces} pieces`);
    const names = Array.from({ length: workers }, (_, n) => `worker-${n + 1}`);
    await Promise.all(names.map((name) => this.#drive(name, errand, ctx)));
    return { output: JSON.stringify([...done]) };
  }

  /** One worker, as long as there are pieces. */
  async #drive(name: string, errand: Errand, ctx: TaskContext): Promise<void> {
    let worker = await workerOf(name, ctx);
    for (;;) {
      const piece = errand.queue.shift();
      if (piece === undefined) return;
      try {
        await give(piece, { worker, errand, ctx });
      } catch (error) {
        errand.queue.push(piece);
        this.#replaced += 1;
        if (ctx.signal.aborted || this.#replaced > REPLACED_MAX) throw error;
        await ctx.log.warn(`${name} is given up: ${String(error)}`);
        await ctx.kill(worker).catch(() => undefined);
        worker = await workerOf(name, ctx);
      }
    }
  }
}

async function give(
  piece: number,
  { worker, errand, ctx }: { worker: number; errand: Errand; ctx: TaskContext },
): Promise<void> {
  const { begun, done, pieces } = errand;
  const description = `primes of piece ${piece}`;
  const asked = { description, params: { begun, piece }, retries: RETRIES };
  const { output, metadata } = await ctx.executeOn(worker, asked);
  done.set(piece, { primes: Number(output), begun: Number(metadata['begun']) });
  const { size } = done;
  await ctx.checkpoint([...done].map(([n, one]) => [n, { ...one }]));
  await ctx.progress((size / pieces) * PERCENT, `${size} of ${pieces} pieces`);
  if (size % LINE_EVERY === 0) await ctx.log.info(`${size} of ${pieces} pieces`);
}

/** The one that is there, left by the incarnation before; else a new one. */
async function workerOf(name: string, ctx: TaskContext): Promise<number> {
  const children = await ctx.children();
  const found = children.find((child) => child.name === name && !child.gone);
  if (found !== undefined) return found.pid;
  return ctx.spawn({
    name,
    role: 'worker',
    tier: 'operational',
    image: imageOf(import.meta.resolve('./worker.ts'), 'Worker'),
    restart: 'permanent',
    idleLimitMs: IDLE_LIMIT_MS,
    limits: { concurrentTasksMax: 1 },
  });
}

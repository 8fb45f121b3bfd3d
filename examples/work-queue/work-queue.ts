// A lead that fills a queue, and three workers that empty it: each job is one worker's, and comes
// again, to another one, when its worker ends in the middle of it. One of them does.
import { Agent, imageOf } from '@hivekernel/sdk';
import type { Context, Queue, Task, TaskContext } from '@hivekernel/sdk';

type Result = { readonly n: number; readonly factors: readonly number[]; readonly worker: string };

const WORKERS = ['ada', 'bob', 'cleo'];
/** Falls over in the middle of its second job. */
const CLUMSY = 'bob';

export class QueueWorker extends Agent {
  override onInit(ctx: Context): void {
    // It works as long as it lives: the loop ends when the process is told to stop.
    this.#work(ctx).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  }

  async #work(ctx: Context): Promise<void> {
    const { JOBS = '', RESULTS = '', FALLS_AT } = ctx.env;
    let jobs = 0;
    for await (const message of ctx.queue(JOBS).messages()) {
      jobs += 1;
      if (String(jobs) === FALLS_AT) await ctx.exit({ exitCode: 1, output: 'fell over' });
      const n = Number(message.text());
      const result: Result = { n, factors: factorsOf(n), worker: ctx.name };
      await ctx.queue(RESULTS).send(result);
      // Asking for the next job says that this one is done. A crash right here would bring it to
      // another worker, to be done twice: at least once is the promise.
    }
  }
}

export class QueueLead extends Agent {
  override async onTask(task: Task, ctx: TaskContext): Promise<string> {
    const count = Number(task.params['jobs'] ?? 30);
    const jobs = ctx.queue(`jobs/${task.id}`);
    const results = ctx.queue(`results/${task.id}`);
    const workers = await Promise.all(WORKERS.map((name) => hire(ctx, { name, jobs, results })));
    try {
      const numbers = Array.from({ length: count }, (_, i) => 1001 + i);
      await Promise.all(numbers.map((n) => jobs.send(n)));
      const done = await gather(results, count);
      const shares = WORKERS.map((name) => {
        const own = [...done.values()].filter(({ worker }) => worker === name);
        return `${name} ${own.length}`;
      });
      return `${done.size} of ${count} done: ${shares.join(', ')}`;
    } finally {
      await Promise.all(workers.map((pid) => ctx.kill(pid)));
      await empty(results); // What was done twice.
    }
  }
}

function hire(
  ctx: TaskContext,
  { name, jobs, results }: { name: string; jobs: Queue; results: Queue },
): Promise<number> {
  const image = imageOf(import.meta.url, 'QueueWorker');
  const falls = name === CLUMSY && { FALLS_AT: '2' };
  const env = { JOBS: jobs.name, RESULTS: results.name, ...falls };
  return ctx.spawn({ name, role: 'worker', tier: 'operational', image, env });
}

/** By job: one that comes twice counts once. */
async function gather(results: Queue, count: number): Promise<ReadonlyMap<number, Result>> {
  const done = new Map<number, Result>();
  for await (const message of results.messages({ prefetch: 16 })) {
    const result = message.json() as Result;
    done.set(result.n, result);
    if (done.size < count) continue;
    await message.accept(); // Leaving the loop would give it back.
    break;
  }
  return done;
}

async function empty(queue: Queue): Promise<void> {
  for (;;) {
    const message = await queue.take({ timeoutMs: 1 }).catch(() => undefined);
    if (message === undefined) return;
  }
}

function factorsOf(n: number): number[] {
  for (let f = 2; f * f <= n; f += 1) if (n % f === 0) return [f, ...factorsOf(n / f)];
  return [n];
}

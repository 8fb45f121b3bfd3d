// Agents that share queues and topics, for tests with real processes: a lead and its workers, and
// one who reads news at its own pace.

import { defineAgent, imageOf } from '@hivekernel/sdk';
import type { TaskContext } from '@hivekernel/sdk';

export interface Shares {
  /** By job, how often it was done. */
  readonly done: Readonly<Record<string, number>>;
  /** By worker, how many it did. */
  readonly byWorker: readonly number[];
  /** Of the job whose first worker was killed. */
  readonly triesOfHeld: number;
}

export interface Burial {
  readonly crashes: number;
  /** Taken while the poison went round. */
  readonly others: readonly string[];
  readonly waiting: number;
  readonly deadLetters: number;
}

const JOBS = 'jobs';
const RESULTS = 'results';
const CRASHES_MAX = 20;

/** Works off the jobs until it is told to stop: holds the first try of `held`, dies of `poison`. */
export const Worker = defineAgent(async (_task, ctx) => {
  for await (const job of ctx.queue(JOBS).messages()) {
    if (job.text() === 'poison') process.exit(1);
    if (job.text() === 'held' && job.tries === 0) {
      await ctx.queue(RESULTS).send({ osPid: process.pid }, { type: 'holding' });
      await new Promise(() => undefined);
    }
    const result = { job: job.text(), by: ctx.pid, tries: job.tries };
    await ctx.queue(RESULTS).send(result, { type: 'result' });
  }
});

const hire = async (ctx: TaskContext, name: string): Promise<number> =>
  ctx.spawn({ name, image: imageOf(import.meta.url, 'Worker'), restart: 'temporary' });

/** Has as many jobs done by three workers, of whom one is killed in the middle. */
export const Lead = defineAgent(async ({ description }, ctx) => {
  const workers = await Promise.all(['a', 'b', 'c'].map((name) => hire(ctx, name)));
  const work = { description: 'work' };
  const working = workers.map((pid) => ctx.executeOn(pid, work).catch(() => undefined));
  while ((await ctx.queues(JOBS))[0]?.consumers !== workers.length) continue;
  const jobs = Array.from({ length: Number(description) }, (_, n) => (n === 4 ? 'held' : `${n}`));
  await Promise.all(jobs.map((job) => ctx.queue(JOBS).send(job)));

  const done: Record<string, number> = {};
  const byWorker = new Map(workers.map((pid) => [pid, 0]));
  let triesOfHeld = 0;
  for await (const message of ctx.queue(RESULTS).messages()) {
    if (message.type === 'holding') {
      process.kill((message.json() as { osPid: number }).osPid, 'SIGKILL');
      continue;
    }
    const { job, by, tries } = message.json() as { job: string; by: number; tries: number };
    done[job] = (done[job] ?? 0) + 1;
    byWorker.set(by, (byWorker.get(by) ?? 0) + 1);
    if (job === 'held') triesOfHeld = tries;
    if (jobs.every((one) => done[one] !== undefined)) break;
  }
  await Promise.all(workers.map((pid) => ctx.kill(pid).catch(() => undefined)));
  await Promise.all(working);
  return JSON.stringify({ done, byWorker: [...byWorker.values()], triesOfHeld } satisfies Shares);
});

/** Hires one worker after the other for a job that kills each, with others behind it. */
export const Undertaker = defineAgent(async (_task, ctx) => {
  const queue = ctx.queue(JOBS);
  await queue.send('poison', { type: 'bad', priority: 'high', requiresAck: true });
  await queue.send('1', { type: 'good' });
  await queue.send('2', { type: 'good' });
  const others: string[] = [];
  let crashes = 0;
  while (crashes < CRASHES_MAX) {
    const [info] = await ctx.queues(JOBS);
    if (info === undefined || info.deadLetters > 0) break;
    const worker = await hire(ctx, `w${crashes}`);
    const crashed = ctx.executeOn(worker, { description: 'work' }).catch(() => undefined);
    if (others.length < 2) others.push((await queue.take({ type: 'good' })).text());
    await crashed;
    crashes += 1;
  }
  const [info] = await ctx.queues(JOBS);
  const { waiting, deadLetters } = info ?? { waiting: -1, deadLetters: -1 };
  return JSON.stringify({ crashes, others, waiting, deadLetters } satisfies Burial);
});

/** Reads as many of the news as its task says, each once, and holds a job that it never ends. */
export const Reader = defineAgent(async ({ description, params }, ctx) => {
  const read: string[] = [];
  const isHolding = params['hold'] !== undefined;
  const news = ctx.subscribe('news.*', { durable: 'reader' });
  await news.ready();
  // To ask for the next one confirms the one before.
  const most = Number(description);
  if (most === 0) await news.close();
  else {
    for await (const one of news) {
      if (read.length < most) read.push(one.text());
      else break;
      if (read.length === most && !isHolding) break;
    }
  }
  if (isHolding) {
    for await (const job of ctx.queue(JOBS).messages()) {
      if (job.text() === '1') continue;
      await ctx.publish('holding', 'now');
      await new Promise(() => undefined);
    }
  }
  return read.join(' ');
});

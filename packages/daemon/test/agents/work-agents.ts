// Agents that share queues and topics, for tests of the whole. What they do they tell in queues of
// their own, which the test reads: `done`, `heard/live`, `heard/durable`.

import { Agent, type Context, defineAgent, type Publication } from '@hivekernel/sdk';

/** Its loop ends with its process; a refusal ends the process. */
function inBackground(loop: Promise<void>): void {
  loop.catch((error: unknown) => {
    console.error(error);
    process.exit(9);
  });
}

/** Fills the queue with as many jobs as its task says. */
export const Lead = defineAgent(async ({ description }, ctx) => {
  const jobs = Array.from({ length: Number(description) }, (_, n) => n);
  await Promise.all(jobs.map((n) => ctx.queue('jobs').send(`job ${n}`)));
});

/** Does jobs as long as it lives; falls over each time that it meets a poisoned one. */
export class Worker extends Agent {
  override onInit(ctx: Context): void {
    inBackground(this.#work(ctx));
  }

  async #work(ctx: Context): Promise<void> {
    for await (const job of ctx.queue('jobs').messages()) {
      if (job.text() === 'poison') process.exit(7);
      await ctx.queue('done').send({ job: job.text(), by: ctx.pid });
    }
  }
}

/** Accepts the first message of `kept`, and holds those behind it for good. */
export const Holder = defineAgent({
  async onTask(_task, ctx) {
    for await (const message of ctx.queue('kept').messages({ prefetch: 3 })) {
      await message.accept();
      await ctx.queue('done').send('holding');
      await new Promise<void>(() => undefined);
    }
  },
});

/** Publishes the numbers of its task, `from-to`. */
export const Publisher = defineAgent(async ({ description }, ctx) => {
  const [from = 0, to = 0] = description.split('-').map(Number);
  for (let n = from; n <= to; n += 1) await ctx.publish(`news/${n % 3}`, n);
});

/** Tells what it hears of the news, live and through a durable place. */
export class Listener extends Agent {
  override async onInit(ctx: Context): Promise<void> {
    for (const how of ['live', 'durable'] as const) {
      const durable = how === 'durable' ? 'desk' : undefined;
      const news = ctx.subscribe('news/*', { durable, retained: false });
      await news.ready();
      inBackground(this.#tell(news, (text) => ctx.queue(`heard/${how}`).send(text)));
    }
  }

  async #tell(
    news: AsyncIterable<Publication>,
    say: (text: string) => Promise<unknown>,
  ): Promise<void> {
    for await (const one of news) await say(one.text());
  }
}

// What queues and topics do, as scenes that an agent plays, some with a child, and what must come
// of each. Played on a real kernel and on the SDK's test kernel (shared-names.test.ts), which must
// not differ. Each scene has its own names.

import {
  Agent,
  HiveError,
  imageOf,
  type Message,
  type Publication,
  type Queue,
  type QueueMessage,
  type Task,
  type TaskContext,
} from '@hivekernel/sdk';

interface Stage {
  readonly ctx: TaskContext;
  /** Of this scene alone: of its queue, its topics and its cursors. */
  readonly name: string;
  readonly queue: Queue;
}

type Scene = (stage: Stage) => Promise<unknown>;

const BACKLOG = 256;

export const SCENES: Readonly<Record<string, Scene>> = {
  async 'a loop accepts by going on, and gives back what it is left with'({ ctx, queue }) {
    await fill(queue, 'a', 'b', 'c', 'd');
    const seen = await read(queue.messages(), 2);
    const [info] = await ctx.queues(queue.name);
    const left = [info?.waiting, info?.inHand, info?.consumers];
    return [seen, left, await read(queue.messages(), 2), await waitingIn(ctx, queue)];
  },

  async 'a loop that throws gives back what it had'({ ctx, queue }) {
    await fill(queue, 'a', 'b');
    const failed = async (): Promise<void> => {
      for await (const message of queue.messages({ prefetch: 2 })) {
        if (message.text() === 'b') throw new HiveError('internal', 'no b');
      }
    };
    const code = await codeOf(failed());
    const [first] = await all(queue, 1);
    return [code, first?.text(), first?.tries, await waitingIn(ctx, queue)];
  },

  async 'a word holds where the loop is left, and is said once'({ ctx, queue }) {
    await fill(queue, 'a', 'b');
    const codes: string[] = [];
    let first: QueueMessage | undefined;
    for await (const message of queue.messages()) {
      if (first === undefined) {
        first = message;
        continue;
      }
      codes.push(await codeOf(first.accept()));
      codes.push(await codeOf(message.accept()));
      codes.push(await codeOf(message.reject()));
      break;
    }
    return [codes, await waitingIn(ctx, queue)];
  },

  async 'a reply and a rejection reach the sender'({ ctx, queue }) {
    const ids = [await queue.send('question'), await queue.send('nonsense')];
    for await (const message of queue.messages()) {
      if (message.text() === 'question') await message.reply({ answer: 42 });
      else {
        await message.reject();
        break;
      }
    }
    const reply = await ctx.receive({ type: 'reply', timeoutMs: 5_000 });
    const report = await ctx.receive({ type: 'ack', timeoutMs: 5_000 });
    const { status } = report.json() as { status: string };
    const answered = [reply, report].map((message: Message) => ids.indexOf(message.replyTo));
    return [reply.json(), status, answered, await waitingIn(ctx, queue)];
  },

  async 'urgent ones come first, and a loop may want some only'({ queue, ctx }) {
    await queue.send('low', { priority: 'low' });
    await queue.send('normal');
    await queue.send('high', { priority: 'high', type: 'image.small' });
    await queue.send('critical', { priority: 'critical', type: 'image.large' });
    const images = await read(queue.messages({ type: 'image.*', prefetch: 4 }), 1);
    const urgent = await read(queue.messages({ minPriority: 'normal' }), 3);
    const rest = (await all(queue, 2)).map(({ priority }) => priority);
    return [images, urgent, rest, await waitingIn(ctx, queue)];
  },

  async 'what is prefetched is in hand, and goes back in order'({ ctx, queue }) {
    await fill(queue, '1', '2', '3', '4', '5');
    const inHand: (number | undefined)[] = [];
    for await (const message of queue.messages({ prefetch: 3 })) {
      inHand.push((await ctx.queues(queue.name))[0]?.inHand);
      if (message.text() === '2') break;
    }
    return [inHand[0], (await all(queue, 4)).map((message) => message.text())];
  },

  async 'all of many come once and in order, whatever is fetched ahead'({ queue }) {
    const numbers = Array.from({ length: 300 }, (_, n) => String(n));
    await fill(queue, ...numbers);
    const read = [];
    for await (const message of queue.messages({ prefetch: 64 })) {
      read.push(message.text());
      if (read.length % 7 === 0) await message.accept();
      if (read.length === numbers.length) {
        await message.accept();
        break;
      }
    }
    const rest = await codeOf(queue.take({ timeoutMs: 5 }));
    return [read.join() === numbers.join(), rest];
  },

  async 'a take waits, gives up, and takes nothing then'({ ctx, queue }) {
    const late = await codeOf(queue.take({ timeoutMs: 5 }));
    const give = new AbortController();
    const waiting = codeOf(queue.take({ signal: give.signal }));
    give.abort();
    const given = await waiting;
    const takes = [queue.take(), queue.take({ type: 'b' })];
    await queue.send('first', { type: 'b' });
    await queue.send('second', { type: 'b' });
    const taken = await Promise.all(takes.map(async (take) => (await take).text()));
    return [late, given, taken, await waitingIn(ctx, queue)];
  },

  async 'a loop ends in silence with its signal'({ ctx, queue }) {
    await queue.send('only');
    const end = new AbortController();
    const seen: string[] = [];
    for await (const message of queue.messages({ signal: end.signal })) {
      seen.push(message.text());
      setImmediate(() => end.abort());
    }
    return [seen, await waitingIn(ctx, queue)];
  },

  async 'a loop that waits ends when it is closed'({ ctx, queue }) {
    const messages = queue.messages();
    const waiting = read(messages, 1);
    await messages.ready();
    const before = (await ctx.queues(queue.name))[0]?.consumers;
    await messages.close();
    return [before, await waiting, (await ctx.queues(queue.name)).length];
  },

  async 'a loop of a task that is cancelled throws'({ ctx, name, queue }) {
    const child = await childOf(ctx);
    const cancel = new AbortController();
    const order = { description: 'serve', params: { queue: name } };
    const task = codeOf(ctx.executeOn(child, order, { signal: cancel.signal }));
    await queue.send('served');
    const said = await ctx.receive({ type: 'served', timeoutMs: 5_000 });
    cancel.abort();
    const told = [said.text(), await task];
    return [...told, (await ctx.receive({ type: 'ended', timeoutMs: 5_000 })).text()];
  },

  async 'what a consumer that was lost had comes again'({ ctx, name, queue }) {
    const child = await childOf(ctx);
    await fill(queue, 'a', 'b');
    const task = ctx.executeOn(child, { description: 'hold', params: { queue: name } });
    const settled = codeOf(task);
    await ctx.receive({ type: 'held', timeoutMs: 5_000 });
    await ctx.sendSignal(child, 'KILL');
    await settled;
    const again = await all(queue, 2);
    return again.map((message) => [message.text(), message.tries]);
  },

  async 'names and numbers are checked'({ ctx, queue }) {
    return [
      await codeOf((async () => ctx.queue(''))()),
      await codeOf(ctx.queue('dead:x').send('x')),
      await codeOf((async () => queue.messages({ prefetch: 65 }))()),
      await codeOf((async () => ctx.subscribe(''))()),
      await codeOf(ctx.publish('a*', 'x')),
      await codeOf(ctx.clearTopic('nothing here')),
      await codeOf(ctx.forgetCursor('nothing here')),
    ];
  },

  async 'a live subscriber gets last values, then what comes'({ ctx, name }) {
    const before = await ctx.publish(`${name}/a`, 'old');
    await ctx.publish(`${name}/a`, 'last');
    await ctx.publish(`${name}/a`, 'unkept', { transient: true });
    await ctx.publish(`${name}/b`, 'replaced by the one that comes');
    const feed = ctx.subscribe(`${name}/*`);
    await feed.ready();
    const after = await ctx.publish(`${name}/b`, 'new', { type: 'news' });
    const seen = await publications(feed, 2);
    return [
      before.subscribers,
      after.subscribers,
      seen.map((one) => [one.text(), one.isRetained, one.type]),
      seen[1]?.id === after.id,
      seen[0]?.topic === `${name}/a`,
    ];
  },

  async 'patterns and types say what is wanted'({ ctx, name }) {
    const feed = ctx.subscribe(`${name}/*/price`, { type: 'eur*', retained: false });
    await ctx.publish(`${name}/tea/price`, 'before', { type: 'eur' });
    await feed.ready();
    await ctx.publish(`${name}/tea/price`, '1', { type: 'usd' });
    await ctx.publish(`${name}/tea`, '2', { type: 'eur' });
    await ctx.publish(`${name}/tea/price`, '3', { type: 'eur' });
    await ctx.publish(`${name}/a/b/price`, '4', { type: 'euro' });
    return (await publications(feed, 2)).map((one) => one.text());
  },

  async 'a slow live subscriber is told what it missed'({ ctx, name }) {
    const feed = ctx.subscribe(name);
    await feed.ready();
    const numbers = Array.from({ length: BACKLOG + 10 }, (_, n) => n);
    await Promise.all(numbers.map((n) => ctx.publish(name, n, { transient: true })));
    const [first, second] = await publications(feed, 2);
    return [first?.text(), first?.missed, second?.text(), second?.missed];
  },

  async 'a durable subscriber goes on where it was'({ ctx, name }) {
    await ctx.publish(name, 'retained');
    const feed = ctx.subscribe(name, { durable: name });
    await feed.ready();
    for (const text of ['1', '2', '3']) await ctx.publish(name, text);
    const first = await publications(feed, 2);
    const published = await ctx.publish(name, '4');
    const { cursors } = await ctx.topics(name);
    const place = cursors.map((one) => [one.name, one.waiting, one.isLive]);
    const rest = await publications(ctx.subscribe(name, { durable: name }), 4);
    const texts = [first, rest].map((all) => all.map((one) => one.text()).join());
    await ctx.forgetCursor(name);
    return [texts, published.subscribers, place, (await ctx.topics(name)).cursors];
  },

  async 'a durable place is for one loop, and of one pattern'({ ctx, name }) {
    const feed = ctx.subscribe(name, { durable: name });
    await feed.ready();
    const taken = await codeOf(ctx.subscribe(name, { durable: name }).ready());
    const held = await codeOf(ctx.forgetCursor(name));
    await feed.close();
    const other = await codeOf(ctx.subscribe(`${name}/*`, { durable: name }).ready());
    return [taken, held, other, await codeOf(ctx.forgetCursor(name))];
  },

  async 'a topic is listed with its last value, until it is cleared'({ ctx, name }) {
    await ctx.publish(`${name}/a`, 'x');
    await ctx.publish(`${name}/a`, 'y');
    await ctx.publish(`${name}/b`, 'z');
    const { topics } = await ctx.topics(`${name}/*`);
    await ctx.clearTopic(`${name}/a`);
    const left = (await ctx.topics(`${name}/*`)).topics.map(({ topic }) => topic.endsWith('/b'));
    return [topics.map(({ last, publications: count }) => [last?.text(), count]), left];
  },

  async 'a subscription is gone through by one loop, and then by another'({ ctx, name }) {
    const feed = ctx.subscribe(name);
    await ctx.publish(name, 'x');
    const codes: string[] = [];
    for await (const one of feed) {
      codes.push(one.text(), await codeOf(publications(feed, 1)));
      break;
    }
    return [...codes, (await publications(feed, 1)).length];
  },
};

/** In the order of the scenes. */
export const OUTCOMES: Readonly<Record<keyof typeof SCENES, unknown>> = {
  'a loop accepts by going on, and gives back what it is left with': [
    ['a', 'b'],
    [3, 0, 0],
    ['b', 'c'],
    2,
  ],
  'a loop that throws gives back what it had': ['internal', 'b', 0, 0],
  'a word holds where the loop is left, and is said once': [
    ['wrong_state', 'ok', 'wrong_state'],
    0,
  ],
  'a reply and a rejection reach the sender': [{ answer: 42 }, 'rejected', [0, 1], 0],
  'urgent ones come first, and a loop may want some only': [
    ['critical'],
    ['critical', 'high', 'normal'],
    ['normal', 'low'],
    0,
  ],
  'what is prefetched is in hand, and goes back in order': [3, ['2', '3', '4', '5']],
  'all of many come once and in order, whatever is fetched ahead': [true, 'timed_out'],
  'a take waits, gives up, and takes nothing then': [
    'timed_out',
    'cancelled',
    ['first', 'second'],
    0,
  ],
  'a loop ends in silence with its signal': [['only'], 0],
  'a loop that waits ends when it is closed': [1, [], 0],
  'a loop of a task that is cancelled throws': ['served', 'cancelled', 'cancelled'],
  'what a consumer that was lost had comes again': [
    ['a', 1],
    ['b', 0],
  ],
  'names and numbers are checked': [
    'invalid_argument',
    'invalid_argument',
    'invalid_argument',
    'invalid_argument',
    'invalid_argument',
    'not_found',
    'not_found',
  ],
  'a live subscriber gets last values, then what comes': [
    0,
    1,
    [
      ['last', true, 'message'],
      ['new', false, 'news'],
    ],
    true,
    true,
  ],
  'patterns and types say what is wanted': ['3', '4'],
  'a slow live subscriber is told what it missed': ['10', 10, '11', 0],
  'a durable subscriber goes on where it was': [
    ['retained,1', '1,2,3,4'],
    1,
    [['a durable subscriber goes on where it was', 4, false]],
    [],
  ],
  'a durable place is for one loop, and of one pattern': ['conflict', 'conflict', 'conflict', 'ok'],
  'a topic is listed with its last value, until it is cleared': [
    [
      ['y', 2],
      ['z', 1],
    ],
    [true],
  ],
  'a subscription is gone through by one loop, and then by another': ['x', 'wrong_state', 1],
};

/** Its task is the name of a scene; it answers what came of it, as JSON. */
export class SharedStage extends Agent {
  override readonly receives = true;

  override async onTask({ description: name }: Task, ctx: TaskContext): Promise<string> {
    const scene = SCENES[name] as Scene;
    return JSON.stringify((await scene({ ctx, name, queue: ctx.queue(name) })) ?? null);
  }
}

/** The child of the scenes: takes from a queue, and tells its parent what it has. */
export class Consumer extends Agent {
  override async onTask({ description, params }: Task, ctx: TaskContext): Promise<void> {
    const queue = ctx.queue(String(params['queue']));
    try {
      for await (const message of queue.messages()) {
        await ctx.send(ctx.ppid, message.text(), {
          type: description === 'serve' ? 'served' : 'held',
        });
        if (description === 'hold') await new Promise<void>(() => undefined);
      }
    } catch (error) {
      await ctx.send(ctx.ppid, (error as HiveError).code, { type: 'ended' });
      throw error;
    }
  }
}

/** The one of the scene before, unless it was killed. */
async function childOf(ctx: TaskContext): Promise<number> {
  const there = (await ctx.children()).find(({ state }) => state !== 'dead');
  const image = imageOf(import.meta.url, 'Consumer');
  return there?.pid ?? ctx.spawn({ name: 'consumer', image });
}

async function fill(queue: Queue, ...texts: readonly string[]): Promise<void> {
  await Promise.all(texts.map((text) => queue.send(text)));
}

/** So many, and the loop is left in the middle of the last one. */
async function first<Item>(items: AsyncIterable<Item>, count: number): Promise<Item[]> {
  const read: Item[] = [];
  for await (const item of items) {
    read.push(item);
    if (read.length === count) break;
  }
  return read;
}

const read = async (items: AsyncIterable<QueueMessage>, count: number): Promise<string[]> =>
  (await first(items, count)).map((message) => message.text());

const publications = (items: AsyncIterable<Publication>, count: number): Promise<Publication[]> =>
  first(items, count);

async function all(queue: Queue, count: number) {
  const taken = [];
  while (taken.length < count) taken.push(await queue.take({ timeoutMs: 5_000 }));
  return taken;
}

const waitingIn = async (ctx: TaskContext, queue: Queue): Promise<number> =>
  (await ctx.queues(queue.name)).find(({ name }) => name === queue.name)?.waiting ?? 0;

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: unknown) => (error instanceof HiveError ? error.code : String(error)),
  );

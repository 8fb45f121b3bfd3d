// What pipes do, as scenes that an agent plays with its child, and what must come of each. Played
// on a real kernel and on the SDK's test kernel (pipes.test.ts), which must not differ.

import { createHash } from 'node:crypto';
import { Agent, HiveError, imageOf, type Pipe, type Task, type TaskContext } from '@hivekernel/sdk';

interface Stage {
  readonly ctx: TaskContext;
  readonly child: number;
  /** Of this scene alone. */
  readonly name: string;
  readonly open: () => Promise<Pipe>;
  /** What the child makes of its end. */
  readonly act: (act: string, params?: Readonly<Record<string, string>>) => Promise<string>;
}

type Scene = (stage: Stage) => Promise<unknown>;

const CHUNK = 65_536;
const HELD = 64;

export const SCENES: Readonly<Record<string, Scene>> = {
  async 'goes both ways, and says its end'({ open, act }) {
    await using pipe = await open();
    const acted = act('echo');
    await pipe.write('a');
    const first = text(await pipe.read());
    await pipe.write(new TextEncoder().encode('b'));
    await pipe.end();
    return [first, await pipe.text(), await pipe.read(), await acted];
  },

  async 'holds what is written before the other side opened'({ open, act }) {
    await using pipe = await open();
    for (const chunk of ['x', 'y', 'z']) await pipe.write(chunk);
    await pipe.end();
    return await act('text');
  },

  async 'keeps the order of writes that nobody awaited, however many'({ open, act }) {
    await using pipe = await open();
    const numbers = Array.from({ length: 500 }, (_, n) => n);
    const written = numbers.map((n) => pipe.writeLine(n));
    const ended = pipe.end();
    const lines = await act('lines');
    await Promise.all([...written, ended]);
    return lines === numbers.join('|');
  },

  async 'splits what is large, and keeps chunks that are not'({ open, act }) {
    await using pipe = await open();
    const bytes = new Uint8Array(3 * CHUNK + 5).map((_, at) => at % 251);
    const acted = act('hash');
    await pipe.write(bytes);
    await pipe.end();
    const hash = createHash('sha256').update(bytes).digest('hex');
    return (await acted) === `${bytes.length} ${hash}`;
  },

  async 'reads lines across the borders of chunks'({ open, act }) {
    await using pipe = await open();
    const acted = act('lines');
    for (const byte of Buffer.from('zwölf\r\n€uro\n\nlast')) await pipe.write(Uint8Array.of(byte));
    await pipe.end();
    return await acted;
  },

  async 'is between a parent and its child only'({ ctx, child }) {
    const other = await ctx.spawn({ name: 'grandchild-of-king' });
    const nobody = codeOf(ctx.pipe(999_999));
    const itself = codeOf(ctx.pipe(ctx.pid));
    const named = codeOf(ctx.pipe(child, { name: 'a\nb' }));
    await ctx.kill(other);
    return Promise.all([nobody, itself, named, codeOf(ctx.pipe(other))]);
  },

  async 'is opened once, and anew when it was closed'({ open, act }) {
    const pipe = await open();
    const twice = await codeOf(open());
    await act('open', { keep: 'yes' });
    const theirs = await act('write', { text: 'old', keep: 'yes' });
    await pipe.close();
    await using next = await open();
    await next.write('new');
    const refused = [await codeOf(pipe.write('x')), await codeOf(pipe.read())];
    // The child's side is still that of the pipe before.
    return [twice, theirs, refused, await act('read'), await act('read')];
  },

  async 'makes a writer wait, or fail as it asked'({ open, act }) {
    await using pipe = await open();
    let held = 0;
    while ((await codeOf(pipe.write('.', { wait: false }))) === 'ok') held += 1;
    const patient = pipe.write('patient');
    const impatient = await codeOf(pipe.write('impatient', { wait: false }));
    const large = await codeOf(pipe.write(new Uint8Array(CHUNK + 1), { wait: false }));
    const acted = act('text');
    await patient;
    await pipe.end();
    return [held, impatient, large, (await acted) === `${'.'.repeat(HELD)}patient`];
  },

  async 'refuses a blocked writer when the reader closes'({ open, act }) {
    await using pipe = await open();
    await fill(pipe);
    const blocked = Array.from({ length: 20 }, () => codeOf(pipe.write('blocked')));
    await act('open');
    const later = await codeOf(pipe.write('later'));
    return [[...new Set(await Promise.all(blocked))], later, await pipe.read()];
  },

  async 'gives up a write and keeps the order'({ open, act }) {
    await using pipe = await open();
    await fill(pipe);
    const first = new AbortController();
    const written = [pipe.write('1', { signal: first.signal }), pipe.write('2')].map(codeOf);
    first.abort();
    const gone = await codeOf(pipe.write('3', { signal: AbortSignal.abort() }));
    const acted = act('text');
    const codes = await Promise.all(written);
    await pipe.end();
    return [codes, gone, (await acted).replaceAll('.', '')];
  },

  async 'loses nothing when a read is given up'({ open, act }) {
    await using pipe = await open();
    const late = await codeOf(pipe.read({ timeoutMs: 5 }));
    const give = new AbortController();
    const waiting = codeOf(pipe.read({ signal: give.signal }));
    give.abort();
    const codes = [late, await waiting];
    await act('write', { text: 'kept' });
    return [...codes, text(await pipe.read()), await pipe.read()];
  },

  async 'goes on after a loop was left early'({ open, act }) {
    await using pipe = await open();
    const acted = act('echo');
    for (const chunk of ['a', 'b', 'c']) await pipe.write(chunk);
    const read: string[] = [];
    for await (const chunk of pipe) {
      read.push(text(chunk));
      break;
    }
    await pipe.end();
    for await (const chunk of pipe.readable) read.push(text(chunk));
    return [read.join(''), await acted];
  },

  async 'is a web stream for who wants one'({ open, act }) {
    await using pipe = await open();
    const acted = act('text');
    await new Blob(['streamed']).stream().pipeTo(pipe.writable);
    return [await acted, await codeOf(pipe.write('after its end'))];
  },

  async 'ends a wait with its own close, and with the signal that it was opened for'(stage) {
    const over = new AbortController();
    const pipe = await stage.ctx.pipe(stage.child, { name: stage.name, signal: over.signal });
    const waiting = codeOf(pipe.read());
    over.abort();
    const code = await waiting;
    return [code, await codeOf(stage.open().then((next) => next.close()))];
  },

  async 'ends the wait of a task that is cancelled'({ ctx, child, name, open, act }) {
    await using pipe = await open();
    const cancel = new AbortController();
    const task = { description: 'read', params: { pipe: name } };
    const { signal } = cancel;
    await act('open', { keep: 'yes' });
    const acted = codeOf(ctx.executeOn(child, task, { signal }));
    cancel.abort();
    const code = await acted;
    // It takes one task at a time, and what it waited for is for the next.
    await pipe.write('kept');
    return [code, await act('read')];
  },

  async 'tells what is left, and then that the other end is gone'({ open, act, ctx, child }) {
    await using pipe = await open();
    await act('write', { text: 'left', keep: 'yes' });
    await fill(pipe);
    const blocked = codeOf(pipe.write('blocked'));
    await ctx.kill(child, { graceMs: 0 });
    const read = [text(await pipe.read()), await codeOf(pipe.read()), await codeOf(pipe.read())];
    return [await blocked, read, await codeOf(pipe.write('x')), await codeOf(open())];
  },

  async 'ends well with one that ended after it said so'({ open, act, ctx, child }) {
    await using pipe = await open();
    await act('write', { text: 'all', end: 'yes', keep: 'yes' });
    await ctx.kill(child, { graceMs: 0 });
    return [text(await pipe.read()), await pipe.read(), await codeOf(pipe.write('x'))];
  },

  async 'is another pipe after a restart'({ open, act, ctx, child }) {
    const old = await open();
    await act('write', { text: 'first run', keep: 'yes' });
    await ctx.restart(child, { graceMs: 0 });
    const left = [text(await old.read()), await codeOf(old.read())];
    await using next = await open();
    await act('write', { text: 'second run' });
    return [...left, text(await next.read())];
  },

  async 'is not for a sleeper, and a sleep ends it'({ open, act, ctx, child }) {
    const pipe = await open();
    await act('open', { keep: 'yes' });
    await ctx.sleep(child);
    const asleep = [await codeOf(pipe.read()), await codeOf(open())];
    await ctx.wake(child);
    return [...asleep, await codeOf(open().then((next) => next.close()))];
  },
};

/** In the order of the scenes. */
export const OUTCOMES: Readonly<Record<keyof typeof SCENES, unknown>> = {
  'goes both ways, and says its end': ['a!', 'b!', null, 'echoed'],
  'holds what is written before the other side opened': 'xyz',
  'keeps the order of writes that nobody awaited, however many': true,
  'splits what is large, and keeps chunks that are not': true,
  'reads lines across the borders of chunks': 'zwölf|€uro||last',
  'is between a parent and its child only': [
    'not_found',
    'permission_denied',
    'invalid_argument',
    'wrong_state',
  ],
  'is opened once, and anew when it was closed': [
    'conflict',
    'written',
    ['wrong_state', 'wrong_state'],
    '.',
    'new',
  ],
  'makes a writer wait, or fail as it asked': [HELD, 'queue_full', 'too_large', true],
  'refuses a blocked writer when the reader closes': [['unavailable'], 'unavailable', null],
  'gives up a write and keeps the order': [['cancelled', 'ok'], 'cancelled', '2'],
  'loses nothing when a read is given up': ['timed_out', 'cancelled', 'kept', null],
  'goes on after a loop was left early': ['a!b!c!', 'echoed'],
  'is a web stream for who wants one': ['streamed', 'wrong_state'],
  'ends a wait with its own close, and with the signal that it was opened for': [
    'wrong_state',
    'ok',
  ],
  'ends the wait of a task that is cancelled': ['cancelled', 'kept'],
  'tells what is left, and then that the other end is gone': [
    'unavailable',
    ['left', 'unavailable', 'unavailable'],
    'unavailable',
    'wrong_state',
  ],
  'ends well with one that ended after it said so': ['all', null, 'unavailable'],
  'is another pipe after a restart': ['first run', 'unavailable', 'second run'],
  'is not for a sleeper, and a sleep ends it': ['unavailable', 'wrong_state', 'ok'],
};

/** Its task is the name of a scene; it answers what came of it, as JSON. */
export class PipeStage extends Agent {
  override async onTask({ description }: Task, ctx: TaskContext): Promise<string> {
    const child = await livingChild(ctx);
    const act: Stage['act'] = async (act, params = {}) => {
      const task = { description: act, params: { ...params, pipe: description } };
      return (await ctx.executeOn(child, task)).output;
    };
    const open = (): Promise<Pipe> => ctx.pipe(child, { name: description });
    const scene = SCENES[description] as Scene;
    return JSON.stringify((await scene({ ctx, child, name: description, open, act })) ?? null);
  }
}

/** The one of the scene before, unless it was killed. */
async function livingChild(ctx: TaskContext): Promise<number> {
  const there = (await ctx.children()).find(({ state }) => state !== 'dead');
  return there?.pid ?? ctx.spawn({ name: 'child', image: CHILD });
}

const CHILD = imageOf(import.meta.resolve('./pipe-child.ts'), 'PipeChild');

async function fill(pipe: Pipe): Promise<void> {
  for (let n = 0; n < HELD; n += 1) await pipe.write('.', { wait: false });
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: unknown) => (error instanceof HiveError ? error.code : String(error)),
  );

const text = (chunk: Uint8Array | undefined): string => new TextDecoder().decode(chunk);

// What a failed append does (DESIGN §3): nothing of it was, what is durable stays, facts come
// again, and the journal is tried again after a pause.

import { LIMITS, type AppendRequest, type ErrorCode, type Pid } from '@hivekernel/kernel';
import {
  MemoryDisk,
  MemoryStore,
  artifactOrder,
  spawnOrder,
  taskResult,
  taskSpec,
  textOf,
} from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../src/journal/recovery.ts';
import { Rig, pid, turn, withRig } from './kernel-ground.ts';

const FULL = { code: 'storage_full' };
const LOGGED = { level: 'info' as const, message: 'hello', fields: {} };
const BIG = new Uint8Array(2 * LIMITS.inlineContentBytesMax).fill(7);

async function storedState(rig: Rig<MemoryStore>): Promise<string> {
  const { store, settings } = rig;
  return (await loadKernel({ store, settings, partition: 0 })).snapshot();
}

/** Resolves when the pause after a failure is over: what waited for its end is durable. */
async function pauseOver(rig: Rig): Promise<void> {
  const logged = rig.durable('log.written');
  rig.tell({ fact: 'log', pid: pid(1), level: 'warn', message: 'after the pause' });
  await logged;
  await rig.calm();
}

const exitOf = (child: Pid) => ({
  fact: 'exited' as const,
  pid: child,
  incarnation: 1,
  exitCode: 3,
  cause: 'crashed' as const,
  detail: '',
});

describe('JournaledKernel after a failed append: calls', () => {
  it('refuses gated and owed replies with storage_full, and drops their effects', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn({ image: 'hold' });
      rig.left.length = 0;
      rig.store.failNextAppend();
      const sent = rig.send(child);
      const spawned = rig.ask('spawn', spawnOrder({ image: 'echo' }));
      const asked = rig.ask('execute_on', { pid: child, spec: taskSpec() });
      for (const one of [sent, spawned, asked]) expect(await one.refusal()).toMatchObject(FULL);
      expect(rig.left).toEqual(['reply 2', 'reply 3', 'reply 4']);
      expect(rig.snapshot()).toBe(await storedState(rig));
      expect(rig.host.kernel.state.log.lastSeq).toBe(rig.host.durableSeq);
      expect(rig.fatal).toEqual([]);
    });
  });

  it('serves reads in the pause, refuses the rest, and goes on by itself', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn();
      rig.store.failNextAppend();
      expect(await rig.send(child).refusal()).toMatchObject(FULL);
      expect((await rig.ask('info', { pid: child }).value()).pid).toBe(child);
      const metric = { name: 'n', value: 1, labels: {} };
      expect(await rig.ask('metric', metric).refusal()).toMatchObject(FULL);
      expect(await rig.ask('log', LOGGED).refusal()).toMatchObject(FULL);
      await pauseOver(rig);
      await rig.send(child).value();
      expect(await rig.spawn()).toBe(child + 1);
    });
  });

  it('refuses the passes that follow the failed one, and none of those before it', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn();
      rig.store.holdAppends();
      const sent = [];
      for (let i = 0; i < 6; i += 1) {
        sent.push(rig.send(child));
        await turn();
      }
      rig.store.failNextAppend();
      rig.store.releaseAppends();
      for (const one of sent) expect(await one.refusal()).toMatchObject(FULL);
      expect(rig.eventsOf('message.sent')).toEqual([]);
      await pauseOver(rig);
      expect(rig.snapshot()).toBe(await storedState(rig));
    });
  });

  it('keeps an answer owed that is owed by what is durable', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn({ image: 'hold' });
      const asked = rig.ask('execute_on', { pid: child, spec: taskSpec() });
      await rig.calm();
      const [task] = rig.runtime.agent(child).tasks.keys();
      if (task === undefined) throw new Error('the task runs');
      rig.store.failNextAppend();
      const result = taskResult({ output: 'done after all' });
      rig.tell({ fact: 'task_ended', pid: child, task, completed: true, result, error: '' });
      await rig.host.settled();
      expect(asked.isAnswered).toBe(false);
      expect(await asked.value()).toMatchObject({ outcome: 'completed', result });
    });
  });

  it('is not disturbed by the late refusal of a pass that was given up already', async () => {
    const store = new LateStore();
    const rig = await Rig.booted({ store });
    const child = await rig.spawn();
    store.holdAppends();
    const first = rig.send(child);
    await turn();
    const second = rig.send(child);
    await turn();
    store.failNextAppend();
    store.isNextRefusalLate = true;
    store.releaseAppends();
    for (const one of [first, second]) expect(await one.refusal()).toMatchObject(FULL);
    await pauseOver(rig);
    const third = rig.send(child);
    store.letGo();
    await third.value();
    expect(rig.snapshot()).toBe(await storedState(rig));
    await rig.host.close();
    await store.close();
  });
});

/** The last of two appends that fail is heard of late, as from a thread that is busy. */
class LateStore extends MemoryStore {
  isNextRefusalLate = false;
  #last: Promise<unknown> = Promise.resolve();
  readonly #gate = Promise.withResolvers<void>();

  override async append(request: AppendRequest): Promise<void> {
    const before = this.#last;
    const appended = super.append(request);
    this.#last = appended.catch(() => undefined);
    try {
      await appended;
    } catch (error) {
      await before;
      if (this.isNextRefusalLate && this.#refused++ > 0) await this.#gate.promise;
      throw error;
    }
  }
  #refused = 0;

  letGo(): void {
    this.#gate.resolve();
  }
}

/** The next few appends fail, each when its turn comes. */
class UnluckyStore extends MemoryStore {
  failuresLeft = 0;

  override async append(request: AppendRequest): Promise<void> {
    if (this.failuresLeft > 0) {
      this.failuresLeft -= 1;
      this.failNextAppend();
    }
    return super.append(request);
  }
}

describe('JournaledKernel after a failed append: the world', () => {
  it('tells the exit of a process again, however often the append fails', async () => {
    const store = new UnluckyStore();
    const rig = await Rig.booted({ store });
    const child = await rig.spawn({ image: 'hold' });
    const exited = rig.durable('process.exited');
    store.failuresLeft = 3;
    rig.tell(exitOf(child));
    expect((await exited).body).toMatchObject({ pid: child, exitCode: 3, cause: 'crashed' });
    expect(store.failuresLeft).toBe(0);
    expect(rig.snapshot()).toBe(await storedState(rig));
    await rig.host.close();
    await store.close();
  });

  it('keeps facts in their order, those that came in the pause behind', async () => {
    await withRig(async (rig) => {
      const say = (message: string): void =>
        rig.tell({ fact: 'log', pid: pid(1), level: 'warn', message });
      rig.store.failNextAppend();
      say('one');
      say('two');
      await rig.host.settled();
      say('three');
      await pauseOver(rig);
      const said = rig.eventsOf('log.written').map(({ body }) => body.message);
      expect(said).toEqual(['one', 'two', 'three', 'after the pause']);
    });
  });

  it('hands out again what waits, and takes the acknowledgements of before', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn({ image: 'deaf' });
      const [first, second] = [rig.send(child), rig.send(child)];
      await rig.calm();
      const [one, two] = [(await first.value()).message, (await second.value()).message];
      const { delivered } = rig.runtime.agent(child);
      expect(delivered.map(({ message }) => message)).toEqual([one, two]);
      rig.store.failNextAppend();
      rig.send(child);
      rig.runtime.acknowledges(child, [{ message: one, status: 'accepted', reply: undefined }]);
      await rig.calm();
      await pauseOver(rig);
      expect(delivered.map(({ message }) => message)).toEqual([one, two, two]);
      expect((await rig.ask('list_inbox', { pid: child }).value()).total).toBe(1);
    });
  });

  it.each(['before', 'after'] as const)(
    'keeps the content of a reply that came %s the failure',
    async (when) => {
      await withRig(async (rig) => {
        const child = await rig.spawn({ image: 'deaf' });
        const asker = await rig.spawn({ image: 'deaf' });
        const sent = rig.send(child, {}, { pid: asker });
        await rig.calm();
        const { message } = await sent.value();
        const reply = (): void => {
          const content = rig.host.content(BIG);
          const acks = [{ message, status: 'accepted' as const, reply: content }];
          rig.tell({ fact: 'acked', pid: child, acks });
        };
        rig.store.failNextAppend();
        if (when === 'before') reply();
        else rig.send(child);
        await rig.host.settled();
        if (when === 'after') reply();
        await pauseOver(rig);
        const answer = rig.eventsOf('message.sent').find(({ body }) => body.type === 'reply');
        const bytes = await rig.store.getBlob(answer?.body.content.hash ?? '');
        expect(bytes).toEqual(BIG);
      });
    },
  );

  it('lets records decay that it has read again (P8)', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn({ image: 'hold' });
      rig.ask('kill', { pid: child, isRecursive: false, reason: 'normal', graceMs: 0 });
      await rig.calm();
      rig.store.failNextAppend();
      rig.ask('metric', { name: 'n', value: 1, labels: {} });
      await rig.host.settled();
      rig.time.advanceMs(2 * rig.settings.recordKeptMs);
      const removed = rig.durable('process.removed');
      await pauseOver(rig);
      expect((await removed).body.pid).toBe(child);
    });
  });
});

describe('JournaledKernel whose journal is lost', () => {
  it.each<{ code: ErrorCode; what: string }>([
    { code: 'fenced', what: 'tells it when another has the partition' },
  ])('$what', async ({ code }) => {
    await withRig(async (rig) => {
      const child = await rig.spawn({ image: 'hold' });
      const owed = rig.ask('execute_on', { pid: child, spec: taskSpec() });
      await rig.calm();
      rig.store.failNextAppend(code);
      expect(await rig.send(child).refusal()).toMatchObject({ code });
      expect(await owed.refusal()).toMatchObject({ code });
      expect(rig.fatal).toMatchObject([{ code }]);
      expect(await rig.send(child).refusal()).toMatchObject({ code: 'unavailable' });
      rig.tell(exitOf(child));
      await rig.host.settled();
    });
  });

  it('tells it when the kernel cannot be read again', async () => {
    const disk = new MemoryDisk();
    const rig = await Rig.booted({ store: new MemoryStore(disk) });
    rig.store.failNextAppend();
    disk.corruptFrame({ partition: 0, seq: 1 });
    const refused = rig.ask('spawn', spawnOrder({ image: 'echo' }));
    expect(await refused.refusal()).toMatchObject({ code: 'unavailable' });
    expect(rig.fatal).toMatchObject([{ code: 'unavailable', cause: { code: 'data_loss' } }]);
    await rig.host.close();
    await rig.store.close();
  });
});

describe('JournaledKernel.close() after a failed append', () => {
  it('resolves while the kernel is being read, and writes the facts that waited', async () => {
    const disk = new MemoryDisk();
    const rig = await Rig.booted({ store: new MemoryStore(disk) });
    const child = await rig.spawn({ image: 'hold' });
    rig.store.failNextAppend();
    rig.tell(exitOf(child));
    await turn();
    rig.host.content(BIG);
    await rig.host.close();
    expect(rig.eventsOf('process.exited')).toHaveLength(1);
    await rig.store.close();
  });
});

describe('JournaledKernel when the kernel throws', () => {
  it('undoes the pass, tells the fault, answers, and goes on', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn();
      const before = rig.snapshot();
      rig.send(child);
      const broken = rig.ask('send', undefined as never);
      expect(await broken.refusal()).toMatchObject({ code: 'internal' });
      await rig.host.settled();
      expect(rig.faults).toMatchObject([{ code: 'internal' }]);
      expect(rig.snapshot()).toBe(before);
      await pauseOver(rig);
      await rig.send(child).value();
      expect(rig.fatal).toEqual([]);
    });
  });

  it('lets what was under way land, and drops the fact that it threw on', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn();
      rig.store.holdAppends();
      const sent = rig.send(child);
      await turn();
      rig.tell({ fact: 'acked', pid: child, acks: undefined as never });
      rig.store.releaseAppends();
      await sent.value();
      await pauseOver(rig);
      expect(rig.faults).toHaveLength(1);
      expect(rig.snapshot()).toBe(await storedState(rig));
    });
  });
});

describe('JournaledKernel, content', () => {
  it('is readable at once, and in the store with the event that names it', async () => {
    await withRig(async (rig) => {
      rig.store.holdAppends();
      const content = rig.host.hashedContent(BIG);
      const stored = rig.ask('store', artifactOrder({ content }));
      expect(await rig.host.bytes(content)).toEqual(BIG);
      await turn();
      expect(await rig.host.bytes(content)).toEqual(BIG);
      rig.store.releaseAppends();
      await stored.value();
      expect(await rig.host.bytes(content)).toEqual(BIG);
      expect(await rig.store.getBlob(content.hash ?? '')).toEqual(BIG);
    });
  });

  it('of a refused call is not stored', async () => {
    await withRig(async (rig) => {
      const task = await rig.spawn({ role: 'task', tier: 'operational' });
      const content = rig.host.hashedContent(BIG);
      const refused = rig.ask('store', artifactOrder({ content }), { pid: task });
      expect(await refused.refusal()).toMatchObject({ code: 'permission_denied' });
      expect(await rig.store.getBlob(content.hash ?? '')).toBeUndefined();
      await expect(rig.host.bytes(content)).rejects.toMatchObject({ code: 'data_loss' });
    });
  });

  it('of few bytes stays inline', async () => {
    await withRig(async (rig) => {
      expect(textOf(rig.host.content(Buffer.from('hello')))).toBe('hello');
      await rig.calm();
    });
  });
});

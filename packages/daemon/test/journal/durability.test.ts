// D3 seen from outside: what leaves the journaled kernel, and when.

import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, asPid } from '@hivekernel/kernel';
import { MemoryStore, artifactOrder } from '@hivekernel/testkit';
import { JournaledKernel } from '../../src/journal/journaled-kernel.ts';
import { turn, withRig } from './kernel-ground.ts';

describe('JournaledKernel.call()', () => {
  it('keeps replies and effects back until their events are durable (D3)', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn({ image: 'deaf' });
      rig.left.length = 0;
      rig.store.holdAppends();
      const sent = [1, 2, 3].map(() => rig.send(child));
      await turn();
      expect(rig.store.appendsHeld).toBe(1);
      expect(rig.left).toEqual([]);
      rig.store.releaseAppends();
      await rig.calm();
      const ids = await Promise.all(sent.map((one) => one.value()));
      expect(ids).toHaveLength(3);
      expect(rig.left.filter((what) => what.startsWith('reply'))).toEqual([
        'reply 2',
        'reply 3',
        'reply 4',
      ]);
      expect(rig.left).toContain(`deliver ${child}`);
    });
  });

  it('makes one append of all that came in one turn', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn();
      rig.store.holdAppends();
      for (let i = 0; i < 100; i += 1) rig.send(child);
      await turn();
      expect(rig.store.appendsHeld).toBe(1);
      rig.store.releaseAppends();
      await rig.calm();
      expect(rig.eventsOf('message.sent')).toHaveLength(100);
    });
  });

  it('lets passes land in order, and lets the next one grow when four are under way', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn();
      rig.left.length = 0;
      rig.store.holdAppends();
      for (let i = 0; i < 9; i += 1) {
        rig.send(child);
        await turn();
      }
      expect(rig.store.appendsHeld).toBe(4);
      expect(rig.left).toEqual([]);
      rig.store.releaseAppends();
      await rig.calm();
      expect(rig.left).toEqual(Array.from({ length: 9 }, (_, i) => `reply ${i + 2}`));
      const seqs = rig.events.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    });
  });

  it('answers a log at once, without the disk', async () => {
    await withRig(async (rig) => {
      rig.store.holdAppends();
      const logged = rig.ask('log', { level: 'info', message: 'hello', fields: {} });
      expect(logged.isAnswered).toBe(true);
      rig.store.releaseAppends();
      await rig.calm();
      expect(rig.eventsOf('log.written')).toHaveLength(1);
    });
  });

  it('is refused after the close', async () => {
    await withRig(async (rig) => {
      await rig.host.close();
      const late = rig.ask('info', { pid: asPid(0) });
      expect(await late.refusal()).toMatchObject({ code: 'unavailable' });
    });
  });
});

describe('JournaledKernel, the read gate', () => {
  it('lets a read wait for what another wrote until that is durable', async () => {
    await withRig(async (rig) => {
      const [writer, reader] = [await rig.spawn(), await rig.spawn()];
      rig.store.holdAppends();
      const order = artifactOrder({ visibility: 'global' });
      const stored = rig.ask('store', order, { pid: writer });
      const wish = { by: { key: order.key }, version: 0 };
      const own = rig.ask('get_artifact', wish, { pid: writer });
      const others = rig.ask('get_artifact', wish, { pid: reader });
      expect(own.isAnswered).toBe(true);
      await turn();
      const later = rig.ask('get_artifact', wish, { pid: reader });
      await turn();
      expect([stored, others, later].map((one) => one.isAnswered)).toEqual([false, false, false]);
      rig.store.releaseAppends();
      expect((await others.value())?.record.key).toBe(order.key);
      expect((await later.value())?.record.key).toBe(order.key);
    });
  });

  it('lets a read of what is durable pass while others write', async () => {
    await withRig(async (rig) => {
      const [quiet, busy] = [await rig.spawn(), await rig.spawn()];
      rig.store.holdAppends();
      rig.send(busy);
      await turn();
      expect(rig.ask('info', { pid: quiet }).isAnswered).toBe(true);
      expect(rig.ask('info', { pid: busy }).isAnswered).toBe(true);
    });
  });

  it('makes operators strangers to each other, since they share a pid', async () => {
    await withRig(async (rig) => {
      rig.store.holdAppends();
      rig.ask('store', artifactOrder(), { isOperator: true });
      const wish = { by: { key: 'report' }, version: 0 };
      const read = rig.ask('get_artifact', wish, { isOperator: true });
      await turn();
      expect(read.isAnswered).toBe(false);
      rig.store.releaseAppends();
      await read.value();
    });
  });
});

describe('JournaledKernel, observers', () => {
  it('hears of progress at once, and of events once they are durable', async () => {
    await withRig(async (rig) => {
      const heard: string[] = [];
      const off = rig.host.onObservation(({ type }) => heard.push(type));
      rig.store.holdAppends();
      const before = rig.events.length;
      rig.ask('log', { level: 'info', message: 'hello', fields: {} });
      rig.ask('progress', { message: 'half', percent: 50, quietMs: 0 });
      await turn();
      expect(heard).toEqual(['progress']);
      expect(rig.events).toHaveLength(before);
      rig.store.releaseAppends();
      await rig.calm();
      expect(rig.events.at(-1)?.kind).toBe('log.written');
      off();
      rig.host.observe({ type: 'progress', pid: 1, task: 0, message: '', percent: 1 });
      expect(heard).toHaveLength(1);
    });
  });
});

describe('JournaledKernel.close()', () => {
  it('waits for what was taken, takes no more, and is the same a second time', async () => {
    await withRig(async (rig) => {
      const child = await rig.spawn();
      rig.store.holdAppends();
      const taken = rig.send(child);
      const closes = [rig.host.close(), rig.host.close()];
      let isClosed = false;
      void closes[0]?.then(() => {
        isClosed = true;
      });
      const late = rig.send(child);
      expect(await late.refusal()).toMatchObject({ code: 'unavailable' });
      await turn();
      expect([taken.isAnswered, isClosed]).toEqual([false, false]);
      rig.store.releaseAppends();
      await Promise.all([...closes, rig.host.close()]);
      await taken.value();
    });
  });
});

describe('JournaledKernel.start()', () => {
  it('tells what the world reported before it', async () => {
    const store = new MemoryStore();
    const onFatal = (): void => undefined;
    const host = await JournaledKernel.open({ store, settings: DEFAULT_SETTINGS, onFatal });
    host.fact({ fact: 'booted', version: 'test', bootId: 'boot' });
    await host.settled();
    expect(host.durableSeq).toBe(0);
    const nothing = (): void => undefined;
    host.start({
      start: nothing,
      stop: nothing,
      execute: nothing,
      interrupt: nothing,
      deliver: nothing,
      pause: nothing,
      resume: nothing,
      dump: nothing,
    });
    await host.settled();
    expect(host.durableSeq).toBe(5);
    await host.close();
    await store.close();
  });
});

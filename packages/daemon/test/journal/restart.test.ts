// A kernel that comes back: what it knows, what it goes on with, and what time it believes it is.

import type { Event, Store } from '@hivekernel/kernel';
import { MemoryDisk, MemoryStore, VirtualTime, artifactOrder } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { PLACES, Rig, pid, type Place } from './kernel-ground.ts';

const LONG = `long text ${'ä'.repeat(50_000)}`;
const MINUTE_MS = 60_000;

/** Closes it cleanly and opens another in its place; agents of the first are gone. */
async function restarted(rig: Rig, place: Place): Promise<Rig> {
  await rig.host.close();
  await rig.store.close();
  return Rig.open({ store: await place.open(), time: rig.time });
}

async function ended(rig: Rig): Promise<void> {
  await rig.host.close();
  await rig.store.close();
}

const boot = (rig: Rig): void =>
  rig.tell({ fact: 'booted', version: 'test', bootId: 'boot-again' });

async function allEvents(rig: Rig, afterSeq = 0): Promise<Event[]> {
  const events: Event[] = [];
  for await (const some of rig.host.read({ afterSeq })) events.push(...some);
  return events;
}

async function storedText(store: Store): Promise<string> {
  let text = '';
  for await (const some of store.read({ partition: 0, afterSeq: 0 })) text += JSON.stringify(some);
  return text;
}

describe.each(PLACES)('JournaledKernel over $name', ({ at }) => {
  it('comes back with the state that it had', async () => {
    await at(async (place) => {
      const rig = await Rig.booted({ store: await place.open() });
      const lead = await rig.spawn({ image: 'deaf', systemPrompt: LONG });
      await rig.spawn({ image: 'hold', initialTask: LONG }, { pid: lead });
      rig.send(lead, { ttlMs: MINUTE_MS, requiresAck: true });
      const content = rig.host.hashedContent(Buffer.from(LONG));
      rig.ask('store', artifactOrder({ content }), { pid: lead });
      await rig.calm();
      const before = rig.snapshot();
      const again = await restarted(rig, place);
      expect(again.snapshot()).toBe(before);
      expect(Buffer.from(await again.host.bytes(content)).toString()).toBe(LONG);
      await ended(again);
    });
  });

  it('never has a long text inside a stored event, and reads it back as it was', async () => {
    await at(async (place) => {
      const rig = await Rig.booted({ store: await place.open() });
      const child = await rig.spawn({ systemPrompt: LONG, env: { $text: 'a', long: LONG } });
      rig.ask('log', { level: 'info', message: LONG, fields: { k: LONG } }, { pid: child });
      await rig.calm();
      expect(await storedText(rig.store)).not.toContain('ä'.repeat(5_000));
      expect(await allEvents(rig)).toEqual(rig.events);
      await ended(rig);
    });
  });

  it('marks what ran as ended with the kernel, and gives no pid twice (P1)', async () => {
    await at(async (place) => {
      const rig = await Rig.booted({ store: await place.open() });
      const running = await rig.spawn({ image: 'hold' });
      const virtual = await rig.spawn();
      const again = await restarted(rig, place);
      boot(again);
      await again.calm();
      const view = await again.ask('info', { pid: running }).value();
      expect(view.exit).toMatchObject({ cause: 'kernel_died' });
      expect((await again.ask('info', { pid: virtual }).value()).state).toBe('idle');
      expect(await again.spawn()).toBe(virtual + 1);
      await ended(again);
    });
  });

  it('reads from any seq, and up to one', async () => {
    await at(async (place) => {
      const rig = await Rig.booted({ store: await place.open() });
      await rig.spawn();
      expect(await allEvents(rig, 2)).toEqual(rig.events.slice(2));
      for await (const some of rig.host.read({ afterSeq: 1, toSeq: 2 })) {
        expect(some).toEqual(rig.events.slice(1, 2));
      }
      await ended(rig);
    });
  });

  it('lets a time to live go on where it was, the time in between included (M7)', async () => {
    await at(async (place) => {
      const rig = await Rig.booted({ store: await place.open() });
      const child = await rig.spawn();
      rig.send(child, { ttlMs: MINUTE_MS, requiresAck: true });
      await rig.calm();
      rig.time.advanceMs(20_000);
      const again = await restarted(rig, place);
      again.time.advanceMs(20_000);
      boot(again);
      await again.calm();
      expect((await again.ask('list_inbox', { pid: child }).value()).total).toBe(1);
      again.time.advanceMs(20_001);
      const dropped = again.durable('message.dropped');
      await again.ask('info', { pid: child }).value();
      expect((await dropped).body).toMatchObject({ pid: child, why: 'expired' });
      await ended(again);
    });
  });
});

describe('JournaledKernel, its timer', () => {
  it('fires by itself after the start what became due while it was down', async () => {
    const disk = new MemoryDisk();
    const time = new VirtualTime();
    const rig = await Rig.booted({ store: new MemoryStore(disk), time });
    const child = await rig.spawn();
    rig.send(child, { ttlMs: MINUTE_MS });
    await rig.calm();
    await ended(rig);
    time.advanceMs(2 * MINUTE_MS);
    const again = await Rig.open({ store: new MemoryStore(disk), time });
    expect((await again.durable('message.dropped')).body.why).toBe('expired');
    await ended(again);
  });

  it('sleeps no longer than the next deadline', async () => {
    const rig = await Rig.booted({ store: new MemoryStore() });
    const child = await rig.spawn();
    rig.send(child, { ttlMs: 1 });
    await rig.calm();
    rig.time.advanceMs(5);
    expect((await rig.durable('message.dropped')).monoMs).toBe(5);
    await ended(rig);
  });

  it('fires nothing in the pause after a failed append, and then what was due', async () => {
    const rig = await Rig.booted({ store: new MemoryStore() });
    const child = await rig.spawn();
    rig.send(child, { ttlMs: MINUTE_MS });
    await rig.calm();
    rig.store.failNextAppend();
    rig.tell({ fact: 'log', pid: pid(1), level: 'warn', message: '' });
    await rig.host.settled();
    rig.time.advanceMs(2 * MINUTE_MS);
    const dropped = rig.durable('message.dropped');
    await rig.ask('info', { pid: child }).value();
    await rig.host.settled();
    expect(rig.eventsOf('message.dropped')).toEqual([]);
    await dropped;
    await ended(rig);
  });
});

import { LIMITS } from '@hivekernel/kernel';
import { describe, expect, it } from 'vitest';
import { ContentDesk } from './content-desk.ts';

const MAX = LIMITS.inlineContentBytesMax;
const SMALL = new Uint8Array(MAX).fill(1);
const LARGE = new Uint8Array(MAX + 1).fill(2);
const NOTHING = async (): Promise<undefined> => undefined;

describe('ContentDesk.take()', () => {
  it('gives small bytes inline and large ones by hash', async () => {
    const desk = new ContentDesk(NOTHING);
    const [small, large] = [desk.take(SMALL), desk.take(LARGE)];
    expect([small.bytes, small.hash]).toEqual([MAX, undefined]);
    expect([large.bytes, large.inline]).toEqual([MAX + 1, undefined]);
    expect(large.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(Buffer.compare(await desk.bytes(small), SMALL)).toBe(0);
    expect(await desk.bytes(large)).toBe(LARGE);
  });

  it('hashes artifacts of any size, and keeps only large ones aside (M12)', () => {
    const desk = new ContentDesk(NOTHING);
    const small = desk.takeHashed(SMALL);
    expect(small.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(desk.find(small.hash ?? '')).toBeUndefined();
    expect(desk.find(desk.takeHashed(LARGE).hash ?? '')?.bytes).toBe(LARGE);
  });
});

describe('ContentDesk.launch()', () => {
  it('keeps what it gives readable until every flight with it has landed', () => {
    const desk = new ContentDesk(NOTHING);
    const { hash = '' } = desk.take(LARGE);
    const first = desk.launch();
    expect([...first.keys()]).toEqual([hash]);
    desk.take(LARGE);
    const second = desk.launch();
    desk.landed(first);
    expect(desk.find(hash)?.bytes).toBe(LARGE);
    desk.landed(second);
    expect(desk.find(hash)).toBeUndefined();
    expect(desk.launch().size).toBe(0);
  });

  it('gives again what was put back', () => {
    const desk = new ContentDesk(NOTHING);
    const { hash = '' } = desk.take(LARGE);
    const failed = desk.launch();
    desk.landed(failed);
    desk.restage([...failed.values()]);
    expect([...desk.launch().keys()]).toEqual([hash]);
  });
});

describe('ContentDesk.bytes()', () => {
  it('asks the store for what has landed, and says data_loss where that has it not', async () => {
    const desk = new ContentDesk(async (hash) => (hash === 'there' ? LARGE : undefined));
    expect(await desk.bytes({ bytes: LARGE.length, hash: 'there' })).toBe(LARGE);
    const gone = desk.bytes({ bytes: 1, hash: 'gone' });
    await expect(gone).rejects.toMatchObject({ code: 'data_loss' });
  });
});

describe('ContentDesk.takeHashed() of what is given away', () => {
  const HUGE = new Uint8Array(256 * 1024).fill(3);
  const give = (desk: ContentDesk) => desk.takeHashed(HUGE, { isGivenAway: true });

  it('keeps a copy that fills its memory, which the append may take', () => {
    const desk = new ContentDesk(NOTHING);
    const { hash = '' } = give(desk);
    give(desk);
    const blob = desk.launch().get(hash);
    expect(blob).toMatchObject({ isGivenAway: true });
    expect(blob?.bytes).not.toBe(HUGE);
    expect(blob?.bytes.buffer.byteLength).toBe(HUGE.length);
  });

  it('keeps a small one, and one that somebody else needs, as ever', () => {
    const desk = new ContentDesk(NOTHING);
    desk.takeHashed(LARGE, { isGivenAway: true });
    desk.takeHashed(HUGE);
    give(desk);
    const other = new ContentDesk(NOTHING);
    give(other);
    other.takeHashed(HUGE);
    const kept = [...desk.launch().values(), ...other.launch().values()];
    expect(kept.map(({ isGivenAway }) => isGivenAway)).toEqual([undefined, undefined, undefined]);
  });

  it('gives it back from the store once it has landed, and not before', async () => {
    const store = new Map<string, Uint8Array>();
    const desk = new ContentDesk(async (hash) => store.get(hash));
    const content = give(desk);
    const read = Promise.all([desk.bytes(content), desk.bytes(content)]);
    const blobs = desk.launch();
    for (const { bytes } of blobs.values())
      structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
    store.set(content.hash ?? '', HUGE);
    desk.landed(blobs);
    expect(await read).toEqual([HUGE, HUGE]);
  });
});

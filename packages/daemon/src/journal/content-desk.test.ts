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

import { asMessageId, asPid, type Blob, type Content, type Fact } from '@hivekernel/kernel';
import { describe, expect, it } from 'vitest';
import { WaitingFacts } from './waiting-facts.ts';

const pid = asPid(7);
const content: Content = { bytes: 9_000, hash: 'aa' };
const blob: Blob = { hash: 'aa', bytes: new Uint8Array(1) };
const find = (hash: string): Blob | undefined => (hash === 'aa' ? blob : undefined);

const to = { channel: 'test', pid, id: 1 };
const status = 'accepted' as const;
const READY: Fact = { fact: 'ready', pid, incarnation: 1 };
const progress = (quietMs: number): Fact => ({ fact: 'progressed', pid, quietMs });

describe('WaitingFacts', () => {
  it.each<Fact>([
    { fact: 'acked', pid, acks: [{ message: asMessageId(1), status, reply: content }] },
    { fact: 'checkpointed', pid, incarnation: 1, content },
    { fact: 'dumped', to, pid, key: 'k', content },
  ])('keeps the content of $fact', (fact) => {
    const waiting = new WaitingFacts();
    waiting.add(fact, find);
    waiting.putBack([fact], find);
    expect(waiting.takeAll()).toEqual([
      { fact, blobs: [blob] },
      { fact, blobs: [blob] },
    ]);
    expect(waiting.takeAll()).toEqual([]);
  });

  it('keeps nothing of content that is inline, or is there already', () => {
    const waiting = new WaitingFacts();
    const inline: Content = { bytes: 1, inline: 'aQ==', hash: 'bb' };
    waiting.add({ fact: 'dumped', to, pid, key: 'k', content: inline }, find);
    waiting.add({ fact: 'checkpointed', pid, incarnation: 1, content: { ...inline } }, find);
    expect(waiting.takeAll().flatMap(({ blobs }) => blobs)).toEqual([]);
  });

  it('keeps the newest progress of a process, and every other fact in order (S6)', () => {
    const waiting = new WaitingFacts();
    for (const quietMs of [5, 6]) waiting.add(progress(quietMs), find);
    waiting.add(READY, find);
    waiting.putBack([progress(1), { ...READY, incarnation: 0 }, progress(2)], find);
    expect(waiting.count).toBe(2);
    expect(waiting.takeAll().map(({ fact }) => fact)).toEqual([
      { ...READY, incarnation: 0 },
      READY,
      progress(6),
    ]);
    waiting.putBack([progress(1), progress(2)], find);
    expect(waiting.takeAll().map(({ fact }) => fact)).toEqual([progress(2)]);
  });
});

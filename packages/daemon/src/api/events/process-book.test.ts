import { describe, expect, it } from 'vitest';
import { asPid } from '@hivekernel/kernel';
import type { BodyOf, Event, EventKind, ProcessView } from '@hivekernel/kernel';
import { PROCESS_VIEW } from '../wire/testing/process-view.ts';
import { ProcessBook } from './process-book.ts';

function eventOf<K extends EventKind>(seq: number, kind: K, body: BodyOf<K>): Event {
  return { seq, wallMs: 0, monoMs: 0, kind, v: 1, by: 1, body } as unknown as Event;
}

const moved = (seq: number, pid: number, to: number): Event =>
  eventOf(seq, 'process.reparented', { pid: asPid(pid), from: asPid(0), to: asPid(to) });

const born = (seq: number, pid: number, parent: number): Event => {
  const body = { pid, parent, address: '', spec: { name: `p${pid}` }, owed: null };
  return eventOf(seq, 'process.spawned', body as unknown as BodyOf<'process.spawned'>);
};

type HostOfBook = ConstructorParameters<typeof ProcessBook>[0]['host'];
type Listener = (events: readonly Event[]) => void;

/** A kernel at seq 10 with these children and parents; `during` happens while it lists them. */
function hostOf(tree: Readonly<Record<number, number>>, during: readonly Event[] = []) {
  const listeners = new Set<Listener>();
  const tell: Listener = (events) => listeners.forEach((listener) => listener(events));
  const views = Object.entries(tree).map(([pid, ppid]): ProcessView => {
    return { ...PROCESS_VIEW, pid: asPid(Number(pid)), ppid: asPid(ppid), name: `p${pid}` };
  });
  const host: HostOfBook = {
    durableSeq: 10,
    call: (_, answer) => {
      tell(during);
      answer({ ok: true, value: views });
    },
    onDurable: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return { host, tell };
}

async function bookOf(...ground: Parameters<typeof hostOf>) {
  const { host, tell } = hostOf(...ground);
  const book = new ProcessBook({ host });
  await book.open();
  return { book, tell };
}

const TREE = { 1: 0, 2: 1, 3: 1, 4: 2, 5: 4 };

describe('ProcessBook.isWithin()', () => {
  it('follows a move, with all below it (P11)', async () => {
    const { book, tell } = await bookOf(TREE);
    expect([book.isWithin(5, 2), book.isWithin(5, 3)]).toEqual([true, false]);
    tell([moved(11, 4, 3)]);
    expect([book.isWithin(5, 2), book.isWithin(5, 3), book.isWithin(5, 1)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('knows a child that is older than its parent', async () => {
    const { book } = await bookOf({ 1: 0, 2: 9, 9: 1 });
    expect([book.isWithin(2, 9), book.isWithin(2, 1), book.isWithin(9, 2)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is not moved back by an older event that somebody reads again', async () => {
    const { book, tell } = await bookOf(TREE);
    book.note(moved(9, 4, 3));
    expect(book.isWithin(4, 2)).toBe(true);
    tell([moved(11, 4, 3), moved(12, 4, 1)]);
    book.note(moved(11, 4, 3));
    expect(book.isWithin(4, 3)).toBe(false);
  });

  it('misses no move that happens while it reads who is there', async () => {
    const { book } = await bookOf(TREE, [moved(11, 4, 3), born(12, 6, 4)]);
    expect([book.isWithin(5, 3), book.isWithin(6, 3), book.nameOf(6)]).toEqual([true, true, 'p6']);
  });

  it('ends where parents of different times make a ring', async () => {
    const { book, tell } = await bookOf({ 1: 0, 2: 1, 3: 2 });
    tell([moved(11, 2, 3)]);
    expect([book.isWithin(3, 1), book.isWithin(3, 2)]).toEqual([false, true]);
  });

  it('follows a line that is longer than a tree may be deep at one time', async () => {
    const { book, tell } = await bookOf({ 1: 0 });
    const count = 5_000;
    tell(Array.from({ length: count }, (_, i) => born(11 + i, i + 2, i + 1)));
    expect(book.isWithin(count + 1, 1)).toBe(true);
  });
});

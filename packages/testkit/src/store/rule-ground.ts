// What the rules of the store suite stand on: the place of a store, an open store, and the events
// that the rules write. Not a rule itself.

import type { AppendRequest, Lease, Store, StoredEvent } from '@hivekernel/kernel';

/** One place where a store keeps its data; outlives the stores opened on it. */
export interface StoreHarness {
  /** One at a time: a second while one is open rejects with `conflict`. */
  open(): Promise<Store>;
  /** Damages the record that holds an event; no store is open meanwhile. */
  corruptFrame(at: { partition: number; seq: number }): Promise<void>;
  corruptSnapshot(at: { partition: number; seq: number }): Promise<void>;
  remove(): Promise<void>;
}

export interface OpenStore {
  readonly store: Store;
  readonly lease: Lease;
  /** Closes the store, lets `meanwhile` touch its place, opens it again. */
  reopen(meanwhile?: (harness: StoreHarness) => Promise<void>): Promise<OpenStore>;
}

/** Runs a rule on a store of its own that has acquired partition 1. */
export type WithStore = (rule: (open: OpenStore) => Promise<void>) => () => Promise<void>;

/** An event with a body, as the kernel would write it. */
export interface NoteEvent extends StoredEvent {
  readonly text: string;
}

/** The event that these rules write at a seq; a minute of wall time apart. */
export const noteAt = (seq: number, text = `note ${seq}`): NoteEvent => ({
  seq,
  wallMs: seq * 60_000,
  monoMs: seq * 10,
  kind: 'note.taken',
  v: 1,
  text,
});

/** An append of events `from` to `to` under a lease. */
export const appendOf = (lease: Lease, from: number, to = from): AppendRequest => ({
  partition: lease.partition,
  epoch: lease.epoch,
  events: Array.from({ length: to - from + 1 }, (_, i) => noteAt(from + i)),
});

/** Everything that `read` gives, in one list. */
export async function readAll(
  store: Store,
  request: { partition: number; afterSeq: number; toSeq?: number },
): Promise<readonly StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const batch of store.read(request)) events.push(...batch);
  return events;
}

export const seqsFrom = (first: number, last: number): readonly number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);

/** SHA-256 in lower-case hex, as `Blob.hash` wants it. */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(bytes));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

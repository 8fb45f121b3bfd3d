// The snapshot follower: takes a snapshot when enough has happened since the last one, and then
// lets go what retention allows. The state comes from a fold beside the kernel, so that the kernel
// never pauses (D3); writing goes through the store, in short pieces.
//   One run at a time, then a rest: a busy journal does not make it run without end.
//   Nothing that fails here is fatal: it is told, and tried again later; the journal is whole.
//   While storage is low no snapshot is taken: the room is for what cannot be refused.
//   liveHashes are of a seq that is durable; whatever comes later comes with its content.

import { KernelError, type KernelSettings, type Store } from '@hivekernel/kernel';
import type { Host } from './host.ts';
import { foldInThread, type Fold, type FoldedState } from './snapshot-folding.ts';

export interface SnapshotFollowerOptions {
  readonly store: Store;
  /** The data directory of the journal. */
  readonly dir: string;
  readonly settings: KernelSettings;
  readonly partition: number;
  /** Under which the partition is held: `JournaledKernel.lease.epoch`. */
  readonly epoch: number;
  readonly host: Pick<Host, 'onDurable'>;
  /** A snapshot is due after this many events, */
  readonly everyEvents: number;
  /** or after this time, if anything happened. */
  readonly everyMs: number;
  readonly keepMs: number;
  readonly keepBytes: number;
  /** Told of each run that failed; of full storage once until there is room again. */
  readonly onError: (error: Error) => void;
  /** Told after each run that saved one, or found that the newest is up to date. */
  readonly onSaved?: (at: { seq: number }) => void;
  /** How the journal is folded; default in a thread of its own. */
  readonly fold?: Fold;
}

const PACE = {
  /** From a run that failed to the next. */
  retryMs: 30_000,
  /** A run of one second is followed by so many seconds without one. */
  restRatio: 4,
  /** Longer than any fold takes; a thread that hangs is ended. */
  foldMsMax: 600_000,
  /** For the step under way when it is stopped. */
  stopMs: 5_000,
} as const;

export class SnapshotFollower {
  readonly #options: SnapshotFollowerOptions;
  readonly #fold: Fold;
  #off: (() => void) | undefined;
  #abort = new AbortController();
  #run: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;
  /** Events that no snapshot holds, as far as is known. */
  #events = 0;
  #dueMs = 0;
  #restUntilMs = 0;
  #hasToldFull = false;

  constructor(options: SnapshotFollowerOptions) {
    this.#options = options;
    this.#fold = options.fold ?? foldInThread;
  }

  /** Begins to follow. A second call changes nothing; after a stop it begins again. */
  start(): void {
    if (this.#off !== undefined) return;
    this.#abort = new AbortController();
    this.#off = this.#options.host.onDurable((events) => this.#note(events.length));
    void this.#noteOld(this.#abort.signal); // never rejects
  }

  /** Calls off the run under way; resolves when nothing more is done, at last after a deadline. */
  async stop(): Promise<void> {
    this.#off?.();
    this.#off = undefined;
    this.#disarm();
    this.#abort.abort();
    if (this.#run === undefined) return;
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(deadline.resolve, PACE.stopMs);
    await Promise.race([this.#run, deadline.promise]);
    clearTimeout(timer);
  }

  /**
   * A snapshot of what is durable now, before a clean stop; retention waits for the next run. Never
   * rejects: trouble is told.
   */
  async snapshotNow(): Promise<void> {
    while (this.#run !== undefined) await this.#run;
    const isUpToDate = this.#off !== undefined && this.#events === 0;
    if (!isUpToDate) await this.#begin({ retains: false });
  }

  #note(count: number): void {
    if (count === 0) return;
    const nowMs = performance.now();
    const { everyEvents, everyMs } = this.#options;
    if (this.#events === 0) this.#dueMs = nowMs + everyMs;
    this.#events += count;
    if (this.#events >= everyEvents) this.#dueMs = Math.min(this.#dueMs, nowMs);
    this.#arm();
  }

  /** What an earlier daemon left without a snapshot. */
  async #noteOld(signal: AbortSignal): Promise<void> {
    const { store, partition, onError } = this.#options;
    try {
      const { lastSeq, snapshotSeqs } = await store.stats({ partition });
      if (!signal.aborted) this.#note(lastSeq - (snapshotSeqs.at(-1) ?? 0));
    } catch (error) {
      if (!signal.aborted) onError(asError(error));
    }
  }

  #arm(): void {
    if (this.#off === undefined || this.#run !== undefined || this.#events === 0) return;
    const atMs = Math.max(this.#dueMs, this.#restUntilMs);
    if (this.#timerAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    const waitMs = Math.max(0, atMs - performance.now());
    this.#timer = setTimeout(() => void this.#begin({ retains: true }), waitMs);
    this.#timer.unref();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = Infinity;
  }

  /** One run, or the one that is under way. Never rejects. */
  #begin(how: { retains: boolean }): Promise<void> {
    this.#disarm();
    this.#run ??= this.#runOnce(how).finally(() => {
      this.#run = undefined;
      this.#arm();
    });
    return this.#run;
  }

  async #runOnce(how: { retains: boolean }): Promise<void> {
    const { signal } = this.#abort;
    const counted = this.#events;
    this.#events = 0;
    const startedMs = performance.now();
    try {
      await this.#refuseWhenLow();
      const seq = await this.#foldAndSave(how, signal);
      const endedMs = performance.now();
      this.#restUntilMs = endedMs + (endedMs - startedMs) * PACE.restRatio;
      this.#hasToldFull = false;
      this.#options.onSaved?.({ seq });
    } catch (error) {
      this.#events += counted;
      this.#restUntilMs = performance.now() + PACE.retryMs;
      if (!signal.aborted) this.#tell(error);
    }
  }

  async #refuseWhenLow(): Promise<void> {
    const { store, partition } = this.#options;
    const { isLow } = await store.stats({ partition });
    if (!isLow) return;
    throw new KernelError('storage_full', 'Storage is low: snapshots wait until there is room.');
  }

  /** Gives the seq of the state. */
  async #foldAndSave(how: { retains: boolean }, signal: AbortSignal): Promise<number> {
    const { dir, partition, settings } = this.#options;
    const within = AbortSignal.any([signal, AbortSignal.timeout(PACE.foldMsMax)]);
    const state = await this.#fold({ dir, partition, settings }, within);
    try {
      await this.#save(state);
    } finally {
      await state.end();
    }
    signal.throwIfAborted();
    if (how.retains) await this.#retain(state);
    return state.seq;
  }

  async #save({ seq, v, parts }: FoldedState): Promise<void> {
    if (parts === undefined) return;
    const { store, partition, epoch } = this.#options;
    await store.saveSnapshot({ epoch, snapshot: { partition, seq, v, body: parts } });
  }

  async #retain({ liveHashes }: FoldedState): Promise<void> {
    const { store, partition, keepMs, keepBytes } = this.#options;
    const policy = { nowWallMs: Date.now(), keepMs, keepBytes, liveHashes: new Set(liveHashes) };
    await store.retain({ partition, policy });
  }

  #tell(error: unknown): void {
    const isFull = error instanceof KernelError && error.code === 'storage_full';
    if (isFull && this.#hasToldFull) return;
    this.#hasToldFull = isFull;
    this.#options.onError(asError(error));
  }
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));

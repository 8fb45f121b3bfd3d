// Folding the journal somewhere else than in the kernel's thread: the port, and the thread behind
// it on one machine. What is done with the state is the follower's business.
//   The text of a large state comes part by part, so that taking it holds nobody up.

import { KernelError, assert, type KernelSettings } from '@hivekernel/kernel';
import { Worker } from 'node:worker_threads';
import type { Failure } from './sqlite/failure.ts';

export interface FoldAsk {
  /** The data directory of the journal. */
  readonly dir: string;
  readonly partition: number;
  readonly settings: KernelSettings;
}

export interface FoldedState {
  readonly seq: number;
  readonly v: number;
  /** Content that the state at `seq` refers to. */
  readonly liveHashes: readonly string[];
  /** The snapshot's text, to be read once; undefined when the newest is at this very seq. */
  readonly parts: AsyncIterable<string> | undefined;
  /** Gives back what it holds. */
  end(): Promise<void>;
}

/**
 * Rejects with a `KernelError`, and with `cancelled` soon after the signal is aborted; so do its
 * parts.
 */
export type Fold = (ask: FoldAsk, signal: AbortSignal) => Promise<FoldedState>;

/** What the thread is asked, one thing at a time. */
export type FoldCall = 'fold' | 'part';

/** What it answers. */
export type FoldNews =
  | {
      readonly kind: 'folded';
      readonly seq: number;
      readonly v: number;
      readonly liveHashes: readonly string[];
      readonly isNew: boolean;
    }
  /** Undefined after the last one. */
  | { readonly kind: 'part'; readonly text: string | undefined }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Sources run as they are here, and as JavaScript when packed. */
const SCRIPT = import.meta.url.endsWith('.ts')
  ? new URL('./snapshot-worker.ts', import.meta.url)
  : new URL('./snapshot-worker.js', import.meta.url);

/** A thread that lives for this one run, and gives its memory back. */
export const foldInThread: Fold = async (ask, signal) => {
  const thread = new FoldThread(ask, signal);
  try {
    const news = await thread.ask('fold');
    assert(news.kind === 'folded', 'the thread answers what it was asked');
    const { seq, v, liveHashes, isNew } = news;
    const parts = isNew ? partsFrom(thread) : undefined;
    return { seq, v, liveHashes, parts, end: () => thread.end() };
  } catch (error) {
    await thread.end();
    throw error;
  }
};

async function* partsFrom(thread: FoldThread): AsyncGenerator<string, void, void> {
  for (;;) {
    const news = await thread.ask('part');
    assert(news.kind === 'part', 'the thread answers what it was asked');
    if (news.text === undefined) return;
    yield news.text;
  }
}

class FoldThread {
  readonly #worker: Worker;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.#lose(cancelled());
  #gone: KernelError | undefined;
  #owed: PromiseWithResolvers<FoldNews> | undefined;

  constructor(ask: FoldAsk, signal: AbortSignal) {
    this.#signal = signal;
    this.#worker = new Worker(SCRIPT, { name: 'journal-fold', workerData: ask, execArgv: [] });
    this.#worker.on('message', (news: FoldNews) => this.#owed?.resolve(news));
    this.#worker.on('error', (cause) => this.#lose(endedByItself(cause)));
    this.#worker.on('exit', () => this.#lose(endedByItself(undefined)));
    if (signal.aborted) this.#lose(cancelled());
    else signal.addEventListener('abort', this.#onAbort);
  }

  /** One at a time. Rejects with what the thread failed with, or that it is gone. */
  async ask(call: FoldCall): Promise<Exclude<FoldNews, { kind: 'failed' }>> {
    if (this.#gone !== undefined) throw this.#gone;
    this.#owed = Promise.withResolvers<FoldNews>();
    this.#worker.postMessage(call);
    const news = await this.#owed.promise;
    if (news.kind !== 'failed') return news;
    const { code, message, details = {} } = news.failure;
    throw new KernelError(code, message, { details });
  }

  async end(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#gone ??= cancelled();
    await this.#worker.terminate();
  }

  #lose(error: KernelError): void {
    this.#gone ??= error;
    this.#owed?.reject(this.#gone);
  }
}

const cancelled = (): KernelError => new KernelError('cancelled', 'The fold was called off.');

const endedByItself = (cause: unknown): KernelError =>
  new KernelError('unavailable', 'The thread that folds the journal ended by itself.', { cause });

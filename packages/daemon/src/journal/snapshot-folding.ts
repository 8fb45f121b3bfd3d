// Folding the journal somewhere else than in the kernel's thread: the port, and the thread behind
// it on one machine. What is done with the state is the follower's business.

import { KernelError, type KernelSettings } from '@hivekernel/kernel';
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
  /** The snapshot's text; undefined when the newest snapshot in the store is at this very seq. */
  readonly body: string | undefined;
  /** Content that the state at `seq` refers to. */
  readonly liveHashes: readonly string[];
}

/** Rejects with a `KernelError`, and with `cancelled` soon after the signal is aborted. */
export type Fold = (ask: FoldAsk, signal: AbortSignal) => Promise<FoldedState>;

/** What the thread says, once. */
export type FoldNews =
  | { readonly kind: 'folded'; readonly state: FoldedState }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Sources run as they are here, and as JavaScript when packed. */
const SCRIPT = import.meta.url.endsWith('.ts')
  ? new URL('./snapshot-worker.ts', import.meta.url)
  : new URL('./snapshot-worker.js', import.meta.url);

/** A thread that lives for this one run, and gives its memory back. */
export const foldInThread: Fold = async (ask, signal) => {
  if (signal.aborted) throw cancelled();
  const worker = new Worker(SCRIPT, { name: 'journal-fold', workerData: ask, execArgv: [] });
  const said = Promise.withResolvers<FoldNews>();
  const onAbort = (): void => said.reject(cancelled());
  signal.addEventListener('abort', onAbort);
  worker.on('message', said.resolve);
  worker.on('error', (cause) => said.reject(endedBy(cause)));
  worker.on('exit', () => said.reject(endedBy(undefined)));
  try {
    const news = await said.promise;
    if (news.kind === 'folded') return news.state;
    const { code, message, details = {} } = news.failure;
    throw new KernelError(code, message, { details });
  } finally {
    signal.removeEventListener('abort', onAbort);
    await worker.terminate();
  }
};

const cancelled = (): KernelError => new KernelError('cancelled', 'The fold was called off.');

const endedBy = (cause: unknown): KernelError =>
  new KernelError('unavailable', 'The thread that folds the journal ended by itself.', { cause });

// The main side of a journal thread: starts it, calls it, and turns its failures into KernelErrors.
// It knows no call by name; what the threads can do stands in messages.ts.
//   J12. When a thread is gone, whatever it owed is rejected with `unavailable`, once.

import { KernelError, assert } from '@hivekernel/kernel';
import { Worker } from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';
import type { Failure } from './failure.ts';
import type { CallMessage, FromThread, ThreadOptions, ToWriter } from './messages.ts';

type AskOf<Call> = Call extends { ask: infer Ask } ? Ask : never;
type AnswerOf<Call> = Call extends { answer: infer Answer } ? Answer : never;

/** What a thread says that is not the answer to a call. */
export type ThreadNews = Extract<FromThread, { kind: 'settled' } | { kind: 'ranOut' }>;

export interface ThreadStart {
  readonly role: 'writer' | 'reader';
  readonly options: ThreadOptions;
  readonly onNews: (news: ThreadNews) => void;
  /** The thread ended without being asked to. */
  readonly onGone: (error: KernelError) => void;
}

interface Owed {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export const errorOf = (failure: Failure): KernelError =>
  new KernelError(failure.code, failure.message, { details: failure.details ?? {} });

/** Sources run as they are here, and as JavaScript when packed. */
const scriptOf = (role: ThreadStart['role']): URL =>
  import.meta.url.endsWith('.ts')
    ? new URL(`./${role}-thread.ts`, import.meta.url)
    : new URL(`./${role}-thread.js`, import.meta.url);

export class JournalThread<Calls extends object> {
  readonly #worker: Worker;
  readonly #start: ThreadStart;
  readonly #opened: Promise<void>;
  readonly #opening: Owed;
  readonly #owed = new Map<number, Owed>();
  #lastId = 0;
  #gone: KernelError | undefined;

  private constructor(start: ThreadStart) {
    this.#start = start;
    let opening: Owed | undefined;
    this.#opened = new Promise((resolve, reject) => {
      opening = { resolve: () => resolve(), reject };
    });
    assert(opening, 'a promise runs its executor at once');
    this.#opening = opening;
    this.#worker = new Worker(scriptOf(start.role), {
      name: `journal-${start.role}`,
      workerData: start.options,
      execArgv: [],
    });
    this.#worker.on('message', (message: FromThread) => this.#hear(message));
    this.#worker.on('error', (error) => this.#lose(error));
    this.#worker.on('exit', () => this.#lose());
  }

  /** Resolves when the thread has its file open; rejects with why it refused. */
  static async start<Calls extends object>(start: ThreadStart): Promise<JournalThread<Calls>> {
    const thread = new JournalThread<Calls>(start);
    try {
      await thread.#opened;
      return thread;
    } catch (error) {
      await thread.end();
      throw error;
    }
  }

  async call<Name extends keyof Calls & string>(
    name: Name,
    ask: AskOf<Calls[Name]>,
  ): Promise<AnswerOf<Calls[Name]>> {
    if (this.#gone) throw this.#gone;
    this.#lastId += 1;
    const call: CallMessage = { kind: 'call', id: this.#lastId, name, ask };
    const answer = new Promise((resolve, reject) => {
      this.#owed.set(call.id, { resolve, reject });
    });
    this.#worker.postMessage(call);
    return (await answer) as AnswerOf<Calls[Name]>;
  }

  post(message: ToWriter, transfer: Transferable[]): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Ends the thread at once; what it owes is rejected. */
  async end(): Promise<void> {
    this.#gone ??= new KernelError('unavailable', 'The journal is closed.');
    await this.#worker.terminate();
    this.#rejectOwed(this.#gone);
  }

  #hear(message: FromThread): void {
    switch (message.kind) {
      case 'opened':
        this.#opening.resolve(undefined);
        return;
      case 'refused':
        this.#opening.reject(errorOf(message.failure));
        return;
      case 'returned':
        this.#settle(message.id)?.resolve(message.value);
        return;
      case 'failed':
        this.#settle(message.id)?.reject(errorOf(message.failure));
        return;
      case 'settled':
      case 'ranOut':
        this.#start.onNews(message);
    }
  }

  #settle(id: number): Owed | undefined {
    const owed = this.#owed.get(id);
    this.#owed.delete(id);
    return owed;
  }

  #lose(cause?: unknown): void {
    if (this.#gone) return;
    const message = `The journal's ${this.#start.role} thread ended by itself.`;
    this.#gone = new KernelError('unavailable', message, { cause });
    this.#opening.reject(this.#gone);
    this.#rejectOwed(this.#gone);
    this.#start.onGone(this.#gone);
  }

  #rejectOwed(error: KernelError): void {
    const owed = [...this.#owed.values()];
    this.#owed.clear();
    for (const { reject } of owed) reject(error);
  }
}

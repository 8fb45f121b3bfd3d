// Temporary data directories, stores open on them, and child processes that append, for the tests
// of the journal. Not a test.

import type { AppendRequest, Lease } from '@hivekernel/kernel';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SqliteStore } from '../../src/journal/sqlite/sqlite-store.ts';
import type { SqliteStoreOptions } from '../../src/journal/sqlite/sqlite-store.ts';

/** Runs `body` with a directory of its own, which is gone afterwards. */
export async function withDir(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'hive-journal-'));
  try {
    await body(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Runs `body` with an open store without ballast, closed afterwards. */
export async function withStore(
  options: SqliteStoreOptions,
  body: (store: SqliteStore, lease: Lease) => Promise<void>,
): Promise<void> {
  const store = await SqliteStore.open({ ballastBytes: 0, ...options });
  try {
    await body(store, await store.acquire({ partition: 1, node: 'node-a' }));
  } finally {
    await store.close();
  }
}

/** One event with a text of about `bytes`. */
export const eventOf = (lease: Lease, seq: number, bytes = 100): AppendRequest => ({
  partition: lease.partition,
  epoch: lease.epoch,
  events: [noteOf(seq, bytes)],
});

export const noteOf = (seq: number, bytes: number) => ({
  seq,
  wallMs: seq,
  monoMs: seq,
  kind: 'note.taken',
  v: 1,
  text: 'x'.repeat(bytes),
});

/** A process that appends without end and prints each acknowledged seq on a line. */
export class AppendingChild {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  lastAckedSeq = 0;

  constructor(dir: string) {
    const script = fileURLToPath(new URL('./appender.ts', import.meta.url));
    this.#child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#exited = once(this.#child, 'exit');
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the child has reported `seq` or more. */
  async reach(seq: number): Promise<void> {
    const { stdout } = this.#child;
    if (!stdout) throw new Error('the child has a pipe for its stdout');
    const lines = createInterface({ input: stdout });
    await new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        this.lastAckedSeq = Number(line);
        if (this.lastAckedSeq >= seq) resolve();
      });
      lines.on('close', resolve);
    });
  }

  /** After this no more acknowledgements come: the pipe has been read to its end. */
  async killHard(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    if (this.#child.stdout && !this.#child.stdout.readableEnded) {
      await once(this.#child.stdout, 'close');
    }
  }
}

// The lock of a data directory: one daemon at a time. It is an exclusive transaction on a small
// database of its own, held for life; the operating system frees it however the holder ends.
// Not on the journal itself: an exclusive lock there would shut out the reader's connection.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { JournalFailure, isBusy } from './failure.ts';
import { journalPaths } from './journal-file.ts';

export class DataLock {
  readonly #db: DatabaseSync;
  readonly #pidPath: string;

  /** Throws `conflict`, naming the holder's pid, when another daemon has it. */
  constructor(dir: string) {
    const paths = journalPaths(dir);
    this.#pidPath = paths.lockPid;
    this.#db = new DatabaseSync(paths.lock);
    try {
      this.#db.exec('BEGIN EXCLUSIVE');
      writeFileSync(this.#pidPath, `${process.pid}\n`);
    } catch (error) {
      this.#db.close();
      throw isBusy(error) ? lockedBy(dir, holderOf(this.#pidPath)) : error;
    }
  }

  release(): void {
    if (!this.#db.isOpen) return;
    rmSync(this.#pidPath, { force: true });
    this.#db.close();
  }
}

function holderOf(pidPath: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidPath, 'utf8'), 10);
    return Number.isInteger(pid) ? pid : undefined;
  } catch {
    return undefined; // The holder is between taking the lock and writing its pid.
  }
}

function lockedBy(dir: string, pid: number | undefined): JournalFailure {
  return new JournalFailure({
    code: 'conflict',
    message:
      `The data directory ${dir} is locked by another daemon (pid ${pid ?? 'unknown'}). ` +
      `Stop that daemon, or use another data directory.`,
    details: pid === undefined ? {} : { pid },
  });
}

// The journal's database file: opening it with the durability that DESIGN D3 asks for, its schema
// and version, and the one way to run a write transaction. Not the meaning of any table.
//   J5. A transaction that fails leaves nothing; on a full disk the ballast is freed and it is
//       tried once more, so that facts that cannot be refused still find room.

import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { JournalFailure, isFull } from './failure.ts';
import { META, SCHEMA_VERSION, TABLES } from './schema.ts';

/** The files of a data directory that belong to the journal. */
export const journalPaths = (dir: string) => ({
  database: join(dir, 'journal.db'),
  lock: join(dir, 'lock.db'),
  lockPid: join(dir, 'lock.pid'),
  ballast: join(dir, 'ballast'),
});

/** Pages of WAL at which a commit also checkpoints: 4 MiB; more makes the longest stall longer. */
const CHECKPOINT_PAGES = 1_000;
const BUSY_WAIT_MS = 5_000;

/** A row as node:sqlite gives it. */
export type Row = Readonly<Record<string, unknown>>;

export class JournalFile {
  readonly #db: DatabaseSync;
  readonly #dir: string;
  readonly #onRanOut: () => void;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(at: { dir: string; readOnly: boolean; onRanOut: () => void }) {
    this.#dir = at.dir;
    this.#onRanOut = at.onRanOut;
    this.#db = new DatabaseSync(journalPaths(at.dir).database, {
      readOnly: at.readOnly,
      timeout: BUSY_WAIT_MS,
    });
  }

  /** Makes the tables in a new file; throws `conflict` for a file of a newer version. */
  static openToWrite(at: { dir: string; pagesMax: number; onRanOut: () => void }): JournalFile {
    const file = new JournalFile({ ...at, readOnly: false });
    try {
      file.#db.exec('PRAGMA journal_mode = WAL');
      file.#db.exec('PRAGMA synchronous = FULL');
      file.#db.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      file.#prepareSchema();
      if (at.pagesMax > 0) file.#db.exec(`PRAGMA max_page_count = ${at.pagesMax}`);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  static openToRead(dir: string): JournalFile {
    return new JournalFile({ dir, readOnly: true, onRanOut: () => undefined });
  }

  /** A prepared statement, made once; each text is a constant of schema.ts. */
  sql(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known) return known;
    const statement = this.#db.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  /** All of `work` or nothing of it, durable on return. `work` may run twice (J5). */
  transact<T>(work: () => T): T {
    try {
      return this.#attempt(work, 'BEGIN IMMEDIATE');
    } catch (error) {
      if (!isFull(error)) throw error;
      const hadBallast = this.#freeBallast();
      this.#onRanOut();
      if (!hadBallast) throw error;
      return this.#attempt(work, 'BEGIN IMMEDIATE');
    }
  }

  /** Every read in `work` sees one state of the file. */
  consistently<T>(work: () => T): T {
    return this.#attempt(work, 'BEGIN');
  }

  close(): void {
    this.#statements.clear();
    if (this.#db.isOpen) this.#db.close();
  }

  #attempt<T>(work: () => T, begin: 'BEGIN' | 'BEGIN IMMEDIATE'): T {
    this.sql(begin).run();
    try {
      const result = work();
      this.sql('COMMIT').run();
      return result;
    } catch (error) {
      // SQLite has already rolled back by itself after some errors.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #freeBallast(): boolean {
    const path = journalPaths(this.#dir).ballast;
    const hadBallast = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
    rmSync(path, { force: true });
    return hadBallast;
  }

  #prepareSchema(): void {
    const tables = this.#db.prepare('SELECT name FROM sqlite_master').all();
    if (tables.length === 0) {
      this.transact(() => {
        for (const table of TABLES) this.#db.exec(table);
        this.sql(META.set).run('schema', String(SCHEMA_VERSION));
      });
      return;
    }
    const path = journalPaths(this.#dir).database;
    const isOurs = tables.some((table) => table['name'] === 'meta');
    const found = isOurs ? Number(this.sql(META.get).get('schema')?.['value']) : Number.NaN;
    if (found === SCHEMA_VERSION) return;
    const what = Number.isInteger(found)
      ? `is of version ${found}; this hive reads versions up to ${SCHEMA_VERSION}`
      : 'is a database of something else';
    throw new JournalFailure({
      code: 'conflict',
      message:
        `The journal ${path} ${what}. Nothing was changed. ` +
        `Use the hive that wrote it, or another data directory.`,
      details: { schemaVersionMax: SCHEMA_VERSION },
    });
  }
}

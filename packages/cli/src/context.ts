// What a command is given: the terminal, the flags that stand everywhere, and the kernel when it
// asks for it. One invocation of `hive`, one context.

import type { HiveClient } from '@hivekernel/client';
import type { Format } from './output/formats.ts';
import { columnOf, renderDocument, renderListing, sortItems } from './output/listing.ts';
import type { Item, Listing } from './output/listing.ts';
import { safeText } from './output/plain-text.ts';
import type { Terminal } from './output/terminal.ts';

/** Flags that stand before or after every command. */
export interface GlobalFlags {
  readonly data?: string;
  readonly format: Format;
  /** Whether `-o` or `-q` was given. */
  readonly isFormatChosen: boolean;
  readonly verbosity: number;
  readonly isYes: boolean;
  readonly mayAsk: boolean;
  /** Of each wait for the kernel. */
  readonly timeoutMs?: number;
}

export interface ContextParts {
  readonly terminal: Terminal;
  readonly flags: GlobalFlags;
  readonly cwd: string;
  /** For the exit: what is open is closed. */
  readonly onClient: (client: HiveClient) => void;
}

/** Flags of commands that list. */
export interface ListFlags {
  readonly columns?: string;
  readonly sort?: string;
  readonly limit?: string;
}

export class Context {
  readonly terminal: Terminal;
  readonly flags: GlobalFlags;
  readonly cwd: string;
  readonly #onClient: (client: HiveClient) => void;
  #client: Promise<HiveClient> | undefined;
  #dataDir: Promise<string> | undefined;

  constructor(parts: ContextParts) {
    this.terminal = parts.terminal;
    this.flags = parts.flags;
    this.cwd = parts.cwd;
    this.#onClient = parts.onClient;
  }

  get format(): Format {
    return this.flags.format;
  }

  dataDir(): Promise<string> {
    this.#dataDir ??= this.#findDataDir();
    return this.#dataDir;
  }

  /** The running kernel. Throws E_UNREACHABLE. */
  client(): Promise<HiveClient> {
    this.#client ??= this.#reach();
    return this.#client;
  }

  /** Prints a list in the chosen format. */
  list<T extends Item>(listing: Listing<T>, flags: ListFlags = {}): void {
    const { terminal, format } = this;
    const { columns, sort, limit } = flags;
    const sorted =
      sort === undefined
        ? listing.items
        : sortItems(listing.items, { key: sort, columns: listing.columns });
    const items = limit === undefined ? sorted : sorted.slice(0, Number(limit));
    const keys = columns?.split(',').map((key) => columnOf(listing.columns, key.trim()).key);
    const isForPeople = format === 'table' || format === 'wide';
    if (isForPeople && items.length === 0 && listing.empty !== undefined) {
      return terminal.note(listing.empty);
    }
    const options = { format, columns: keys, width: terminal.outColumns };
    const text = renderListing({ ...listing, items }, options);
    terminal.out(format === 'csv' && terminal.isOutTty ? safeText(text) : text);
  }

  /** Prints one thing: as a document for machines, by `people` else. */
  show(kind: string, body: object, people: () => string): void {
    const { format } = this;
    const isForPeople = format === 'table' || format === 'wide' || format === 'csv';
    this.terminal.out(isForPeople ? people() : renderDocument(kind, body, format));
  }

  async #findDataDir(): Promise<string> {
    const { findDataDir } = await import('./kernel/find-data-dir.ts');
    return findDataDir({ cwd: this.cwd, env: this.terminal.env, flag: this.flags.data });
  }

  async #reach(): Promise<HiveClient> {
    const dataDir = await this.dataDir();
    const { reachKernel } = await import('./kernel/reach-kernel.ts');
    const { timeoutMs } = this.flags;
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    const client = await reachKernel({ dataDir, cwd: this.cwd, ...limit });
    this.#onClient(client);
    return client;
  }
}

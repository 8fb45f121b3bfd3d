// The journal as the follower's thread reads it: by a connection of its own, without the store and
// its threads, so that neither commits nor other readers wait for it. It never writes.

import type { Snapshot, Store, StoredEvent } from '@hivekernel/kernel';
import { walkChain } from './sqlite/hash-chain.ts';
import { JournalFile } from './sqlite/journal-file.ts';
import { BLOB } from './sqlite/schema.ts';
import { readSnapshot } from './sqlite/snapshot-rows.ts';

/** About this much of the log is read in one transaction. */
const STRETCH_BYTES = 1024 * 1024;

type At = { readonly partition: number };

export class SnapshotSource implements Pick<Store, 'loadSnapshot' | 'read' | 'getBlob'> {
  readonly #file: JournalFile;
  /** Of the snapshot that was loaded; 0 for none. */
  snapshotSeq = 0;

  constructor(dir: string) {
    this.#file = JournalFile.openToRead(dir);
  }

  async loadSnapshot({ partition }: At): Promise<Snapshot | undefined> {
    const found = readSnapshot(this.#file, partition);
    if (found === undefined) return undefined;
    this.snapshotSeq = found.seq;
    return { partition, seq: found.seq, v: found.v, body: textOf(found.body) };
  }

  async *read(request: At & { afterSeq: number }): AsyncGenerator<readonly StoredEvent[]> {
    const { partition } = request;
    let at = { lastSeq: request.afterSeq, isEnd: false };
    while (!at.isEnd) {
      const afterSeq = at.lastSeq;
      const bodies: StoredEvent[][] = [];
      const onFrame = ({ body }: { body: Uint8Array }): void => {
        bodies.push(JSON.parse(textOf(body)) as StoredEvent[]);
      };
      const walk = { partition, afterSeq, bytesMax: STRETCH_BYTES, onFrame };
      at = this.#file.consistently(() => walkChain(this.#file, walk));
      const [first = []] = bodies;
      bodies[0] = first.filter(({ seq }) => seq > afterSeq);
      yield* bodies;
    }
  }

  async getBlob(hash: string): Promise<Uint8Array | undefined> {
    return this.#file.sql(BLOB.get).get(hash)?.['bytes'] as Uint8Array | undefined;
  }

  close(): void {
    this.#file.close();
  }
}

const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString();

// The librarian: stores artifacts for those who may, and finds for each caller what it may see.
//   M12. A new version of a global or user artifact is written by processes of its user; content is
//        at most 16 MiB and counts to the user's quota. Reading goes by visibility; the newest that
//        is visible wins.

import { KernelError } from '../errors.ts';
import type { Content } from '../events/content.ts';
import type { Log } from '../events/log.ts';
import { VISIBILITIES, type Visibility } from '../events/words.ts';
import { asArtifactId, type ArtifactId, type Pid, type TaskId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { ancestorsOf, isAncestor, walkDown } from '../process/tree.ts';
import {
  newestOf,
  type ArtifactCatalog,
  type ArtifactRecord,
  type ArtifactVersion,
} from './catalog.ts';

export interface StoreOrder {
  readonly key: string;
  readonly content: Content;
  readonly contentType: string;
  readonly visibility: Visibility;
  readonly task: TaskId | null;
}

export interface Found {
  readonly record: ArtifactRecord;
  readonly version: ArtifactVersion;
}

export class Librarian {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #catalog: ArtifactCatalog;
  readonly #quotaBytes: number;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    catalog: ArtifactCatalog;
    quotaBytesPerUser: number;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#catalog = options.catalog;
    this.#quotaBytes = options.quotaBytesPerUser;
  }

  store(writer: ProcessRecord, order: StoreOrder): Found {
    checkKey(order.key);
    checkSize(order.content);
    const known = this.#catalog.findForWrite(writer, order.key, order.visibility);
    if (known === undefined) this.#checkCount(writer);
    else this.#checkWriter(writer, known);
    const freed = known === undefined ? 0 : this.#catalog.bytesFreedBy(known);
    this.#checkQuota(known?.user ?? writer.spec.user, order.content.bytes - freed);
    const artifact = known?.artifact ?? asArtifactId(this.#log.nextSeq);
    this.#log.emit('artifact.stored', {
      artifact,
      version: known === undefined ? 1 : newestOf(known).version + 1,
      key: order.key,
      owner: known?.owner ?? writer.pid,
      user: known?.user ?? writer.spec.user,
      visibility: order.visibility,
      contentType: order.contentType,
      content: order.content,
      task: order.task,
    });
    const record = this.#catalog.byId.get(artifact) as ArtifactRecord;
    return { record, version: newestOf(record) };
  }

  /** The newest that `reader` may see; `version` 0 is the newest one. */
  find(
    reader: ProcessRecord,
    by: { key: string } | { artifact: ArtifactId },
    version: number,
  ): Found | undefined {
    const record = 'key' in by ? this.#newestVisible(reader, by.key) : this.#byId(reader, by);
    if (record === undefined) return undefined;
    const found =
      version === 0 ? newestOf(record) : record.versions.find((v) => v.version === version);
    return found === undefined ? undefined : { record, version: found };
  }

  /** The newest version of each visible key, by key. */
  list(reader: ProcessRecord, filter: { prefix: string; storedBy: Pid | undefined }): Found[] {
    const newest = new Map<string, Found>();
    for (const record of this.#reachable(reader)) {
      if (!record.key.startsWith(filter.prefix) || !this.canSee(reader, record)) continue;
      const version = newestOf(record);
      if (filter.storedBy !== undefined && version.storedBy !== filter.storedBy) continue;
      const known = newest.get(record.key);
      if (known === undefined || known.version.seq < version.seq) {
        newest.set(record.key, { record, version });
      }
    }
    return [...newest.values()].sort((a, b) => (a.record.key < b.record.key ? -1 : 1));
  }

  canSee(reader: ProcessRecord, record: ArtifactRecord): boolean {
    if (record.visibility === 'global' || reader.parent === undefined) return true;
    if (record.owner === reader.pid) return true;
    if (record.user !== reader.spec.user) return false;
    if (record.visibility === 'user') return true;
    if (record.visibility === 'private') return false;
    const owner = this.#table.find(record.owner);
    return owner !== undefined && (isAncestor(owner, reader) || isAncestor(reader, owner));
  }

  /** Costs the depth of the reader and what is below it, never the number of namesakes. */
  #newestVisible(reader: ProcessRecord, key: string): ArtifactRecord | undefined {
    if (reader.parent === undefined) return this.#catalog.newestNamed(key);
    let best: ArtifactRecord | undefined;
    const consider = (records: Iterable<ArtifactRecord>): void => {
      for (const record of records) {
        if (best !== undefined && newestOf(record).seq < newestOf(best).seq) continue;
        if (this.canSee(reader, record)) best = record;
      }
    };
    const { user } = reader.spec;
    const { pid: owner } = reader;
    for (const visibility of VISIBILITIES) {
      consider(this.#catalog.inScope({ owner, user, key, visibility }));
    }
    for (const { pid } of ancestorsOf(reader)) {
      consider(this.#catalog.inScope({ owner: pid, user, key, visibility: 'subtree' }));
    }
    if (reader.children.size > 0) consider(this.#below(reader, key));
    return best;
  }

  /** Under the key, of visibility subtree: all namesakes, or what is below, whichever is fewer. */
  *#below(reader: ProcessRecord, key: string): Generator<ArtifactRecord> {
    const namesakes = this.#catalog.subtreesNamed(key);
    const found: ArtifactRecord[] = [];
    const stack = [reader];
    for (let seen = 0, record = stack.pop(); record !== undefined; record = stack.pop()) {
      seen += 1 + record.children.size;
      if (seen > namesakes.size) {
        yield* namesakes;
        return;
      }
      const of = { owner: record.pid, user: reader.spec.user, key, visibility: 'subtree' } as const;
      found.push(...this.#catalog.inScope(of));
      for (const child of record.children.values()) stack.push(child);
    }
    yield* found;
  }

  /** What the reader could see at most; `canSee` decides. */
  *#reachable(reader: ProcessRecord): Generator<ArtifactRecord> {
    if (reader.parent === undefined) {
      yield* this.#catalog.all();
      return;
    }
    yield* this.#catalog.forAll;
    yield* this.#catalog.ofUser(reader.spec.user);
    for (const record of ancestorsOf(reader)) yield* this.#ownScopes(record);
    for (const record of walkDown(reader)) yield* this.#ownScopes(record);
  }

  *#ownScopes(owner: ProcessRecord): Generator<ArtifactRecord> {
    for (const record of this.#catalog.ownedBy(owner.pid)) {
      if (record.visibility === 'private' || record.visibility === 'subtree') yield record;
    }
  }

  #byId(reader: ProcessRecord, by: { artifact: ArtifactId }): ArtifactRecord | undefined {
    const record = this.#catalog.byId.get(by.artifact);
    return record !== undefined && this.canSee(reader, record) ? record : undefined;
  }

  #checkWriter(writer: ProcessRecord, known: ArtifactRecord): void {
    if (known.user === writer.spec.user || writer.parent === undefined) return;
    throw new KernelError(
      'permission_denied',
      `denied: the artifact "${known.key}" belongs to user "${known.user}" (M12).`,
    );
  }

  #checkCount(writer: ProcessRecord): void {
    if (this.#catalog.countOf(writer.pid) < LIMITS.artifactsPerProcessMax) return;
    throw new KernelError(
      'limit_exceeded',
      `Process ${writer.pid} owns ${LIMITS.artifactsPerProcessMax} artifacts, which is the limit.`,
    );
  }

  #checkQuota(user: string, bytes: number): void {
    const used = this.#catalog.bytesOf(user);
    if (used + bytes <= this.#quotaBytes) return;
    throw new KernelError(
      'limit_exceeded',
      `User "${user}" has ${used} bytes of artifacts; ${bytes} more would pass the quota of ` +
        `${this.#quotaBytes} (M12).`,
      { details: { user, usedBytes: used, quotaBytes: this.#quotaBytes } },
    );
  }
}

const CONTROL = /[\u0000-\u001f\u007f]/;

function checkKey(key: string): void {
  const why =
    key === ''
      ? 'it is empty'
      : key.length > LIMITS.artifactKeyCharsMax
        ? `it has ${key.length} characters, at most ${LIMITS.artifactKeyCharsMax} are allowed`
        : CONTROL.test(key)
          ? 'it holds a control character'
          : key.split('/').includes('..')
            ? 'it holds a ".." part'
            : undefined;
  if (why === undefined) return;
  throw new KernelError('invalid_argument', `This is no key for an artifact: ${why} (M12).`, {
    details: { field: 'key' },
  });
}

function checkSize(content: Content): void {
  if (content.bytes <= LIMITS.artifactBytesMax) return;
  throw new KernelError(
    'too_large',
    `The artifact has ${content.bytes} bytes, ` +
      `at most ${LIMITS.artifactBytesMax} are allowed (M12).`,
    { details: { bytes: content.bytes } },
  );
}

// The librarian: stores artifacts for those who may, and finds for each caller what it may see.
// Who may is in rights.ts, what an order must hold in order-checks.ts.
//   M12. Content counts to the user's quota. Reading goes by visibility; the newest that is visible
//        wins. What is frozen takes no new version and is deleted by the king only: that it stays
//        as it is is what it was frozen for.

import { KernelError } from '../errors.ts';
import type { Content } from '../events/content.ts';
import type { Log } from '../events/log.ts';
import { VISIBILITIES, type Visibility } from '../events/words.ts';
import { asArtifactId, type ArtifactId, type Pid, type TaskId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { ancestorsOf, walkDown } from '../process/tree.ts';
import {
  bytesIn,
  newestOf,
  type ArtifactCatalog,
  type ArtifactRecord,
  type ArtifactVersion,
} from './catalog.ts';
import { checkKey, checkSize, checkThawed, checkVersion } from './order-checks.ts';
import { ArtifactRights } from './rights.ts';

/** By its key: the newest that the caller may see. */
export type ArtifactName = { readonly key: string } | { readonly artifact: ArtifactId };

export interface StoreOrder {
  /** Given by id: empty, or that one's. */
  readonly key: string;
  /** Makes a new version of this one, whose visibility stays; left out: what the key means. */
  readonly artifact?: ArtifactId | undefined;
  readonly content: Content;
  readonly contentType: string;
  readonly visibility: Visibility;
  readonly task: TaskId | null;
  /** The version to go on from, 0 for none; left out: whatever there is. */
  readonly ifVersion?: number | undefined;
  readonly isFrozen?: boolean | undefined;
  readonly trace?: string | undefined;
}

/** What is to become of one: frozen, or deleted. */
export interface Disposal {
  readonly by: ArtifactName;
  readonly ifVersion: number | undefined;
}

export interface Found {
  readonly record: ArtifactRecord;
  readonly version: ArtifactVersion;
}

export class Librarian {
  readonly #log: Log;
  readonly #rights: ArtifactRights;
  readonly #catalog: ArtifactCatalog;
  readonly #quotaBytes: number;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    catalog: ArtifactCatalog;
    quotaBytesPerUser: number;
  }) {
    this.#log = options.log;
    this.#rights = new ArtifactRights(options.table);
    this.#catalog = options.catalog;
    this.#quotaBytes = options.quotaBytesPerUser;
  }

  store(writer: ProcessRecord, order: StoreOrder): Found {
    const known = this.#goesTo(writer, order);
    const { key, visibility, user, owner } = known ?? {
      ...order,
      user: writer.spec.user,
      owner: writer.pid,
    };
    checkKey(key);
    checkSize(order.content);
    if (known === undefined) this.#checkCount(writer);
    else this.#checkWrite(writer, known, order);
    checkVersion(order.ifVersion, { key, known });
    const freed = known === undefined ? 0 : this.#catalog.bytesFreedBy(known);
    this.#checkQuota(user, order.content.bytes - freed);
    const artifact = known?.artifact ?? asArtifactId(this.#log.nextSeq);
    this.#log.emit('artifact.stored', {
      artifact,
      version: known === undefined ? 1 : newestOf(known).version + 1,
      key,
      owner,
      user,
      visibility,
      contentType: order.contentType,
      content: order.content,
      task: order.task,
      ...(order.isFrozen === true && { isFrozen: true }),
      ...(order.trace && { trace: order.trace }),
    });
    const record = this.#catalog.byId.get(artifact) as ArtifactRecord;
    return { record, version: newestOf(record) };
  }

  /** Once frozen it stays so: a second time changes nothing. */
  freeze(caller: ProcessRecord, order: Disposal): Found {
    const record = this.#require(caller, order.by);
    this.#rights.requireCustody(caller, record, 'freeze');
    checkVersion(order.ifVersion, { key: record.key, known: record });
    const version = newestOf(record);
    if (record.frozen === null) {
      const { artifact, key, owner } = record;
      this.#log.emit('artifact.frozen', { artifact, key, owner, version: version.version });
    }
    return { record, version };
  }

  /** All of its versions; the key is free again. */
  delete(caller: ProcessRecord, order: Disposal): void {
    const record = this.#require(caller, order.by);
    this.#rights.requireCustody(caller, record, 'delete');
    if (record.frozen !== null && caller.parent !== undefined) {
      const why = `the artifact "${record.key}" is frozen; only the operator may delete it`;
      throw new KernelError('permission_denied', `denied: ${why} (M12).`);
    }
    checkVersion(order.ifVersion, { key: record.key, known: record });
    const { artifact, key, owner, versions } = record;
    const bytes = bytesIn(record);
    this.#log.emit('artifact.deleted', { artifact, key, owner, versions: versions.length, bytes });
  }

  /** Those that are kept, oldest first. */
  versions(reader: ProcessRecord, by: ArtifactName): Found[] {
    const record = this.#visible(reader, by);
    if (record === undefined) throw unknown(by);
    return record.versions.map((version) => ({ record, version }));
  }

  /** The newest that `reader` may see; `version` 0 is the newest one. */
  find(reader: ProcessRecord, by: ArtifactName, version: number): Found | undefined {
    const record = this.#visible(reader, by);
    if (record === undefined) return undefined;
    const found =
      version === 0 ? newestOf(record) : record.versions.find((v) => v.version === version);
    return found === undefined ? undefined : { record, version: found };
  }

  /** The newest version of each visible key, by key. */
  list(reader: ProcessRecord, filter: { prefix: string; storedBy: Pid | undefined }): Found[] {
    const newest = new Map<string, Found>();
    for (const record of this.#reachable(reader)) {
      if (!record.key.startsWith(filter.prefix) || !this.#rights.canSee(reader, record)) continue;
      const version = newestOf(record);
      if (filter.storedBy !== undefined && version.storedBy !== filter.storedBy) continue;
      const known = newest.get(record.key);
      if (known === undefined || known.version.seq < version.seq) {
        newest.set(record.key, { record, version });
      }
    }
    return [...newest.values()].sort((a, b) => (a.record.key < b.record.key ? -1 : 1));
  }

  #visible(reader: ProcessRecord, by: ArtifactName): ArtifactRecord | undefined {
    if ('key' in by) return this.#newestVisible(reader, by.key);
    const record = this.#catalog.byId.get(by.artifact);
    return record !== undefined && this.#rights.canSee(reader, record) ? record : undefined;
  }

  /** To change it: by its id, those find it, too, in whose custody it is and who may not see it. */
  #require(caller: ProcessRecord, by: ArtifactName): ArtifactRecord {
    const record = this.#visible(caller, by) ?? this.#inCustody(caller, by);
    if (record !== undefined) return record;
    throw unknown(by);
  }

  #inCustody(caller: ProcessRecord, by: ArtifactName): ArtifactRecord | undefined {
    const record = 'key' in by ? undefined : this.#catalog.byId.get(by.artifact);
    return record !== undefined && this.#rights.hasCustody(caller, record) ? record : undefined;
  }

  /** Costs the depth of the reader and what is below it, never the number of namesakes. */
  #newestVisible(reader: ProcessRecord, key: string): ArtifactRecord | undefined {
    if (reader.parent === undefined) return this.#catalog.newestNamed(key);
    let best: ArtifactRecord | undefined;
    const consider = (records: Iterable<ArtifactRecord>): void => {
      for (const record of records) {
        if (best !== undefined && newestOf(record).seq < newestOf(best).seq) continue;
        if (this.#rights.canSee(reader, record)) best = record;
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

  /** What a store makes a new version of. */
  #goesTo(writer: ProcessRecord, order: StoreOrder): ArtifactRecord | undefined {
    const { artifact, key, visibility } = order;
    if (artifact === undefined) return this.#catalog.findForWrite(writer, key, visibility);
    const record = this.#require(writer, { artifact });
    if (key === '' || key === record.key) return record;
    throw new KernelError('invalid_argument', `The artifact's key is "${record.key}" (M12).`, {
      details: { field: 'key' },
    });
  }

  #checkWrite(writer: ProcessRecord, known: ArtifactRecord, order: StoreOrder): void {
    this.#rights.requireWriting(writer, known);
    if (order.isFrozen === true) this.#rights.requireCustody(writer, known, 'freeze');
    checkThawed(known);
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

/** Absent and invisible read the same. */
function unknown(by: ArtifactName): KernelError {
  const what = 'key' in by ? ` "${by.key.slice(0, LIMITS.artifactKeyCharsMax)}"` : ' of this id';
  return new KernelError(
    'not_found',
    `There is no artifact${what}, or the caller may not see it (M12).`,
  );
}

// The catalogue of artifacts: what exists, in which versions, who may see it. Content is elsewhere,
// by hash; the catalogue only counts its bytes.
//   M12. private: the owner; user: processes of the same user; subtree: the owner and below, its
//        ancestors read too; global: all. Versions are kept up to a number; content counts to the
//        quota of the user. What is frozen takes no more versions; what is deleted leaves no trace
//        here. P9. What is gone leaves its artifacts to its parent.

import type { Content } from '../events/content.ts';
import type { EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { Visibility } from '../events/words.ts';
import type { ArtifactId, Pid, Seq, TaskId } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';

export interface ArtifactVersion {
  readonly version: number;
  readonly contentType: string;
  readonly content: Content;
  readonly storedBy: Pid;
  readonly task: TaskId | null;
  readonly wallMs: number;
  readonly seq: Seq;
  readonly by: Pid;
  /** The trace that its making was a part of; empty: none. */
  readonly trace: string;
}

/** When, and by whom, it was frozen. */
export interface Frost {
  readonly seq: Seq;
  readonly by: Pid;
  readonly wallMs: number;
}

export interface ArtifactRecord {
  readonly artifact: ArtifactId;
  readonly key: string;
  readonly user: string;
  readonly visibility: Visibility;
  owner: Pid;
  /** Its first owner is gone. One of a process's own scopes then takes no more versions (P9). */
  isInherited: boolean;
  /** Oldest first; at least one. */
  readonly versions: ArtifactVersion[];
  /** M12: then it never changes again. */
  frozen: Frost | null;
}

export class ArtifactCatalog {
  /** M12: of the boot that the events are of. */
  versionsKept = DEFAULT_SETTINGS.artifactVersionsKept;
  readonly byId = new Map<ArtifactId, ArtifactRecord>();
  /** What a write goes to. */
  readonly #byScope = new Map<string, ArtifactRecord>();
  /** Of those inherited into one scope, the newest. */
  readonly #inherited = new Map<string, ArtifactRecord>();
  /** Of all under a key, the newest. */
  readonly #newestByKey = new Map<string, ArtifactRecord>();
  readonly #namesakes = new Map<string, Set<ArtifactRecord>>();
  readonly #subtreesByKey = new Map<string, Set<ArtifactRecord>>();
  readonly #byOwner = new Map<Pid, Set<ArtifactRecord>>();
  /** Of visibility user, by user; of visibility global, under the empty name. */
  readonly #shared = new Map<string, Set<ArtifactRecord>>();
  readonly #bytesByUser = new Map<string, number>();
  /** Of this run: whoever misses something waits until it is durably gone (DESIGN §3). */
  lastDeletion: Pick<Frost, 'seq' | 'by'> | undefined;

  handlers(): Handlers {
    return {
      'kernel.booted': ({ body }) => {
        this.versionsKept = body.rules.artifactVersionsKept;
      },
      'artifact.stored': (event) => this.#stored(event),
      'artifact.frozen': (event) => {
        const record = this.byId.get(event.body.artifact);
        if (record !== undefined) record.frozen ??= frostOf(event);
      },
      'artifact.deleted': (event) => {
        const record = this.byId.get(event.body.artifact);
        if (record !== undefined) this.#delete(record);
        this.lastDeletion = event;
      },
      'process.gone': (event) => this.#inherit(event.body.pid, event.body.heir),
    };
  }

  /** The one that a write by `writer` under this key and visibility makes a new version of. */
  findForWrite(
    writer: ProcessRecord,
    key: string,
    visibility: Visibility,
  ): ArtifactRecord | undefined {
    return this.#byScope.get(
      scopeOf({ owner: writer.pid, user: writer.spec.user, key, visibility }),
    );
  }

  /** Of all under the key, whoever may see it, the newest. */
  newestNamed(key: string): ArtifactRecord | undefined {
    return this.#newestByKey.get(key);
  }

  /**
   * What is under the key in one scope: at most the owner's own and the newest that it inherited.
   */
  *inScope(of: Scope): Generator<ArtifactRecord> {
    const scope = scopeOf(of);
    const own = this.#byScope.get(scope);
    if (own !== undefined) yield own;
    const inherited = this.#inherited.get(scope);
    if (inherited !== undefined) yield inherited;
  }

  /** Those of visibility subtree under the key, of whatever subtree. */
  subtreesNamed(key: string): ReadonlySet<ArtifactRecord> {
    return this.#subtreesByKey.get(key) ?? NONE;
  }

  ownedBy(owner: Pid): ReadonlySet<ArtifactRecord> {
    return this.#byOwner.get(owner) ?? NONE;
  }

  /** Of visibility user, of this user. */
  ofUser(user: string): ReadonlySet<ArtifactRecord> {
    return this.#shared.get(`u${user}`) ?? NONE;
  }

  /** Of visibility global. */
  get forAll(): ReadonlySet<ArtifactRecord> {
    return this.#shared.get('g') ?? NONE;
  }

  all(): Iterable<ArtifactRecord> {
    return this.byId.values();
  }

  countOf(owner: Pid): number {
    return this.#byOwner.get(owner)?.size ?? 0;
  }

  bytesOf(user: string): number {
    return this.#bytesByUser.get(user) ?? 0;
  }

  /** Bytes that one more version would free. */
  bytesFreedBy({ versions }: ArtifactRecord): number {
    const going = Math.max(0, versions.length + 1 - this.versionsKept);
    return versions.slice(0, going).reduce((sum, { content }) => sum + content.bytes, 0);
  }

  /** At a restore. What was written before artifacts were frozen has no word on that. */
  restore(image: ArtifactRecord): void {
    const versions = image.versions.map((one) => ({ ...one, trace: one.trace ?? '' }));
    const record: ArtifactRecord = { ...image, versions, frozen: image.frozen ?? null };
    this.#enter(record);
    this.#enterScope(record);
    const newest = this.#newestByKey.get(record.key);
    if (newest === undefined || isNewer(record, newest)) this.#newestByKey.set(record.key, record);
    for (const version of record.versions) this.#count(record.user, version.content.bytes);
  }

  #stored(event: EventOf<'artifact.stored'>): void {
    const body = event.body;
    const version: ArtifactVersion = {
      version: body.version,
      contentType: body.contentType,
      content: body.content,
      storedBy: event.by,
      task: body.task,
      wallMs: event.wallMs,
      seq: event.seq,
      by: event.by,
      trace: body.trace ?? '',
    };
    let record = this.byId.get(body.artifact);
    if (record === undefined) {
      const { artifact, key, user, visibility, owner } = body;
      const versions = [version];
      const base = { artifact, key, user, visibility, owner, isInherited: false };
      record = { ...base, versions, frozen: null };
      this.#enter(record);
      this.#enterScope(record);
    } else {
      this.#count(record.user, -this.bytesFreedBy(record));
      record.versions.push(version);
      record.versions.splice(0, record.versions.length - this.versionsKept);
      if (record.isInherited && !isShared(record)) this.#inherited.set(scopeOf(record), record);
    }
    if (body.isFrozen === true) record.frozen = frostOf(event);
    this.#newestByKey.set(body.key, record);
    this.#count(body.user, body.content.bytes);
  }

  #enter(record: ArtifactRecord): void {
    const { artifact, key, owner, user, visibility } = record;
    this.byId.set(artifact, record);
    setIn(this.#namesakes, key, record);
    setIn(this.#byOwner, owner, record);
    if (visibility === 'subtree') setIn(this.#subtreesByKey, key, record);
    if (visibility === 'user') setIn(this.#shared, `u${user}`, record);
    if (visibility === 'global') setIn(this.#shared, 'g', record);
  }

  #enterScope(record: ArtifactRecord): void {
    const scope = scopeOf(record);
    if (isShared(record) || !record.isInherited) {
      this.#byScope.set(scope, record);
      return;
    }
    const known = this.#inherited.get(scope);
    if (known === undefined || isNewer(record, known)) this.#inherited.set(scope, record);
  }

  #inherit(from: Pid, heir: Pid): void {
    const records = this.#byOwner.get(from);
    if (records === undefined) return;
    this.#byOwner.delete(from);
    for (const record of records) {
      if (!isShared(record)) {
        const scope = scopeOf(record);
        this.#byScope.delete(scope);
        this.#inherited.delete(scope);
      }
      record.owner = heir;
      record.isInherited = true;
      this.#enterScope(record);
      setIn(this.#byOwner, heir, record);
    }
  }

  /** Costs the number of namesakes, one of which may be the newest now. */
  #delete(record: ArtifactRecord): void {
    const { artifact, key, owner, user, visibility } = record;
    this.byId.delete(artifact);
    dropIn(this.#namesakes, key, record);
    dropIn(this.#byOwner, owner, record);
    if (visibility === 'subtree') dropIn(this.#subtreesByKey, key, record);
    if (visibility === 'user') dropIn(this.#shared, `u${user}`, record);
    if (visibility === 'global') dropIn(this.#shared, 'g', record);
    this.#count(user, -bytesIn(record));
    const scope = scopeOf(record);
    if (this.#byScope.get(scope) === record) this.#byScope.delete(scope);
    const namesakes = [...(this.#namesakes.get(key) ?? NONE)];
    if (this.#newestByKey.get(key) === record) put(this.#newestByKey, key, newestAmong(namesakes));
    if (this.#inherited.get(scope) !== record) return;
    const others = namesakes.filter((one) => one.isInherited && scopeOf(one) === scope);
    put(this.#inherited, scope, newestAmong(others));
  }

  #count(user: string, bytes: number): void {
    const sum = this.bytesOf(user) + bytes;
    if (sum === 0) this.#bytesByUser.delete(user);
    else this.#bytesByUser.set(user, sum);
  }
}

const NONE: ReadonlySet<ArtifactRecord> = new Set();

interface Scope {
  readonly owner: Pid;
  readonly user: string;
  readonly key: string;
  readonly visibility: Visibility;
}

/** Its scope is no process's own, so a change of owner does not move it. */
const isShared = (record: ArtifactRecord): boolean =>
  record.visibility === 'user' || record.visibility === 'global';

/** What makes two writes mean the same artifact. */
function scopeOf(of: Scope): string {
  switch (of.visibility) {
    case 'global':
      return `g\0${of.key}`;
    case 'user':
      return `u\0${of.user}\0${of.key}`;
    case 'private':
    case 'subtree':
      return `${of.visibility}\0${of.owner}\0${of.key}`;
  }
}

function setIn<K>(map: Map<K, Set<ArtifactRecord>>, key: K, record: ArtifactRecord): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([record]));
  else set.add(record);
}

function dropIn<K>(map: Map<K, Set<ArtifactRecord>>, key: K, record: ArtifactRecord): void {
  const set = map.get(key);
  set?.delete(record);
  if (set?.size === 0) map.delete(key);
}

function put<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

const frostOf = ({ seq, by, wallMs }: Frost): Frost => ({ seq, by, wallMs });

/** Of all of its versions that are kept. */
export const bytesIn = ({ versions }: ArtifactRecord): number =>
  versions.reduce((sum, { content }) => sum + content.bytes, 0);

export const newestOf = (record: ArtifactRecord): ArtifactVersion =>
  record.versions[record.versions.length - 1] as ArtifactVersion;

const isNewer = (a: ArtifactRecord, b: ArtifactRecord): boolean =>
  newestOf(a).seq > newestOf(b).seq;

const newestAmong = (records: readonly ArtifactRecord[]): ArtifactRecord | undefined =>
  records.reduce<ArtifactRecord | undefined>(
    (best, record) => (best === undefined || isNewer(record, best) ? record : best),
    undefined,
  );

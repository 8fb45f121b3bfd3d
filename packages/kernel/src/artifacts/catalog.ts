// The catalogue of artifacts: what exists, in which versions, who may see it. Content is elsewhere,
// by hash; the catalogue only counts its bytes.
//   M12. private: the owner; user: processes of the same user; subtree: the owner and below, its
//        ancestors read too; global: all. Versions are kept up to a number; content counts to the
//        quota of the user. P9. What is gone leaves its artifacts to its parent.

import type { Content } from '../events/content.ts';
import type { EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { Visibility } from '../events/words.ts';
import type { ArtifactId, Pid, Seq, TaskId } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';

export interface ArtifactVersion {
  readonly version: number;
  readonly contentType: string;
  readonly content: Content;
  readonly storedBy: Pid;
  readonly task: TaskId | null;
  readonly wallMs: number;
  readonly seq: Seq;
  readonly by: Pid;
}

export interface ArtifactRecord {
  readonly artifact: ArtifactId;
  readonly key: string;
  readonly user: string;
  readonly visibility: Visibility;
  owner: Pid;
  /** Oldest first; at least one. */
  readonly versions: ArtifactVersion[];
}

export class ArtifactCatalog {
  readonly #versionsKept: number;
  readonly byId = new Map<ArtifactId, ArtifactRecord>();
  readonly #byScope = new Map<string, ArtifactRecord>();
  readonly #byKey = new Map<string, Set<ArtifactRecord>>();
  readonly #byOwner = new Map<Pid, Set<ArtifactRecord>>();
  readonly #bytesByUser = new Map<string, number>();

  constructor(options: { versionsKept: number }) {
    this.#versionsKept = options.versionsKept;
  }

  handlers(): Handlers {
    return {
      'artifact.stored': (event) => this.#stored(event),
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

  /** Every artifact under the key, whoever may see it; in no order that matters. */
  named(key: string): Iterable<ArtifactRecord> {
    return this.#byKey.get(key) ?? [];
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

  /** At a restore. */
  restore(record: ArtifactRecord): void {
    this.#enter(record);
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
    };
    const known = this.byId.get(body.artifact);
    if (known === undefined) {
      const { artifact, key, user, visibility, owner } = body;
      this.#enter({ artifact, key, user, visibility, owner, versions: [version] });
    } else {
      known.versions.push(version);
      if (known.versions.length > this.#versionsKept) {
        const oldest = known.versions.shift();
        this.#count(known.user, -(oldest?.content.bytes ?? 0));
      }
    }
    this.#count(body.user, body.content.bytes);
  }

  #enter(record: ArtifactRecord): void {
    this.byId.set(record.artifact, record);
    this.#byScope.set(scopeOf(record), record);
    setIn(this.#byKey, record.key, record);
    setIn(this.#byOwner, record.owner, record);
  }

  #inherit(from: Pid, heir: Pid): void {
    const records = this.#byOwner.get(from);
    if (records === undefined) return;
    this.#byOwner.delete(from);
    for (const record of records) {
      const scope = scopeOf(record);
      if (this.#byScope.get(scope) === record) this.#byScope.delete(scope);
      record.owner = heir;
      // The heir's own artifact of that key, if any, keeps the name for writing.
      const heirScope = scopeOf(record);
      if (!this.#byScope.has(heirScope)) this.#byScope.set(heirScope, record);
      setIn(this.#byOwner, heir, record);
    }
  }

  #count(user: string, bytes: number): void {
    this.#bytesByUser.set(user, this.bytesOf(user) + bytes);
  }
}

/** What makes two writes mean the same artifact. */
function scopeOf(of: { owner: Pid; user: string; key: string; visibility: Visibility }): string {
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

export const newestOf = (record: ArtifactRecord): ArtifactVersion =>
  record.versions[record.versions.length - 1] as ArtifactVersion;

// Artifacts: named, versioned content that outlives its author. A key is unique per what its reader
// may see; a write of a known key makes a new version, unless it is frozen.
import type { core } from '@hivekernel/protocol';
import type { CallOptions } from '../deadline.ts';
import { bytesOf, contentTypeOf } from '../payload.ts';
import type { Payload } from '../payload.ts';
import { numberOf, VISIBILITIES, wordOf } from '../words.ts';
import type { Visibility } from '../words.ts';
import { refuseIf } from './caller.ts';
import type { Caller } from './caller.ts';

export interface PutOptions extends CallOptions {
  /** Default: by the content: text, JSON, or `application/octet-stream`. */
  readonly contentType?: string | undefined;
  /** Default: `user`. */
  readonly visibility?: Visibility | undefined;
  /**
   * The version that this one goes on from, 0 for none: refused with `conflict` when it is another,
   * which `error.details.version` names. Left out: whatever there is.
   */
  readonly ifVersion?: number | undefined;
  /** It never changes again. */
  readonly frozen?: boolean | undefined;
  /** Default: that of the task's `trace_id` parameter, if it has one. */
  readonly traceId?: string | undefined;
}

/** By its key, the newest that can be seen; or by its id. */
export type ArtifactName = string | { readonly id: string };

export interface DisposeOptions extends CallOptions {
  /** Refused with `conflict` unless the artifact is at this version. */
  readonly ifVersion?: number | undefined;
}

export interface StoredArtifact {
  readonly id: string;
  readonly version: number;
  readonly sha256: string;
}

export interface GetOptions extends CallOptions {
  /** Left out: the newest. */
  readonly version?: number | undefined;
}

/** What is told of a version beside its content. */
export interface ArtifactAccount extends StoredArtifact {
  readonly key: string;
  readonly contentType: string;
  readonly visibility: Visibility;
  readonly storedBy: number;
  /** Seconds since 1970. */
  readonly storedAtSeconds: number;
  readonly owner: number;
  readonly isFrozen: boolean;
  /** The task that it was made for; empty: outside tasks. */
  readonly taskId: string;
  /** Empty: of no trace. */
  readonly traceId: string;
}

export interface Artifact extends ArtifactAccount {
  readonly content: Uint8Array;
  text(): string;
  /** Throws `SyntaxError` when the content is not JSON. */
  json(): unknown;
}

export interface ListArtifactsOptions extends CallOptions {
  readonly prefix?: string | undefined;
  /** Only those stored by this process. */
  readonly storedBy?: number | undefined;
}

export interface ArtifactEntry extends ArtifactAccount {
  readonly sizeBytes: number;
}

export class Artifacts {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** By id: a new version of that one, whose key and visibility stay. */
  async put(
    which: ArtifactName,
    content: Payload,
    options: PutOptions = {},
  ): Promise<StoredArtifact> {
    const value = {
      ...nameOf(which),
      content: bytesOf(content),
      contentType: options.contentType ?? contentTypeOf(content),
      visibility: numberOf(VISIBILITIES, options.visibility ?? 'user'),
      ifVersion: options.ifVersion,
      frozen: options.frozen ?? false,
      traceId: options.traceId ?? '',
    };
    const reply = await this.#caller.call('store', value, options);
    refuseIf(!reply.success, reply);
    return { id: reply.artifactId, version: reply.version, sha256: reply.sha256 };
  }

  /** Throws `not_found` for what is absent or not visible. */
  async get(which: ArtifactName, options: GetOptions = {}): Promise<Artifact> {
    const value = { ...nameOf(which), version: options.version ?? 0 };
    const reply = await this.#caller.call('getArtifact', value, options);
    refuseIf(!reply.found, { ...reply, errorCode: reply.errorCode || 'not_found' });
    const text = (): string => new TextDecoder().decode(reply.content);
    return {
      ...accountOf(reply),
      content: reply.content,
      text,
      json: () => JSON.parse(text()) as unknown,
    };
  }

  /** The newest version of each visible key. */
  async list(options: ListArtifactsOptions = {}): Promise<readonly ArtifactEntry[]> {
    const value = { prefix: options.prefix ?? '', storedByPid: options.storedBy ?? 0 };
    const reply = await this.#caller.call('listArtifacts', value, options);
    return reply.artifacts.map(entryFromWire);
  }

  /** Those that are kept, oldest first. Throws `not_found`. */
  async versions(
    which: ArtifactName,
    options: CallOptions = {},
  ): Promise<readonly ArtifactEntry[]> {
    const reply = await this.#caller.call('artifactVersions', nameOf(which), options);
    return reply.versions.map(entryFromWire);
  }

  /**
   * It never changes again. For its owner and the owner's ancestors; a second time changes nothing.
   * Gives its newest version.
   */
  async freeze(which: ArtifactName, options: DisposeOptions = {}): Promise<ArtifactEntry> {
    const value = { ...nameOf(which), ifVersion: options.ifVersion };
    return entryFromWire(await this.#caller.call('freezeArtifact', value, options));
  }

  /**
   * Deletes all versions; the key is free again. For its owner and the owner's ancestors; what is
   * frozen stays. Throws `not_found`.
   */
  async delete(which: ArtifactName, options: DisposeOptions = {}): Promise<void> {
    const value = { ...nameOf(which), ifVersion: options.ifVersion };
    await this.#caller.call('deleteArtifact', value, options);
  }
}

const nameOf = (which: ArtifactName): { key: string; artifactId: string } =>
  typeof which === 'string' ? { key: which, artifactId: '' } : { key: '', artifactId: which.id };

const entryFromWire = (meta: core.ArtifactMeta): ArtifactEntry => ({
  ...accountOf(meta),
  sizeBytes: meta.sizeBytes,
});

function accountOf(told: Omit<core.ArtifactMeta, 'sizeBytes' | 'versionsKept'>): ArtifactAccount {
  return {
    id: told.artifactId,
    key: told.key,
    version: told.version,
    sha256: told.sha256,
    contentType: told.contentType,
    visibility: wordOf(VISIBILITIES, told.visibility),
    storedBy: told.storedByPid,
    storedAtSeconds: told.storedAt,
    owner: told.ownerPid,
    isFrozen: told.frozen,
    taskId: told.taskId,
    traceId: told.traceId,
  };
}

// Artifacts: named, versioned content that outlives its author. A key is unique per what its reader
// may see; a write of a known key makes a new version.
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

export interface Artifact extends StoredArtifact {
  readonly key: string;
  readonly content: Uint8Array;
  readonly contentType: string;
  readonly visibility: Visibility;
  readonly storedBy: number;
  /** Seconds since 1970. */
  readonly storedAtSeconds: number;
  text(): string;
  /** Throws `SyntaxError` when the content is not JSON. */
  json(): unknown;
}

export interface ListArtifactsOptions extends CallOptions {
  readonly prefix?: string | undefined;
  /** Only those stored by this process. */
  readonly storedBy?: number | undefined;
}

export interface ArtifactEntry extends StoredArtifact {
  readonly key: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly visibility: Visibility;
  readonly storedBy: number;
  readonly storedAtSeconds: number;
}

export class Artifacts {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async put(key: string, content: Payload, options: PutOptions = {}): Promise<StoredArtifact> {
    const value = {
      key,
      content: bytesOf(content),
      contentType: options.contentType ?? contentTypeOf(content),
      visibility: numberOf(VISIBILITIES, options.visibility ?? 'user'),
    };
    const reply = await this.#caller.call('store', value, options);
    refuseIf(!reply.success, reply);
    return { id: reply.artifactId, version: reply.version, sha256: reply.sha256 };
  }

  /** Throws `not_found` for what is absent or not visible. */
  async get(which: string | { readonly id: string }, options: GetOptions = {}): Promise<Artifact> {
    const [key, artifactId] = typeof which === 'string' ? [which, ''] : ['', which.id];
    const value = { key, artifactId, version: options.version ?? 0 };
    const reply = await this.#caller.call('getArtifact', value, options);
    refuseIf(!reply.found, { ...reply, errorCode: reply.errorCode || 'not_found' });
    const text = (): string => new TextDecoder().decode(reply.content);
    return {
      id: artifactId,
      key: reply.key === '' ? key : reply.key,
      version: reply.version,
      sha256: reply.sha256,
      content: reply.content,
      contentType: reply.contentType,
      visibility: wordOf(VISIBILITIES, reply.visibility),
      storedBy: reply.storedByPid,
      storedAtSeconds: reply.storedAt,
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
}

function entryFromWire(meta: core.ArtifactMeta): ArtifactEntry {
  return {
    id: meta.artifactId,
    key: meta.key,
    version: meta.version,
    sha256: meta.sha256,
    contentType: meta.contentType,
    sizeBytes: meta.sizeBytes,
    visibility: wordOf(VISIBILITIES, meta.visibility),
    storedBy: meta.storedByPid,
    storedAtSeconds: meta.storedAt,
  };
}

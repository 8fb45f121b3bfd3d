// The artifacts of a kernel: named, versioned content. Part of the client; it makes calls, and
// keeps nothing.

import { toArtifact, toListedArtifact } from './answers.ts';
import type { Artifact, ListedArtifact, StoredArtifact } from './answers.ts';
import type { CallKernel, CallPatience } from './client-link.ts';
import { toStoreRequest } from './orders.ts';
import type { StoreOrder } from './orders.ts';

export type ArtifactName = { readonly key: string } | { readonly id: string };

/** Refused with `conflict` unless the artifact is at this version. */
interface IfVersion {
  readonly ifVersion?: number;
}

export class Artifacts {
  readonly #call: CallKernel;

  constructor(call: CallKernel) {
    this.#call = call;
  }

  async put(order: StoreOrder, how?: CallPatience): Promise<StoredArtifact> {
    const {
      artifactId: id,
      version,
      sha256,
    } = await this.#call('store', toStoreRequest(order), how);
    return { id, key: order.key, version, sha256 };
  }

  /** Throws `not_found`. Version 0 or left out: the newest. */
  async get(
    which: { key: string; version?: number } | { id: string; version?: number },
    how?: CallPatience,
  ): Promise<Artifact> {
    const value = { ...nameOf(which), version: which.version ?? 0 };
    return toArtifact(await this.#call('getArtifact', value, how));
  }

  /** The newest version of each key. */
  async list(
    query: { prefix?: string; storedBy?: number } = {},
    how?: CallPatience,
  ): Promise<readonly ListedArtifact[]> {
    const value = { prefix: query.prefix ?? '', storedByPid: query.storedBy ?? 0 };
    return (await this.#call('listArtifacts', value, how)).artifacts.map(toListedArtifact);
  }

  /** Those that are kept, oldest first. Throws `not_found`. */
  async versions(which: ArtifactName, how?: CallPatience): Promise<readonly ListedArtifact[]> {
    const { versions } = await this.#call('artifactVersions', nameOf(which), how);
    return versions.map(toListedArtifact);
  }

  /** It never changes again. A second time changes nothing. */
  async freeze(which: ArtifactName & IfVersion, how?: CallPatience): Promise<ListedArtifact> {
    const value = { ...nameOf(which), ifVersion: which.ifVersion };
    return toListedArtifact(await this.#call('freezeArtifact', value, how));
  }

  /** All versions of it; the key is free again. Throws `not_found`. */
  async delete(which: ArtifactName & IfVersion, how?: CallPatience): Promise<void> {
    await this.#call('deleteArtifact', { ...nameOf(which), ifVersion: which.ifVersion }, how);
  }
}

const nameOf = (which: ArtifactName): { key: string; artifactId: string } =>
  'key' in which ? { key: which.key, artifactId: '' } : { key: '', artifactId: which.id };

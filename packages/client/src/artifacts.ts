// The artifacts of a kernel: named, versioned content. Part of the client; it makes calls, and
// keeps nothing.

import { toArtifact, toListedArtifact } from './answers.ts';
import type { Artifact, ListedArtifact, StoredArtifact } from './answers.ts';
import type { CallKernel, CallPatience } from './client-link.ts';
import { toStoreRequest } from './orders.ts';
import type { StoreOrder } from './orders.ts';

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
    const key = 'key' in which ? which.key : '';
    const artifactId = 'id' in which ? which.id : '';
    const value = { artifactId, key, version: which.version ?? 0 };
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
}

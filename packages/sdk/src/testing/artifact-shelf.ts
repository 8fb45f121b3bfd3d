// The test kernel's artifacts: versions by key, the newest last. Visibility is kept and shown, not
// enforced.
import type { agent, core } from '@hivekernel/protocol';
import { createHash } from 'node:crypto';
import { HiveError } from '../hive-error.ts';

interface Version {
  readonly id: string;
  readonly version: number;
  readonly sha256: string;
  readonly storedBy: number;
  readonly request: agent.StoreArtifactRequest;
}

export class ArtifactShelf {
  readonly #versions = new Map<string, Version[]>();
  #count = 0;

  put(request: agent.StoreArtifactRequest, storedBy: number): agent.StoreArtifactResponse {
    if (request.key === '') throw new HiveError('invalid_argument', 'An artifact needs a key.');
    const versions = this.#versions.get(request.key) ?? [];
    this.#versions.set(request.key, versions);
    this.#count += 1;
    const id = versions[0]?.id ?? `a${this.#count}`;
    const sha256 = createHash('sha256').update(request.content).digest('hex');
    const version = versions.length + 1;
    versions.push({ id, version, sha256, storedBy, request });
    return { success: true, artifactId: id, error: '', errorCode: '', version, sha256 };
  }

  get(request: agent.GetArtifactRequest): agent.GetArtifactResponse {
    const versions = this.#find(request);
    const found = versions.find(({ version }) => version === request.version) ?? versions.at(-1);
    if (found === undefined) {
      const name = request.key || request.artifactId;
      throw new HiveError('not_found', `There is no artifact ${name}.`);
    }
    const { key, content, contentType, visibility } = found.request;
    return {
      found: true,
      content,
      contentType,
      storedByPid: found.storedBy,
      storedAt: 0,
      error: '',
      errorCode: '',
      key,
      version: found.version,
      sha256: found.sha256,
      visibility,
    };
  }

  list(request: core.ListArtifactsRequest): core.ArtifactMeta[] {
    return [...this.#versions.values()]
      .flatMap((versions) => versions.at(-1) ?? [])
      .filter(({ request: { key } }) => key.startsWith(request.prefix))
      .filter(({ storedBy }) => request.storedByPid === 0 || storedBy === request.storedByPid)
      .map((newest) => ({
        artifactId: newest.id,
        key: newest.request.key,
        contentType: newest.request.contentType,
        sizeBytes: newest.request.content.length,
        storedByPid: newest.storedBy,
        storedAt: 0,
        version: newest.version,
        sha256: newest.sha256,
        visibility: newest.request.visibility,
        versionsKept: newest.version,
      }));
  }

  #find(request: agent.GetArtifactRequest): readonly Version[] {
    if (request.key !== '') return this.#versions.get(request.key) ?? [];
    return [...this.#versions.values()].find(([first]) => first?.id === request.artifactId) ?? [];
  }
}

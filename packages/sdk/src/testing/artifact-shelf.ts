// The test kernel's artifacts: versions by key, the newest last, all of them kept. Visibility is
// kept and shown, not enforced; whoever asks may freeze and delete.
import type { agent, core, link } from '@hivekernel/protocol';
import { createHash } from 'node:crypto';
import { HiveError } from '../hive-error.ts';

interface Version {
  readonly version: number;
  readonly sha256: string;
  readonly storedBy: number;
  readonly taskId: string;
  readonly request: agent.StoreArtifactRequest;
}

interface Shelved {
  readonly id: string;
  readonly key: string;
  readonly owner: number;
  isFrozen: boolean;
  readonly versions: Version[];
}

type Name = Pick<agent.GetArtifactRequest, 'key' | 'artifactId'>;

export class ArtifactShelf {
  readonly #byKey = new Map<string, Shelved>();
  #count = 0;

  put(
    request: agent.StoreArtifactRequest,
    by: { readonly pid: number; readonly taskId: string },
  ): agent.StoreArtifactResponse {
    const { artifactId, content } = request;
    const known = artifactId === '' ? this.#byKey.get(request.key) : this.#require(request);
    const key = known?.key ?? request.key;
    if (key === '') throw new HiveError('invalid_argument', 'An artifact needs a key.');
    if (known?.isFrozen) throw new HiveError('wrong_state', `The artifact "${key}" is frozen.`);
    checkVersion(request.ifVersion, { key, known });
    const base = { key, owner: by.pid, isFrozen: false };
    const shelved = known ?? { ...base, id: `a${(this.#count += 1)}`, versions: [] };
    this.#byKey.set(key, shelved);
    const version = shelved.versions.length + 1;
    const sha256 = createHash('sha256').update(content).digest('hex');
    shelved.versions.push({ version, sha256, storedBy: by.pid, taskId: by.taskId, request });
    shelved.isFrozen = request.frozen;
    return { success: true, artifactId: shelved.id, error: '', errorCode: '', version, sha256 };
  }

  get(request: agent.GetArtifactRequest): agent.GetArtifactResponse {
    const shelved = this.#require(request);
    const { versions } = shelved;
    const asked = request.version === 0 ? versions.length : request.version;
    const found = versions[asked - 1];
    if (found === undefined) throw notFound(request);
    const { content } = found.request;
    return { ...accountOf(shelved, found), found: true, content, error: '', errorCode: '' };
  }

  list(request: core.ListArtifactsRequest): core.ArtifactMeta[] {
    return [...this.#byKey.values()]
      .filter(({ key }) => key.startsWith(request.prefix))
      .flatMap((shelved) => metasOf(shelved).slice(-1))
      .filter((meta) => request.storedByPid === 0 || meta.storedByPid === request.storedByPid);
  }

  versions(name: Name): core.ArtifactMeta[] {
    return metasOf(this.#require(name));
  }

  freeze(call: link.FreezeArtifactCall): core.ArtifactMeta {
    const shelved = this.#require(call);
    checkVersion(call.ifVersion, { key: shelved.key, known: shelved });
    shelved.isFrozen = true;
    return metasOf(shelved).at(-1) as core.ArtifactMeta;
  }

  delete(call: link.DeleteArtifactCall): void {
    const shelved = this.#require(call);
    checkVersion(call.ifVersion, { key: shelved.key, known: shelved });
    if (shelved.isFrozen) {
      const why = `denied: the artifact "${shelved.key}" is frozen.`;
      throw new HiveError('permission_denied', why);
    }
    this.#byKey.delete(shelved.key);
  }

  #require(name: Name): Shelved {
    const found =
      name.key === '' || name.artifactId !== ''
        ? [...this.#byKey.values()].find(({ id }) => id === name.artifactId)
        : this.#byKey.get(name.key);
    if (found === undefined) throw notFound(name);
    return found;
  }
}

function checkVersion(
  expected: number | undefined,
  { key, known }: { readonly key: string; readonly known: Shelved | undefined },
): void {
  const version = known?.versions.length ?? 0;
  if (expected === undefined || expected === version) return;
  const message = `The artifact "${key}" is at version ${version}, not ${expected}.`;
  throw new HiveError('conflict', message, { details: { key, version, expected } });
}

const notFound = (name: Name): HiveError =>
  new HiveError('not_found', `There is no artifact ${name.key || name.artifactId}.`);

function accountOf(shelved: Shelved, version: Version) {
  return {
    artifactId: shelved.id,
    key: shelved.key,
    contentType: version.request.contentType,
    storedByPid: version.storedBy,
    storedAt: 0,
    version: version.version,
    sha256: version.sha256,
    visibility: version.request.visibility,
    frozen: shelved.isFrozen,
    ownerPid: shelved.owner,
    taskId: version.taskId,
    traceId: version.request.traceId,
  };
}

const metasOf = (shelved: Shelved): core.ArtifactMeta[] =>
  shelved.versions.map((version) => ({
    ...accountOf(shelved, version),
    sizeBytes: version.request.content.length,
    versionsKept: shelved.versions.length,
  }));

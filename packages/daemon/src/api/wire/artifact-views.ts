// Artifacts as messages of the wire. `stored_at` is in unix seconds. Whether the caller may see one
// was the kernel's question, before this.

import type { Found } from '@hivekernel/kernel';
import type { agent, core } from '@hivekernel/protocol';
import { bytesOf, whenThere } from './content-bytes.ts';
import type { Reader } from './content-bytes.ts';
import { artifactIdText, taskIdText } from './wire-ids.ts';
import { VISIBILITY } from './words.ts';

const MS = 1_000;

export function toStored({ record, version }: Found): agent.StoreArtifactResponse {
  return {
    success: true,
    artifactId: artifactIdText(record.artifact),
    error: '',
    errorCode: '',
    version: version.version,
    sha256: version.content.hash ?? '',
  };
}

const NOTHING_FOUND: agent.GetArtifactResponse = {
  found: false,
  content: new Uint8Array(0),
  contentType: '',
  storedByPid: 0,
  storedAt: 0,
  error: 'There is no such artifact, or the caller may not see it.',
  errorCode: 'not_found',
  key: '',
  version: 0,
  sha256: '',
  visibility: 0,
  artifactId: '',
  frozen: false,
  ownerPid: 0,
  taskId: '',
  traceId: '',
};

/** What a listing and a reply with the content tell alike. */
function toAccount({ record, version }: Found) {
  return {
    artifactId: artifactIdText(record.artifact),
    key: record.key,
    contentType: version.contentType,
    storedByPid: version.storedBy,
    storedAt: Math.floor(version.wallMs / MS),
    version: version.version,
    sha256: version.content.hash ?? '',
    visibility: VISIBILITY.toWire(record.visibility),
    frozen: record.frozen !== null,
    ownerPid: record.owner,
    taskId: version.task === null ? '' : taskIdText(version.task),
    traceId: version.trace,
  };
}

/** Absent and invisible read the same (M12). */
export function toArtifact(
  found: Found | undefined,
  reader: Reader,
): agent.GetArtifactResponse | Promise<agent.GetArtifactResponse> {
  if (found === undefined) return NOTHING_FOUND;
  return whenThere(bytesOf(found.version.content, reader), (content) => ({
    ...toAccount(found),
    found: true,
    content,
    error: '',
    errorCode: '',
  }));
}

export function noArtifact(error: { message: string; code: string }): agent.GetArtifactResponse {
  return { ...NOTHING_FOUND, error: error.message, errorCode: error.code };
}

export function toArtifactMeta(found: Found): core.ArtifactMeta {
  const { record, version } = found;
  return {
    ...toAccount(found),
    sizeBytes: version.content.bytes,
    versionsKept: record.versions.length,
  };
}

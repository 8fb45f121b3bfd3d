// Calls on artifacts, read: what is asked, of which one. A content is made into the kernel's last
// of all, after every check that is made here (host.ts says why).

import { KernelError, LIMITS } from '@hivekernel/kernel';
import type { ArgsOf, ArtifactName } from '@hivekernel/kernel';
import type { agent, link } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import * as bounds from './bounds.ts';
import { traceOf } from './previews.ts';
import { artifactIdFrom } from './wire-ids.ts';
import * as words from './words.ts';

type ContentMaker = { readonly host: Pick<Host, 'hashedContent'> };

const NO_BYTES = new Uint8Array(0);

export function readStore(q: agent.StoreArtifactRequest, { host }: ContentMaker): ArgsOf<'store'> {
  const contentType = bounds.word(q.contentType, 'content_type');
  const visibility = words.VISIBILITY.fromWire(q.visibility, 'visibility');
  const ifVersion = expectedOf(q);
  const artifact = q.artifactId === '' ? undefined : artifactIdFrom(q.artifactId);
  const bound = { field: 'content', max: LIMITS.artifactBytesMax };
  const bytes = bounds.payload(q.content, bound);
  // The call is open until its append is durable, and would hold on to its frame as long.
  q.content = NO_BYTES;
  const trace = bounds.word(q.traceId, 'trace_id') || traceIn(bytes);
  return {
    key: q.key,
    contentType,
    visibility,
    content: host.hashedContent(bytes, { isGivenAway: true }),
    ifVersion,
    artifact,
    isFrozen: q.frozen,
    trace,
  };
}

/** PROTOCOL §3: small JSON may carry one, as the payload of a message does. */
const traceIn = (bytes: Uint8Array): string =>
  bytes.length <= LIMITS.inlineContentBytesMax ? traceOf(bytes).traceId : '';

export function readDisposal(
  q: link.DeleteArtifactCall | link.FreezeArtifactCall,
): ArgsOf<'delete_artifact'> {
  return { by: artifactOf(q), ifVersion: expectedOf(q) };
}

const expectedOf = ({ ifVersion }: { ifVersion?: number | undefined }): number | undefined =>
  ifVersion === undefined ? undefined : bounds.count(ifVersion, 'if_version');

export function artifactOf(q: { key: string; artifactId: string }): ArtifactName {
  // PROTOCOL §3: the key beats the id.
  if (q.key !== '') return { key: q.key };
  if (q.artifactId !== '') return { artifact: artifactIdFrom(q.artifactId) };
  throw new KernelError('invalid_argument', 'Name the artifact by key or artifact_id.', {
    details: { field: 'key' },
  });
}

// What an order to store must hold whoever gives it: a key that is one, a size that fits, and the
// version that the writer expects.
//   M12. At most 16 MiB. A write may demand the version that it goes on from; 0: there is none yet.

import { KernelError, type ErrorDetails } from '../errors.ts';
import type { Content } from '../events/content.ts';
import { LIMITS } from '../limits.ts';
import { newestOf, type ArtifactRecord } from './catalog.ts';

/** C0, C1 and the separators: what would break a line that shows the key. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
/** Of a surrogate pair: UTF-8 has no word for it. */
const HALF = /\p{Surrogate}/u;

export function checkKey(key: string): void {
  const why = faultOf(key);
  if (why === undefined) return;
  throw new KernelError('invalid_argument', `This is no key for an artifact: ${why} (M12).`, {
    details: { field: 'key' },
  });
}

function faultOf(key: string): string | undefined {
  if (key === '') return 'it is empty';
  if (key.length > LIMITS.artifactKeyCharsMax) {
    return `it has ${key.length} characters, at most ${LIMITS.artifactKeyCharsMax} are allowed`;
  }
  if (CONTROL.test(key)) return 'it holds a control character';
  if (HALF.test(key)) return 'it holds half a character';
  return key.split('/').includes('..') ? 'it holds a ".." part' : undefined;
}

export function checkSize(content: Content): void {
  if (content.bytes <= LIMITS.artifactBytesMax) return;
  throw new KernelError(
    'too_large',
    `The artifact has ${content.bytes} bytes, ` +
      `at most ${LIMITS.artifactBytesMax} are allowed (M12).`,
    { details: { bytes: content.bytes } },
  );
}

/** Throws `conflict` and names the version that there is; 0: none. */
export function checkVersion(expected: number | undefined, at: Place): void {
  const { key, known } = at;
  const version = known === undefined ? 0 : newestOf(known).version;
  if (expected === undefined || expected === version) return;
  const is = version === 0 ? 'does not exist' : `is at version ${version}`;
  const should = expected === 0 ? 'it should not exist' : `version ${expected} was expected`;
  const details: ErrorDetails = { key, version, expected };
  throw new KernelError('conflict', `The artifact "${key}" ${is}; ${should} (M12).`, { details });
}

interface Place {
  readonly key: string;
  readonly known: ArtifactRecord | undefined;
}

/** Throws `wrong_state`. */
export function checkThawed(record: ArtifactRecord): void {
  if (record.frozen === null) return;
  const { version } = newestOf(record);
  throw new KernelError(
    'wrong_state',
    `The artifact "${record.key}" is frozen at version ${version} and never changes again (M12).`,
    { details: { key: record.key, version } },
  );
}

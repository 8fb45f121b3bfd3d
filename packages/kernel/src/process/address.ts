// Name addresses (P7): `/king/queen/lead-1`, fixed at spawn, free again when the process is gone.
// `/` in a name is written `%2F` (and `%` itself `%25`, so that reading back is exact).

import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

export const KING_ADDRESS = '/king';

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const DIGITS_ONLY = /^\d+$/;

/** P5, P7: refuses what cannot be a process's name. */
export function checkName(name: string): void {
  const why =
    name === ''
      ? 'it is empty'
      : name.length > LIMITS.nameCharsMax
        ? `it has ${name.length} characters, at most ${LIMITS.nameCharsMax} are allowed`
        : CONTROL.test(name)
          ? 'it holds a control character'
          : DIGITS_ONLY.test(name)
            ? 'it is made of digits only and would read as a pid'
            : undefined;
  if (why === undefined) return;
  throw new KernelError('invalid_argument', `This is no name for a process: ${why} (P5, P7).`, {
    details: { field: 'name' },
  });
}

const escapeName = (name: string): string => name.replaceAll('%', '%25').replaceAll('/', '%2F');

/** The address that a child of this name would like. */
export const childAddress = (parentAddress: string, name: string): string =>
  `${parentAddress}/${escapeName(name)}`;

/** `/king/queen`, `/queen` and `queen/lead` all name what is under the king (P7). */
export function normalizeAddress(text: string): string {
  const path = text.startsWith('/') ? text : `/${text}`;
  if (path === KING_ADDRESS || path.startsWith(`${KING_ADDRESS}/`)) return path;
  return `${KING_ADDRESS}${path}`;
}

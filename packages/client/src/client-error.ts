// The one error of the client: a refusal of the kernel, or no kernel to talk to (`unavailable`).
// Codes are those of the kernel's closed list; they travel as words, so an unknown one does no
// harm.

import { LinkCallError } from '@hivekernel/protocol/link-client';

export class HiveClientError extends Error {
  override readonly name = 'HiveClientError';
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;

  constructor(
    code: string,
    message: string,
    options: { details?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** What the link threw, as the client's error; anything else as it is. */
export function asClientError(error: unknown): unknown {
  if (!(error instanceof LinkCallError)) return error;
  const { code, message, details } = error;
  return new HiveClientError(code, message, { details, cause: error });
}

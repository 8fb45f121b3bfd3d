// What can go wrong on the link: the peer breaks the protocol (LinkProtocolError: the connection is
// of no more use), or a call is refused (LinkCallError: only that call failed).
// Codes are those of the kernel's closed list; they travel as words: an unknown one does no harm.
import type { CallError } from '../gen/link.ts';

/** The peer sent what is no frame, or no message, or breaks a rule of the link. */
export class LinkProtocolError extends Error {
  override readonly name = 'LinkProtocolError';
}

/** A call, a request or a connection that failed; `code` is of the kernel's closed list. */
export class LinkCallError extends Error {
  override readonly name = 'LinkCallError';
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

export function fromCallError(error: CallError): LinkCallError {
  return new LinkCallError(error.code || 'internal', error.message, { details: error.details });
}

interface Coded {
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

const CODE_WORD = /^[a-z]+(_[a-z]+)*$/;

/** An error of the kernel's kind: its `code` is a word of lower case, unlike those of the OS. */
function isCoded(error: unknown): error is Error & Coded {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    CODE_WORD.test(error.code)
  );
}

/** Any thrown value as what travels; without a code of the closed list it is `internal`. */
export function toCallError(error: unknown): CallError {
  if (!isCoded(error)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'internal', message, details: {} };
  }
  const entries = Object.entries(error.details ?? {});
  const details = entries.map(([key, value]): [string, string] => [key, String(value)]);
  return { code: error.code, message: error.message, details: Object.fromEntries(details) };
}

// An error for people, in three parts: what, why, do this; with a stable code and an exit code
// (UX §4.7). What the kernel or the configuration threw becomes one here.

import { EXIT, exitCodeOf } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';

export interface Hint {
  readonly label: string;
  readonly command: string;
}

export interface CliErrorParts {
  /** Stable: `E_UNREACHABLE`. */
  readonly code: string;
  readonly exitCode: ExitCode;
  /** What: one sentence. */
  readonly message: string;
  readonly why?: string;
  readonly hints?: readonly Hint[];
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  readonly cause?: unknown;
}

export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly why: string;
  readonly hints: readonly Hint[];
  readonly details: Readonly<Record<string, string | number | boolean>>;

  constructor(parts: CliErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.exitCode = parts.exitCode;
    this.why = parts.why ?? '';
    this.hints = parts.hints ?? [];
    this.details = parts.details ?? {};
  }
}

export function usageError(message: string, parts: { hints?: readonly Hint[] } = {}): CliError {
  return new CliError({ code: 'E_USAGE', exitCode: EXIT.usage, message, ...parts });
}

export function noMatch(
  message: string,
  parts: Pick<CliErrorParts, 'why' | 'hints'> = {},
): CliError {
  return new CliError({ code: 'E_NO_MATCH', exitCode: EXIT.noMatch, message, ...parts });
}

interface Coded {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

/** Errors of the client and of the kernel: a code word of the closed list. */
function isCoded(error: unknown): error is Error & Coded {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^[a-z]+(_[a-z]+)*$/.test(error.code)
  );
}

/** Anything thrown, as an error for people; what nobody foresaw is our own fault (70). */
export function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (!isCoded(error)) return ourFault(error);
  const { code, message, details = {} } = error;
  if (details['reason'] === 'configuration') return badConfig(error);
  if (code === 'unavailable' && message.startsWith(LINK_ENDED)) return lostLink(error);
  const [what = message, ...rest] = message.split('\n');
  return new CliError({
    code: `E_${code.toUpperCase()}`,
    exitCode: exitCodeOf(code),
    message: what,
    why: rest.join('\n'),
    details,
    cause: error,
  });
}

/** How the link tells that it was cut in the middle of a call. */
const LINK_ENDED = 'the link to the kernel ended';

function lostLink(error: Error & Coded): CliError {
  return new CliError({
    code: 'E_UNAVAILABLE',
    exitCode: exitCodeOf('unavailable'),
    message: error.message,
    why: 'What waits in inboxes, queues and at cursors is kept; start the same command again.',
    hints: [
      { label: 'Start it again', command: 'hive up -d' },
      { label: 'See what happened', command: 'hive doctor' },
    ],
    details: error.details ?? {},
    cause: error,
  });
}

function badConfig(error: Error & Coded): CliError {
  const [what = '', ...lines] = error.message.split('\n');
  return new CliError({
    code: 'E_CONFIG',
    exitCode: EXIT.config,
    message: what,
    why: lines.map((line) => line.trim()).join('\n'),
    hints: [{ label: 'See every setting', command: 'docs/guides/configuration.md' }],
    details: error.details ?? {},
    cause: error,
  });
}

function ourFault(error: unknown): CliError {
  const message = error instanceof Error ? error.message : String(error);
  return new CliError({
    code: 'E_INTERNAL',
    exitCode: EXIT.bug,
    message: message || 'something went wrong inside hive',
    why: 'This is a fault of hive itself.',
    cause: error,
  });
}

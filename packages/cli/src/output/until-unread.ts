// Notices that nobody reads stdout any more while there is nothing to print, for commands that
// wait for what comes: a pipe in which nothing was written for a while gets a blank.
//   JSON does not mind blanks, so they go on. A line for people has one before it at most, which
//   finds out a reader that left after the line before. Other formats bear none: there such a
//   reader is missed with the next line.

import type { Context } from '../context.ts';
import { isJsonFormat } from './formats.ts';
import type { Format } from './formats.ts';

const QUIET_MS = 2_000;

export interface UntilUnread {
  /** Aborts when nobody reads stdout any more. */
  readonly signal: AbortSignal;
  readonly release: () => void;
}

export function untilUnread({ terminal }: Context, format: Format): UntilUnread {
  const controller = new AbortController();
  const isJson = isJsonFormat(format);
  const bearsBlanks = isJson || format === 'table' || format === 'wide';
  let writes = terminal.writes;
  let isBlank = false;
  const look = (): void => {
    const isQuiet = terminal.writes === writes;
    if (!isQuiet) isBlank = false;
    if (isQuiet && (isJson || !isBlank)) {
      isBlank = true;
      terminal.write(' ').catch(() => controller.abort());
    }
    writes = terminal.writes;
  };
  const timer = bearsBlanks && terminal.isOutPiped ? setInterval(look, QUIET_MS) : undefined;
  return { signal: controller.signal, release: () => clearInterval(timer) };
}

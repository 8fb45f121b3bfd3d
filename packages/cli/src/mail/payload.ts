// What a message carries: the words of the command line, or stdin where they are `-`. At most 1 MiB
// (M8); refused here, before a kernel is asked.

import { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import type { Terminal } from '../output/terminal.ts';

const PAYLOAD_BYTES_MAX = 1024 * 1024;

/** Throws E_TOO_LARGE. */
export async function readPayload(terminal: Terminal, text: string): Promise<string | Uint8Array> {
  if (text !== '-') return text;
  try {
    return await terminal.readAll(PAYLOAD_BYTES_MAX);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CliError({
      code: 'E_TOO_LARGE',
      exitCode: EXIT.usage,
      message: 'stdin has more than 1 MiB, the most that a message may carry.',
      hints: [{ label: 'Store it and send its key', command: 'hive artifact put KEY -' }],
    });
  }
}

// Asks before something that cannot be undone. Without a terminal nobody can answer: it refuses.
// The question goes to stderr, so that stdout stays the answer's; `--yes` answers beforehand, and
// what it hits is told all the same.

import { createInterface } from 'node:readline/promises';
import type { Context } from '../context.ts';
import { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';

/** True: go on. Throws E_UNCONFIRMED (exit 2) where nobody can be asked. */
export async function confirm(
  { terminal, flags }: Context,
  ask: { blast: string; question: string },
): Promise<boolean> {
  if (flags.isYes) {
    terminal.note(ask.blast);
    return true;
  }
  if (!terminal.isInTty || !terminal.isErrTty || !flags.mayAsk) {
    throw new CliError({
      code: 'E_UNCONFIRMED',
      exitCode: EXIT.usage,
      message: `${ask.blast} Nobody can be asked here.`,
      hints: [{ label: 'Say yes beforehand', command: '--yes' }],
    });
  }
  terminal.note(ask.blast);
  const lines = createInterface({ input: terminal.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${ask.question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    return false;
  } finally {
    lines.close();
  }
}

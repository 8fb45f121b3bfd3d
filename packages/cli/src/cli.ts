// One run of `hive`: reads the command line, does the command, tells what went wrong, and says with
// which code to exit. It never exits itself.

import { CommanderError } from 'commander';
import type { HiveClient } from '@hivekernel/client';
import type { Command } from 'commander';
import { Context } from './context.ts';
import { withSignalFlag } from './act/signal-words.ts';
import { withMinusAmount } from './budget/minus-amount.ts';
import { asCliError } from './errors/cli-error.ts';
import type { CliError } from './errors/cli-error.ts';
import { reportError } from './errors/error-report.ts';
import { EXIT } from './errors/exit-codes.ts';
import { isJsonFormat } from './output/formats.ts';
import { ReaderGoneError, Terminal } from './output/terminal.ts';
import type { Streams } from './output/terminal.ts';
import { asUsageError, buildProgram, readGlobalFlags } from './program.ts';

export interface CliRequest {
  /** Without `node` and the script. */
  readonly argv: readonly string[];
  readonly streams: Streams;
  readonly cwd: string;
}

export async function runCli(request: CliRequest): Promise<number> {
  const terminal = new Terminal(request.streams);
  const run = new Run(request, terminal);
  try {
    return await run.go();
  } catch (error) {
    if (error instanceof ReaderGoneError) return EXIT.ok;
    const shown = await run.explain(error);
    if (shown === undefined) return EXIT.ok;
    terminal.err(reportError(shown, { ...run.manner, paint: terminal.errPaint }));
    return shown.exitCode;
  } finally {
    run.close();
  }
}

class Run {
  readonly #request: CliRequest;
  readonly #terminal: Terminal;
  readonly #program: Command;
  readonly #clients: HiveClient[] = [];
  #exitCode: number = EXIT.ok;

  constructor(request: CliRequest, terminal: Terminal) {
    this.#request = request;
    this.#terminal = terminal;
    this.#program = buildProgram({
      terminal,
      handle: async (handler, command) => {
        this.#exitCode = (await handler(this.#context(), command)) ?? EXIT.ok;
      },
    });
  }

  async go(): Promise<number> {
    const argv = withMinusAmount(withSignalFlag(this.#request.argv));
    await this.#program.parseAsync([...argv], { from: 'user' });
    return this.#exitCode;
  }

  /** How errors are told: guessed from the words where they cannot be read. */
  get manner(): { isJson: boolean; verbosity: number } {
    try {
      const { format, verbosity } = readGlobalFlags(this.#program, this.#terminal);
      return { isJson: isJsonFormat(format), verbosity };
    } catch {
      return { isJson: this.#request.argv.includes('json'), verbosity: 0 };
    }
  }

  async explain(error: unknown): Promise<CliError | undefined> {
    if (!(error instanceof CommanderError)) return asCliError(error);
    return asUsageError(error, { program: this.#program, argv: this.#request.argv });
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #context(): Context {
    return new Context({
      terminal: this.#terminal,
      flags: readGlobalFlags(this.#program, this.#terminal),
      cwd: this.#request.cwd,
      onClient: (client) => this.#clients.push(client),
    });
  }
}

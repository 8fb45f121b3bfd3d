// The agent's structured log: into the kernel's journal, where everybody who may read the process
// sees it. Never throws and never rejects: a log line that the kernel refuses goes to stderr.
import type { CallOptions } from '../deadline.ts';
import { messageOf } from '../hive-error.ts';
import { textValues } from '../task.ts';
import { LOG_LEVELS, numberOf } from '../words.ts';
import type { LogLevel } from '../words.ts';
import type { Caller } from './caller.ts';

/** Values that are no text are written as JSON. */
export type LogFields = Readonly<Record<string, unknown>>;

export class Log {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  debug(message: string, fields?: LogFields, options?: CallOptions): Promise<void> {
    return this.#write({ level: 'debug', message, fields }, options);
  }

  info(message: string, fields?: LogFields, options?: CallOptions): Promise<void> {
    return this.#write({ level: 'info', message, fields }, options);
  }

  warn(message: string, fields?: LogFields, options?: CallOptions): Promise<void> {
    return this.#write({ level: 'warn', message, fields }, options);
  }

  error(message: string, fields?: LogFields, options?: CallOptions): Promise<void> {
    return this.#write({ level: 'error', message, fields }, options);
  }

  async #write(
    line: { level: LogLevel; message: string; fields: LogFields | undefined },
    options: CallOptions | undefined,
  ): Promise<void> {
    const level = numberOf(LOG_LEVELS, line.level);
    const value = { level, message: line.message, fields: textValues(line.fields) };
    try {
      await this.#caller.call('log', value, options);
    } catch (error) {
      console.error(`log refused (${messageOf(error)}): ${line.level} ${line.message}`);
    }
  }
}

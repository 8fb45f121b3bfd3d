// The words between the daemon and its reaper: one line each on the reaper's stdin.
//   `+ <pgid> <osStarted>`  this group is ours; again with the start time once it is known
//   `- <pgid>`              it is gone
//   `quit`                  the daemon ends cleanly; there is nothing to do
// The end of stdin without `quit` means that the daemon died.

import type { OsRecord } from '../os/end-recorded.ts';

/** Of groups: far more than a machine has processes. */
const RECORDS_MAX = 1_000_000;
const LINE_CHARS_MAX = 256;

export const addLine = ({ osPid, osStarted }: OsRecord): string => `+ ${osPid} ${osStarted}\n`;
export const removeLine = (osPid: number): string => `- ${osPid}\n`;
export const QUIT_LINE = 'quit\n';

export class ReaperList {
  readonly #records = new Map<number, string>();
  #rest = '';
  #isQuit = false;

  get isQuit(): boolean {
    return this.#isQuit;
  }

  get records(): OsRecord[] {
    return [...this.#records].map(([osPid, osStarted]) => ({ osPid, osStarted }));
  }

  /** Gives the start time of a group whose line had none. */
  complete(osPid: number, osStarted: string): void {
    if (this.#records.get(osPid) === '') this.#records.set(osPid, osStarted);
  }

  /** Takes a piece of the stream. Returns the groups that were added without a start time. */
  push(text: string): number[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, LINE_CHARS_MAX);
    return lines.flatMap((line) => this.#take(line));
  }

  #take(line: string): number[] {
    if (line === 'quit') this.#isQuit = true;
    const [sign, group, osStarted = ''] = line.split(' ');
    const osPid = Number(group);
    if (!Number.isSafeInteger(osPid) || osPid <= 1) return [];
    if (sign === '-') this.#records.delete(osPid);
    if (sign !== '+' || this.#records.size >= RECORDS_MAX) return [];
    this.#records.set(osPid, osStarted);
    return osStarted === '' ? [osPid] : [];
  }
}

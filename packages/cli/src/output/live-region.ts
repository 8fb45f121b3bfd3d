// A few lines at the bottom of the terminal that are drawn again and again, and lines that scroll
// by above them. Nothing is drawn outside: what was there before stays.
//   Not more lines than the terminal has, none wider: a wrapped line could not be taken back.

import { cutEnd } from './plain-text.ts';

const UP = (lines: number): string => (lines === 0 ? '\r' : `\r\u001b[${lines}A`);
const CLEAR_DOWN = '\u001b[0J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
/** Kept free, so that the terminal does not scroll. */
const ROWS_SPARE = 2;

export interface RegionPort {
  readonly write: (text: string) => void;
  readonly size: () => { columns: number; rows: number };
}

/** A line, and how it is coloured once it has its final length. */
export type RegionLine =
  string | { readonly text: string; readonly paint: (text: string) => string };

export class LiveRegion {
  readonly #port: RegionPort;
  #drawn = 0;
  #isHidden = false;
  #lines: readonly RegionLine[] = [];

  constructor(port: RegionPort) {
    this.#port = port;
  }

  draw(lines: readonly RegionLine[]): void {
    this.#lines = lines;
    const { columns, rows } = this.#port.size();
    const room = Math.max(1, rows - ROWS_SPARE);
    const shown = lines.length > room ? [...lines.slice(0, room - 1), '…'] : lines;
    const text = shown.map((line) => `${fit(line, columns - 1)}\n`).join('');
    const hide = this.#isHidden ? '' : HIDE_CURSOR;
    this.#isHidden = true;
    this.#port.write(`${hide}${UP(this.#drawn)}${CLEAR_DOWN}${text}`);
    this.#drawn = shown.length;
  }

  /** A line that scrolls by above the region. */
  print(line: string): void {
    this.#port.write(`${UP(this.#drawn)}${CLEAR_DOWN}${line}\n`);
    this.#drawn = 0;
    this.draw(this.#lines);
  }

  /** Takes the region away. */
  clear(): void {
    if (!this.#isHidden) return;
    this.#port.write(`${UP(this.#drawn)}${CLEAR_DOWN}${SHOW_CURSOR}`);
    this.#drawn = 0;
    this.#isHidden = false;
  }

  /** Leaves the region's last state where it is. */
  keep(): void {
    if (!this.#isHidden) return;
    this.#port.write(SHOW_CURSOR);
    this.#drawn = 0;
    this.#isHidden = false;
  }
}

function fit(line: RegionLine, columns: number): string {
  if (typeof line === 'string') return line.includes('\u001b') ? line : cutEnd(line, columns);
  return line.paint(cutEnd(line.text, columns));
}

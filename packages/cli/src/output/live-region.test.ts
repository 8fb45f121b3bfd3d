import { beforeEach, describe, expect, it } from 'vitest';
import { LiveRegion } from './live-region.ts';

let written: string;
let size: { columns: number; rows: number };
let region: LiveRegion;

beforeEach(() => {
  written = '';
  size = { columns: 20, rows: 10 };
  region = new LiveRegion({ write: (text) => (written += text), size: () => size });
});

/** What a terminal of many rows would show: only the sequences that a region uses. */
function screen(text: string): string[] {
  const lines = [''];
  let row = 0;
  for (const [part] of text.matchAll(
    /\u001b\[(\d*)([A-Za-z])|\u001b\[\?25[hl]|\r|\n|[^\u001b\r\n]+/g,
  )) {
    const up = /^\u001b\[(\d+)A$/.exec(part);
    if (up) row -= Number(up[1]);
    else if (part === '\u001b[0J') lines.length = row + 1;
    else if (part === '\n') lines[(row += 1)] ??= '';
    if (part === '\u001b[0J') lines[row] = '';
    if (!part.startsWith('\u001b') && part !== '\n' && part !== '\r') lines[row] = part;
  }
  return lines;
}

describe('LiveRegion', () => {
  it('draws over what it drew, and shrinks', () => {
    region.draw(['one', 'two', 'three']);
    region.draw(['four']);
    expect(screen(written)).toEqual(['four', '']);
  });

  it('lets lines scroll by above itself', () => {
    region.draw(['one', 'two']);
    region.print('told');
    expect(screen(written)).toEqual(['told', 'one', 'two', '']);
  });

  it('is gone after clear, with the cursor shown again', () => {
    region.draw(['one']);
    region.clear();
    expect(screen(written)).toEqual(['']);
    expect(written.endsWith('\u001b[?25h')).toBe(true);
    const before = written;
    region.clear();
    expect(written).toBe(before);
  });

  it('never draws wider or higher than the terminal', () => {
    size = { columns: 10, rows: 6 };
    region.draw(['0123456789012345', ...Array.from({ length: 20 }, (_, i) => `${i}`)]);
    const lines = screen(written).slice(0, -1);
    expect(lines).toEqual(['01234567…', '0', '1', '…']);
  });

  it('colours a line after it was cut', () => {
    size = { columns: 5, rows: 6 };
    region.draw([{ text: 'abcdefgh', paint: (text) => `<${text}>` }]);
    expect(screen(written)[0]).toBe('<abc…>');
  });
});

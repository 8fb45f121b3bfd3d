import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, outlineOf, pack, textOfHtml } from './reading.ts';

const squeeze = (text: string): string => text.replace(/\s+/g, '');

describe('cut()', () => {
  it('loses nothing but blanks, and keeps every piece within the bound', () => {
    const text = fc.array(fc.constantFrom('word', 'a', ' ', '\n', '\n\n', 'longer-word'));
    fc.assert(
      fc.property(text, fc.integer({ min: 5, max: 40 }), (parts, charsMax) => {
        const pieces = cut(parts.join(''), charsMax);
        expect(squeeze(pieces.join(''))).toBe(squeeze(parts.join('')));
        expect(pieces.every((piece) => piece.length > 0 && piece.length <= charsMax)).toBe(true);
      }),
    );
  });

  it('cuts at a paragraph where there is one', () => {
    expect(cut('first part\n\nsecond part', 15)).toEqual(['first part', 'second part']);
  });
});

describe('pack()', () => {
  it('lets short documents share a prompt and gives long ones several', () => {
    const prompts = pack(
      [
        { name: 'a', text: 'aaaa' },
        { name: 'b', text: 'bbbb' },
        { name: 'c', text: 'c c c c c c c c' },
      ],
      10,
    );
    expect(prompts.map((prompt) => prompt.map(({ name }) => name))).toEqual([
      ['a', 'b'],
      ['c'],
      ['c'],
    ]);
  });
});

describe('outlineOf()', () => {
  it('gives the headings, else the first line', () => {
    expect(outlineOf('# One #\ntext\n## Two\n#### Four\n### Three', 2)).toEqual(['One', 'Two']);
    expect(outlineOf('\n  const x = 1;\nmore', 5)).toEqual(['const x = 1;']);
    expect(outlineOf('', 5)).toEqual([]);
  });
});

describe('textOfHtml()', () => {
  it('keeps headings, paragraphs and lists, drops scripts and markup, reads entities', () => {
    const html =
      '<head><title>no</title></head><body><h2 class="x">Kernels &amp; more</h2>' +
      '<p>First&nbsp;line<br>second</p>' +
      '<script>alert("<p>")</script><ul><li>one</li><li>two &#8211; ' +
      '&#x41;</li></ul></body>';
    expect(textOfHtml(html)).toBe('## Kernels & more\n\nFirst line\nsecond\n\n- one\n- two – A');
  });
});

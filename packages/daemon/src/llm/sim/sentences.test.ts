import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSentence, readDocument } from './sentences.ts';
import type { Document, Sentence } from './sentences.ts';
import { BUDGETS, CRASH } from './sim-world.ts';

function sentences(document: Document): Sentence[] {
  return [...readDocument(document)].filter(isSentence);
}

const texts = (text: string): string[] => sentences({ name: 'x', text }).map((one) => one.text);

describe('readDocument()', () => {
  it('takes prose and lists, and leaves code and tables out', () => {
    expect(sentences(CRASH).map(({ text }) => text)).toEqual([
      'Intro text that nobody asked about stands here first.',
      'The supervisor decides by its restart rule what happens to a crashed agent.',
      'Children, budget and mailbox stay with the pid of the agent, e.g. its queued messages.',
      'The journal is replayed from the last snapshot after a crash of the kernel.',
      'Agents end within two seconds when the kernel dies!',
    ]);
  });

  it('keeps headings as context', () => {
    expect(sentences(CRASH).at(-1)).toMatchObject({ heading: 'When the kernel dies', position: 1 });
    expect([...readDocument(BUDGETS)][0]).toEqual({ level: 1, text: 'Budgets' });
  });

  it('keeps a citation with its sentence, and joins the lines of a quote', () => {
    expect(sentences(BUDGETS).map(({ text, source }) => [text, source])).toEqual([
      ['A budget is refused before a byte goes out to the provider.', 'docs/origin.md'],
      ['The tokens of a simulated model are never mixed with paid ones.', 'docs/budgets.md'],
      [
        'A quoted remark about the crash of a budget goes on over two lines of the text.',
        'docs/budgets.md',
      ],
    ]);
  });

  it.each([
    [
      '- “A quote of a quote is only the quote.” [a.md]',
      'A quote of a quote is only the quote.',
      'a.md',
    ],
    [
      '1. Two sources say this in one sentence. [a.md][b.md]',
      'Two sources say this in one sentence.',
      'a.md, b.md',
    ],
    [
      'See [the guide](guide.md) for what else there is.',
      'See [the guide](guide.md) for what else there is.',
      'x',
    ],
  ])('reads %j', (line, text, source) => {
    expect(sentences({ name: 'x', text: line })).toMatchObject([{ text, source }]);
  });

  it.each([
    ['i.e. this is not an end of it. But here another one begins at last!', 2],
    ['The call `a. B` in a span of code is one sentence.', 1],
    ['Version 2.5 of the kernel has no end inside. It ends right here, of course.', 2],
    ['<!-- A comment of several words that nobody shall quote. -->', 0],
    ['[A link alone is no sentence at all](docs/x.md)', 0],
    ['These are the things that follow here below:', 0],
    ['これは日本語で書いた文章です。二番目の文もここにあります。', 2],
    ['```\nA fence that never closes swallows everything. All of it.', 0],
  ])('finds in %j %i sentences', (text, count) => {
    expect(texts(text)).toHaveLength(count);
  });

  it('yields only what stands in the text, blanks aside', () => {
    const word = fc.constantFrom(
      'Kernel',
      'dies.',
      'e.g.',
      '- and',
      '\n',
      '> so',
      '`a.',
      'b`',
      '“x”',
      '[y.md]',
      '1.',
      '#',
      '|',
      'the!',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), (words) => {
        const text = words.join(' ');
        const plain = (one: string): string => one.replace(/[\s>#-]|\d\./g, '');
        for (const sentence of texts(text)) expect(plain(text)).toContain(plain(sentence));
      }),
    );
  });

  it.each([
    ['one endless line', 'word '.repeat(400_000)],
    ['dots', '.'.repeat(2_000_000)],
    ['open brackets', '['.repeat(2_000_000)],
    ['hashes and blanks', `#${' '.repeat(1_000_000)}`],
    ['pipes', ' | a'.repeat(500_000)],
    ['backticks without end', '`. A '.repeat(400_000)],
  ])('reads two megabytes of %s to their end', (_what, text) => {
    // What takes the square of the length does not come back before the test's deadline.
    for (const sentence of texts(text)) expect(text).toContain(sentence);
  });
});

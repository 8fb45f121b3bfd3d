import { describe, expect, it } from 'vitest';
import { slugOf, writeReport } from './report.ts';
import type { ReportParts } from './report.ts';

const PARTS: ReportParts = {
  question: 'How does it\nwork?',
  answer: '# How does it work?\n\nWell. [docs/a.md]\n\n## A part\n\nMore. [docs/a.md]',
  findings: [
    { quote: 'It works well.', source: 'docs/a.md', aspect: 'A part' },
    { quote: 'It works.', source: 'README.md', aspect: 'A part' },
  ],
  readers: new Map([['docs/a.md', 'worker-1']]),
  files: [
    { path: '/docs/a.md', name: 'docs/a.md', sizeBytes: 2048 },
    { path: '/README.md', name: 'README.md', sizeBytes: 10 },
  ],
  skipped: [{ name: 'x.png', why: 'binary' }],
  gaps: [{ files: ['README.md'], why: 'the model is away' }],
  dropped: 1,
  partsLeftOut: 0,
  workers: 1,
  models: ['sim/mini'],
  providers: ['sim'],
  isSimulated: true,
  spending: { promptTokens: 10, completionTokens: 5, llmCalls: 3 },
};

describe('writeReport()', () => {
  it('has the answer under one title, quotes, gaps, sources and how it was made', () => {
    expect(writeReport(PARTS)).toBe(`# How does it work?

Well. [docs/a.md]

## A part

More. [docs/a.md]

## Findings by document

### [README.md]

> It works.

### [docs/a.md]

> It works well.

## Not read

- README.md: the model is away

## Sources

| document | size | read by | quotes |
| --- | ---: | --- | ---: |
| docs/a.md | 2.0 KiB | worker-1 | 1 |
| README.md | 0.0 KiB | - | 1 |

---

_Made by 1 worker with sim/mini (sim): 3 model calls, 15 tokens (10 in, 5 out)._

_Every quote above was looked up in its document; 1 quote that stood in none was dropped._

_Simulated model: the sentences are quoted from the documents, nobody thought about them._

_Left out: 1 binary._
`);
  });

  it('says so when the documents hold no answer', () => {
    const report = writeReport({ ...PARTS, answer: '', findings: [] });
    expect(report).toContain('The 2 documents hold nothing that answers this question.');
    expect(report).not.toContain('Findings by document');
  });
});

describe('slugOf()', () => {
  it.each([
    ['What is a kernel?', 'what-is-a-kernel'],
    ['Überblick: Prozesse!', 'u-berblick-prozesse'],
    ['???', 'report'],
    ['an unabbreviated '.repeat(4), 'an-unabbreviated-an-unabbreviated-an-unabbreviated-an'],
    ['x'.repeat(100), 'x'.repeat(60)],
    ['word '.repeat(40), 'word-word-word-word-word-word-word-word-word-word-word-word'],
  ])('makes a key of %j', (question, slug) => {
    expect(slugOf(question)).toBe(slug);
  });
});

import { describe, expect, it } from 'vitest';
import {
  checkFindings,
  closestAspect,
  groupFindings,
  parseFindings,
  writeFindings,
} from './findings.ts';

const ASPECTS = ['What does the journal keep?', 'How are processes killed?'];

describe('parseFindings()', () => {
  it('reads quotes with their documents, and skips other lines', () => {
    const text = [
      'Here is what I found:',
      '- “The journal keeps every event.” [docs/a.md]',
      '2. "A killed process, he said "at once", is dead" — [b.md]',
      '- The journal is good [docs/a.md]',
      'nothing found',
    ].join('\n');
    expect(parseFindings(text, ASPECTS)).toEqual([
      { quote: 'The journal keeps every event.', source: 'docs/a.md', aspect: ASPECTS[0] },
      { quote: 'A killed process, he said "at once", is dead', source: 'b.md', aspect: ASPECTS[1] },
    ]);
  });

  it('takes the sub-question of the heading above, when it is one', () => {
    const quotes = ['- “The journal keeps.” [a]', '- “The journal.” [a]'];
    const text = `## ${ASPECTS[1]}\n${quotes[0]}\n## Something else\n${quotes[1]}`;
    expect(parseFindings(text, ASPECTS).map(({ aspect }) => aspect)).toEqual([
      ASPECTS[1],
      ASPECTS[0],
    ]);
  });

  it('reads back what writeFindings wrote', () => {
    const findings = ASPECTS.map((aspect, i) => ({
      quote: `Quote "${i}".`,
      source: 'a.md',
      aspect,
    }));
    expect(parseFindings(writeFindings('Findings', findings), ASPECTS)).toEqual(findings);
  });
});

describe('checkFindings()', () => {
  const documents = [
    { name: 'a.md', text: 'The *journal*\nkeeps every event. It is `fast`.' },
    { name: 'b.md', text: 'Processes die. It is fast.' },
  ];
  const finding = (quote: string, source: string) => ({ quote, source, aspect: '' });

  it('keeps what stands in its document, whatever the marks and blanks (F1)', () => {
    const { findings, dropped } = checkFindings(
      [finding('The journal keeps every event', 'a.md'), finding('it is fast', 'b.md')],
      documents,
    );
    expect(findings.map(({ source }) => source)).toEqual(['a.md', 'b.md']);
    expect(dropped).toBe(0);
  });

  it('puts a wrong citation right, and drops what was made up and what comes twice (F1)', () => {
    const { findings, dropped } = checkFindings(
      [
        finding('Processes die.', 'a.md'),
        finding('processes die', 'b.md'),
        finding('The journal forgets.', 'a.md'),
        finding('…', 'a.md'),
      ],
      documents,
    );
    expect(findings).toEqual([finding('Processes die.', 'b.md')]);
    expect(dropped).toBe(2);
  });
});

describe('closestAspect()', () => {
  it('goes by the words in common, whatever their endings', () => {
    expect(closestAspect('Killing a process needs a grace period', ASPECTS)).toBe(ASPECTS[1]);
    expect(closestAspect('Nothing alike', ASPECTS)).toBe(ASPECTS[0]);
    expect(closestAspect('x', [])).toBe('');
  });
});

describe('groupFindings()', () => {
  it('keeps the order of first appearance', () => {
    const list = ['b', 'a', 'b'].map((source) => ({ quote: source, source, aspect: '' }));
    expect([...groupFindings(list, 'source')].map(([key, group]) => [key, group.length])).toEqual([
      ['b', 2],
      ['a', 1],
    ]);
  });
});

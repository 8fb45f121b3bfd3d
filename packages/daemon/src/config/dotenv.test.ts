import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDotenv } from './dotenv.ts';

function read(text: string): Record<string, string> {
  const { entries, problems } = parseDotenv(text);
  expect(problems).toEqual([]);
  return Object.fromEntries(entries.map(({ name, value }) => [name, value]));
}

const problemsOf = (text: string): string[] =>
  parseDotenv(text).problems.map(({ line, what }) => `${line}: ${what}`);

describe('parseDotenv()', () => {
  it.each<[string, string, string]>([
    ['a plain value', 'A=1', '1'],
    ['blanks around name and value', '  A =  b c  ', 'b c'],
    ['an empty value', 'A=', ''],
    ['a value with = and #', 'A=a=b#c', 'a=b#c'],
    ['a comment after a blank', 'A=1 # note', '1'],
    ['a comment after a tab', 'A=1\t# note', '1'],
    ['only a comment', 'A= # note', ''],
    ['the export prefix', 'export A=1', '1'],
    ['single quotes, literally', String.raw`A='x\n "y" # z'`, String.raw`x\n "y" # z`],
    ['double quotes with escapes', String.raw`A="\ta\"b\\n\$c\nd\q"`, '\ta"b\\n$c\nd\\q'],
    ['a comment after quotes', 'A="x" # note', 'x'],
    ['a quote inside an unquoted value', `A=it's`, "it's"],
    ['no expansion', 'A=${HOME}$HOME', '${HOME}$HOME'],
    ['several lines in double quotes', 'A="l1\nl2 # no\n\nl4"', 'l1\nl2 # no\n\nl4'],
    ['several lines in single quotes', "A='l1\nl2'", 'l1\nl2'],
    ['CRLF', 'A=1\r\n', '1'],
    ['CRLF inside quotes', 'A="l1\r\nl2"\r\n', 'l1\nl2'],
    ['a byte order mark', '\uFEFFA=1', '1'],
    ['a name twice: the last', 'A=0\nA=1', '1'],
    ['a value beyond ASCII', 'A=é ✓', 'é ✓'],
  ])('reads %s', (_, text, value) => {
    expect(read(text)).toEqual({ A: value });
  });

  it('skips blank lines and comments, and reads on after a value of several lines', () => {
    expect(read('# c\n\n  # c\nA="1\n2"\nB=3')).toEqual({ A: '1\n2', B: '3' });
  });

  it('tells the line where each value starts', () => {
    const { entries } = parseDotenv('\nA="1\n2"\nB=3');
    expect(entries.map(({ name, line }) => [name, line])).toEqual([
      ['A', 2],
      ['B', 4],
    ]);
  });

  it.each([
    ['A=1\nno equals', '2: this is not NAME=value'],
    ['1A=2', '1: this is not NAME=value'],
    ['=x', '1: this is not NAME=value'],
    ['export A', '1: this is not NAME=value'],
    ['A="x', '1: the " is never closed'],
    [String.raw`A="x\"`, '1: the " is never closed'],
    ["A='x\ny", "1: the ' is never closed"],
    ['A="x"y', '1: text follows the closing "'],
    ['A="1\n2" 3', '1: text follows the closing "'],
  ])('refuses %j with its line', (text, problem) => {
    expect(problemsOf(text)[0]).toBe(problem);
  });

  it('reports every bad line, keeps the good ones, and shows no value', () => {
    const { entries, problems } = parseDotenv('sk-secret\nA=1\nB="sk-secret"x\nC=2');
    expect(entries.map(({ name }) => name)).toEqual(['A', 'C']);
    expect(problems.map(({ line }) => line)).toEqual([1, 3]);
    expect(JSON.stringify(problems)).not.toContain('secret');
  });

  it('returns any value that was written in double quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const normal = value.replaceAll('\r\n', '\n');
        const escaped = normal.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
        expect(read(`A="${escaped.replaceAll('\r', '\\r')}" # end`)).toEqual({ A: normal });
      }),
    );
  });

  it('never throws, and takes time linear in the text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseDotenv(text)));
    const unclosed = parseDotenv('A="x\n'.repeat(20_001));
    expect(unclosed.entries.length + unclosed.problems.length).toBeGreaterThan(0);
  });
});

import { describe, expect, it } from 'vitest';
import { checkSizes, FILE_LINES_MAX, FUNCTION_LINES_MAX } from './sizes.ts';
import { parseSource } from './sources.ts';

const rules = (text: string): string[] =>
  checkSizes(parseSource('a.ts', text)).map(({ rule, line }) => `${rule}:${line}`);

const statements = (count: number): string => 'f();\n'.repeat(count);

describe('checkSizes()', () => {
  it('counts the lines of a file without blank and comment lines', () => {
    expect(rules(statements(FILE_LINES_MAX + 1))).toEqual(['file-size:1']);
    expect(rules(`${statements(FILE_LINES_MAX)}\n// free\n/*\n free\n*/\n`)).toEqual([]);
  });

  it.each([
    ['a function', 'function f() {\n', '}\n'],
    ['an arrow function', 'const g = () => {\n', '};\n'],
    ['a method', 'class A {\n  g() {\n', '  }\n}\n'],
    ['a test', "it('x', () => {\n", '});\n'],
    ['a test in a chapter', "describe('a', () => {\nit('x', () => {\n", '});\n});\n'],
  ])('measures %s', (_name, open, close) => {
    const inner = FUNCTION_LINES_MAX - 2;
    expect(rules(open + statements(inner) + close)).toEqual([]);
    expect(rules(open + statements(inner + 1) + close)).toEqual([
      expect.stringMatching(/^function-size:/),
    ]);
  });

  it('lets braces in strings, templates and regular expressions alone', () => {
    const odd = 'const s = "{{{" + `{${"}"}` + /[{]/.source;\n';
    expect(rules(`function f() {\n${odd}}\n${statements(FUNCTION_LINES_MAX)}`)).toEqual([]);
  });

  it.each([
    "describe('a', () => {\n  it('b', () => {});\n",
    "describe.each([1])('a', () => {\n  it.each([1])('b', () => {});\n",
    "describe('a', () => {\n  describe('b', () => {});\n",
    "suite(() => {\n  it('b', () => {});\n",
  ])('takes %j for a chapter, not a function', (open) => {
    expect(rules(`${open}${statements(FUNCTION_LINES_MAX + 5)}});\n`)).toEqual([]);
  });

  it('refuses more than 100 columns, but not one unbroken address', () => {
    expect(rules(`const a = 1; ${'// '.padEnd(100, 'x')}\n`)).toEqual(['columns:1']);
    expect(rules(`// https://example.org/${'x'.repeat(100)}\n`)).toEqual([]);
  });
});

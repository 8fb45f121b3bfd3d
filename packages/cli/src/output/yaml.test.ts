import { describe, expect, it } from 'vitest';
import { toYaml } from './yaml.ts';

describe('toYaml()', () => {
  it('writes maps, lists and scalars in block style', () => {
    const value = {
      kind: 'AgentList',
      items: [
        { pid: 1, ppid: null },
        { pid: 2, tags: ['a'] },
      ],
    };
    expect(toYaml(value)).toBe(
      'kind: AgentList\nitems:\n  - pid: 1\n    ppid: null\n  - pid: 2\n    tags:\n      - a\n',
    );
  });

  it.each([
    ['text', 'text'],
    ['two words', 'two words'],
    ['./.hive/run.json', './.hive/run.json'],
    ['', '""'],
    [' ', '" "'],
    ['true', '"true"'],
    ['No', '"No"'],
    ['~', '"~"'],
    ['null', '"null"'],
    ['1', '"1"'],
    ['1e3', '"1e3"'],
    ['-', '"-"'],
    ['- a', '"- a"'],
    ['a: b', '"a: b"'],
    ['#c', '"#c"'],
    ['two\nlines', '"two\\nlines"'],
    ['2026-11-23T03:14:04.379Z', '"2026-11-23T03:14:04.379Z"'],
    ['ü', '"ü"'],
    [true, 'true'],
    [-1.5, '-1.5'],
    [null, 'null'],
    [{}, '{}'],
    [[], '[]'],
  ])('writes %j so that it is read back as it was', (value, text) => {
    expect(toYaml(value)).toBe(`${text}\n`);
  });

  it('nests lists in lists, and quotes keys', () => {
    const value = { c: [[1, 2], []], 'x:y': { e: [{ g: 'h' }] } };
    expect(toYaml(value)).toBe('c:\n  - - 1\n    - 2\n  - []\n"x:y":\n  e:\n    - g: h\n');
  });
});

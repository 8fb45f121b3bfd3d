import { describe, expect, it } from 'vitest';
import { resultToWire, textValues } from './task.ts';

const empty = { exitCode: 0, output: '', artifacts: {}, metadata: {} };

describe('resultToWire()', () => {
  it.each([
    ['nothing', undefined, empty],
    ['null', null, empty],
    ['text', 'done', { ...empty, output: 'done' }],
    ['an empty object', {}, empty],
    ['an exit code', { exitCode: 3 }, { ...empty, exitCode: 3 }],
    [
      'all parts',
      { output: 'o', exitCode: 0, artifacts: { report: 'a1' }, metadata: { n: 2, ok: true } },
      { ...empty, output: 'o', artifacts: { report: 'a1' }, metadata: { n: '2', ok: 'true' } },
    ],
  ])('takes %s', (_name, returned, expected) => {
    expect(resultToWire(returned)).toEqual(expected);
  });

  it.each([
    ['a number', 42, 'onTask returned a number'],
    ['a strange object', { answer: 1 }, 'an object with the key "answer"'],
    ['an output that is no text', { output: 1 }, 'an output of type number'],
    ['half an exit code', { exitCode: 0.5 }, 'the exit code 0.5'],
  ])('refuses %s and says so', (_name, returned, message) => {
    expect(() => resultToWire(returned)).toThrow(message);
  });
});

describe('textValues()', () => {
  it('writes what is no text as JSON and leaves out what is undefined', () => {
    expect(textValues({ a: 'x', b: 1, c: [1, 'y'], d: undefined, e: null })).toEqual({
      a: 'x',
      b: '1',
      c: '[1,"y"]',
      e: 'null',
    });
  });
});

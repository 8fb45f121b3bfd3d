import { describe, expect, it } from 'vitest';
import { readPairs, readParams } from './task-params.ts';

describe('readParams()', () => {
  it('makes one absolute path a line of --input, and keeps --param as it is', () => {
    const flags = { input: ['src', '/tmp'], param: ['a=b=c', 'empty='] };
    const cwd = new URL('..', import.meta.url).pathname;
    const file = { input: ['main.ts', '/tmp'], param: flags.param };
    expect(readParams(file, cwd)).toEqual({ a: 'b=c', empty: '', input: `${cwd}main.ts\n/tmp` });
    expect(readParams({}, cwd)).toEqual({});
  });

  it('tells a path that is not there, before anything is started', () => {
    expect(() => readParams({ input: ['nowhere.md'] }, '/tmp')).toThrow(
      'there is no file or directory nowhere.md',
    );
  });
});

describe('readPairs()', () => {
  it.each(['', '=x', 'novalue'])('refuses %j', (pair) => {
    expect(() => readPairs([pair], '--env')).toThrow('--env wants KEY=VALUE');
  });
});

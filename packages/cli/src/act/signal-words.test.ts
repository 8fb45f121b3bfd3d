import { describe, expect, it } from 'vitest';
import { readSignal, withSignalFlag } from './signal-words.ts';

describe('readSignal()', () => {
  it.each([
    ['TERM', 'TERM'],
    ['term', 'TERM'],
    ['SIGTERM', 'TERM'],
    ['sigKill', 'KILL'],
    ['Int', 'INT'],
    ['stop', 'STOP'],
    ['CONT', 'CONT'],
    ['hup', 'HUP'],
    ['usr1', 'USR1'],
    ['1', 'HUP'],
    ['2', 'INT'],
    ['9', 'KILL'],
    ['10', 'USR1'],
    ['15', 'TERM'],
    ['18', 'CONT'],
    ['19', 'STOP'],
  ])('reads %s as %s', (text, signal) => {
    expect(readSignal(text)).toBe(signal);
  });

  it.each(['', 'CHLD', '0', '11', '09', 'SIG', 'SIGSIGTERM', '-9', 'toString'])(
    'refuses %j, naming those that there are',
    (text) => {
      expect(() => readSignal(text)).toThrow(
        `There is no signal "${text}"; there are TERM, KILL, INT, STOP, CONT, HUP, USR1.`,
      );
    },
  );
});

describe('withSignalFlag()', () => {
  const words = (line: string): string =>
    withSignalFlag(line.split(' ').filter((word) => word !== '')).join(' ');

  it.each([
    ['kill -9 7', 'kill --signal=9 7'],
    ['kill 7 -9', 'kill 7 --signal=9'],
    ['kill -KILL 7/', 'kill --signal=KILL 7/'],
    ['kill -sigstop 7', 'kill --signal=sigstop 7'],
    ['kill -stop 7', 'kill --signal=stop 7'],
    ['kill -hup 7', 'kill --signal=hup 7'],
    ['kill -FOO 7', 'kill --signal=FOO 7'],
    ['kill -11 7', 'kill --signal=11 7'],
    ['--data kill kill -9 7', '--data kill kill --signal=9 7'],
    ['-o json -y kill -INT 7', '-o json -y kill --signal=INT 7'],
    ['--output=json kill -15 7', '--output=json kill --signal=15 7'],
    ['kill --data -9 -1 7', 'kill --data -9 --signal=1 7'],
  ])('makes of `%s` `%s`', (line, rewritten) => {
    expect(words(line)).toBe(rewritten);
  });

  it.each([
    'kill 7',
    'kill -s 9 7',
    'kill --signal KILL 7',
    'kill -s -9 7',
    'kill --reason -9 7',
    'kill -r 7',
    'kill -y 7',
    'kill -vv 7',
    'kill -foo 7',
    'kill - 7',
    'kill -- -9',
    'ps -9',
    'wait kill -9',
    '--data kill ps -9',
    '-9',
    '',
  ])('leaves `%s` as it is', (line) => {
    expect(words(line)).toBe(line);
  });
});

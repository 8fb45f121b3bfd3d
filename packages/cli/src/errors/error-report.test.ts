import { HiveClientError } from '@hivekernel/client';
import { KernelError } from '@hivekernel/daemon';
import { describe, expect, it } from 'vitest';
import type { Paint } from '../output/terminal.ts';
import { CliError, asCliError, usageError } from './cli-error.ts';
import { reportError } from './error-report.ts';

const same = (text: string): string => text;
const paint: Paint = {
  hasColour: false,
  red: same,
  green: same,
  yellow: same,
  cyan: same,
  dim: same,
  bold: same,
};
const plain = { isJson: false, verbosity: 0, paint };

const UNREACHABLE = new CliError({
  code: 'E_UNREACHABLE',
  exitCode: 69,
  message: 'no kernel answers in ./.hive',
  why: 'It is not running.\nIts file is stale.',
  hints: [
    { label: 'Start one', command: 'hive up -d' },
    { label: 'See it all', command: 'hive doctor' },
  ],
});

describe('reportError()', () => {
  it('tells what, why and what to do, and no stack', () => {
    expect(reportError(UNREACHABLE, plain)).toBe(
      'error[E_UNREACHABLE]: no kernel answers in ./.hive\n' +
        '  It is not running.\n' +
        '  Its file is stale.\n' +
        '  Start one:  hive up -d        See it all:  hive doctor\n',
    );
  });

  it('says how to go on after the kernel died in the middle of a call', () => {
    const lost = new HiveClientError('unavailable', 'the link to the kernel ended');
    const text = reportError(asCliError(lost), plain);
    expect(text).toContain('error[E_UNAVAILABLE]: the link to the kernel ended\n');
    expect(text).toContain('Start it again:  hive up -d');
  });

  it('is one JSON object with -o json', () => {
    const text = reportError(UNREACHABLE, { ...plain, isJson: true });
    expect(text.trimEnd()).not.toContain('\n');
    expect(JSON.parse(text)).toMatchObject({
      apiVersion: 'v1',
      kind: 'Error',
      code: 'E_UNREACHABLE',
      exitCode: 69,
      hints: [{ command: 'hive up -d' }, { command: 'hive doctor' }],
    });
  });

  it('shows the stack with -vv, and where the fault is ours', () => {
    expect(reportError(usageError('no'), { ...plain, verbosity: 2 })).toContain('at ');
    const ours = asCliError(new TypeError('x is not a function'));
    expect(ours).toMatchObject({ code: 'E_INTERNAL', exitCode: 70 });
    expect(reportError(ours, plain)).toContain('TypeError: x is not a function');
  });
});

describe('asCliError()', () => {
  it('keeps the code, the details and the sentence of the kernel and the client', () => {
    const refused = new HiveClientError('wrong_state', 'lead (pid 7) is dead.', {
      details: { pid: '7' },
    });
    expect(asCliError(refused)).toMatchObject({
      code: 'E_WRONG_STATE',
      exitCode: 5,
      message: 'lead (pid 7) is dead.',
      details: { pid: '7' },
    });
  });

  it('ends with 78 on a bad configuration, a line for each problem', () => {
    const error = new KernelError(
      'invalid_argument',
      '2 problems in the configuration\n  hive.yaml:1:1: a\n  hive.yaml:2:1: b',
      { details: { reason: 'configuration' } },
    );
    expect(asCliError(error)).toMatchObject({
      code: 'E_CONFIG',
      exitCode: 78,
      message: '2 problems in the configuration',
      why: 'hive.yaml:1:1: a\nhive.yaml:2:1: b',
    });
  });

  it('takes errors of the OS for nobody else’s than ours', () => {
    const error = Object.assign(new Error('open failed'), { code: 'EMFILE' });
    expect(asCliError(error)).toMatchObject({ code: 'E_INTERNAL', exitCode: 70 });
  });
});

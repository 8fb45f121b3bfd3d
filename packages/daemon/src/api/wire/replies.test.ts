import { describe, expect, it } from 'vitest';
import { asPid } from '@hivekernel/kernel';
import type { WaitReport } from '@hivekernel/kernel';
import { core } from '@hivekernel/protocol';
import type { SyscallCase } from './calls.ts';
import { toReply } from './replies.ts';
import { PROCESS_VIEW } from './testing/process-view.ts';

const SOURCE = { host: { bytes: () => Promise.reject(new Error('none here')) }, seqBefore: 5 };
const reply = (name: SyscallCase, answer: unknown) => toReply(name, answer, SOURCE);

const REPORT: WaitReport = {
  pid: asPid(9),
  name: 'w',
  exitCode: -1,
  output: '',
  cause: 'killed',
};
const RESULT = {
  success: true,
  pid: 9,
  name: 'w',
  exitCode: -1,
  output: '',
  cause: 'killed',
  error: '',
  errorCode: '',
};

describe('toReply()', () => {
  it.each(['exit', 'restart', 'sleep', 'wake', 'checkpoint', 'reparent', 'remove'] as const)(
    'answers %s with done',
    (name) => {
      expect(reply(name, {})).toEqual({ $case: 'done', value: {} });
    },
  );

  it.each([
    ['TERM and KILL', { killed: [9, 8] }, { killedPids: [9, 8] }],
    ['the others', { signalled: [8] }, { signalledPids: [8] }],
    ['USR1', { signalled: [8], key: 'dump/8' }, { signalledPids: [8], artifactKey: 'dump/8' }],
    ['a signal that reached nobody', {}, {}],
  ])('tells what %s led to', (_, report, told) => {
    const nothing = { killedPids: [], signalledPids: [], artifactKey: '' };
    expect(reply('signal', report)).toEqual({ $case: 'signal', value: { ...nothing, ...told } });
  });

  it('tells results with names and causes, in the order of the kernel', () => {
    expect(reply('waitChild', REPORT)).toEqual({ $case: 'waitChild', value: RESULT });
    const other = { ...REPORT, pid: asPid(8), name: 'v' };
    const results = [RESULT, { ...RESULT, pid: 8, name: 'v' }];
    const told = { results };
    expect(reply('collapse', { results: [REPORT, other] })).toEqual({
      $case: 'collapse',
      value: told,
    });
    expect(reply('pendingResults', [REPORT, other])).toEqual({
      $case: 'pendingResults',
      value: told,
    });
    expect(reply('pendingResults', [])).toMatchObject({ value: { results: [] } });
  });

  it('tells of the tree', () => {
    const two = [PROCESS_VIEW, { ...PROCESS_VIEW, pid: asPid(1) }];
    const ancestors = reply('ancestors', two);
    expect(ancestors).toMatchObject({ $case: 'ancestors', value: { processes: [{}, { pid: 1 }] } });
    const common = reply('commonAncestor', PROCESS_VIEW);
    expect(common).toMatchObject({ $case: 'commonAncestor', value: { pid: 7, name: 'w' } });
    const { value } = common as { value: core.ProcessInfo };
    expect(core.ProcessInfo.decode(core.ProcessInfo.encode(value).finish())).toEqual(value);
    expect(reply('subtreeNodes', { nodes: ['vps1', 'vps2'] })).toEqual({
      $case: 'subtreeNodes',
      value: { nodes: ['vps1', 'vps2'] },
    });
  });
});

import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { agentRow } from '../../test/agent-row.ts';
import { Context } from '../context.ts';
import { CliError } from '../errors/cli-error.ts';
import type { Format } from '../output/formats.ts';
import { Terminal } from '../output/terminal.ts';
import { carryOut, exitCodeOfOutcome, tellOutcome } from './carry-out.ts';
import type { Done, Outcome } from './carry-out.ts';

const target = (pid: number) => ({ agent: agentRow({ pid }), isSubtree: false });
const refusal = new CliError({ code: 'E_WRONG_STATE', exitCode: 5, message: 'It sleeps.' });

const run = (pids: readonly number[], reply: (pid: number) => Done): Promise<Outcome> =>
  carryOut({ targets: pids.map(target), gone: [9] }, async ({ agent }) => reply(agent.pid));

describe('carryOut()', () => {
  it('goes on after a failure, and reaches nobody twice', async () => {
    const asked: number[] = [];
    const outcome = await run([1, 2, 3, 4], (pid) => {
      asked.push(pid);
      if (pid === 2) throw refusal;
      return { pids: pid === 3 ? [5, 4, 3] : [pid] };
    });
    expect(asked).toEqual([1, 2, 3]);
    expect(outcome).toEqual({
      reached: [1, 5, 4, 3],
      artifacts: [],
      gone: [9],
      failures: [{ pid: 2, error: refusal }],
    });
  });

  it('keeps the keys of what was made', async () => {
    const { artifacts } = await run([1, 2], (pid) => ({ pids: [pid], key: `dumps/${pid}` }));
    expect(artifacts).toEqual([
      { pid: 1, key: 'dumps/1' },
      { pid: 2, key: 'dumps/2' },
    ]);
  });
});

const FAILED = { pid: 2, error: refusal };
const outcomeOf = (told: Partial<Outcome>): Outcome => ({
  reached: [],
  artifacts: [],
  gone: [],
  failures: [],
  ...told,
});

describe('exitCodeOfOutcome()', () => {
  it.each([
    ['all went well', { reached: [1] }, 0],
    ['some were gone before', { reached: [1], gone: [2] }, 0],
    ['some failed', { reached: [1], failures: [FAILED] }, 8],
    ['all failed', { failures: [FAILED, FAILED] }, 5],
    ['all were gone before', { gone: [2] }, 5],
    ['nobody was reached', {}, 5],
  ])('where %s is the code of that', (_, told, code) => {
    expect(exitCodeOfOutcome(outcomeOf(told))).toBe(code);
  });
});

describe('tellOutcome()', () => {
  const WORDS = { kind: 'SignalResult', done: 'paused', field: 'signalled' };

  function tell(format: Format, told: Partial<Outcome>) {
    const streams = [new PassThrough(), new PassThrough(), new PassThrough()] as const;
    const [stdin, stdout, stderr] = streams as unknown as [
      NodeJS.ReadStream,
      NodeJS.WriteStream,
      NodeJS.WriteStream,
    ];
    const terminal = new Terminal({ stdin, stdout, stderr, env: {} });
    const flags = { format, isFormatChosen: true, verbosity: 0, isYes: false, mayAsk: false };
    const context = new Context({ terminal, flags, cwd: '/', onClient: () => undefined });
    const code = tellOutcome(context, outcomeOf(told), { ...WORDS, also: { signal: 'STOP' } });
    const read = (stream: PassThrough): string =>
      (stream.read() as Buffer | null)?.toString() ?? '';
    return { code, out: read(streams[1]), err: read(streams[2]) };
  }

  const SOME = { reached: [3, 1], gone: [9], failures: [FAILED] };

  it('is a count for people, with what failed on stderr', () => {
    expect(tell('table', SOME)).toEqual({
      code: 8,
      out: 'paused 2\n',
      err: 'pid 9 is already gone\nerror[E_WRONG_STATE]: pid 2: It sleeps.\n',
    });
  });

  it('is one document for programs', () => {
    expect(JSON.parse(tell('json', SOME).out)).toEqual({
      apiVersion: 'v1',
      kind: 'SignalResult',
      signal: 'STOP',
      signalled: [3, 1],
      gone: [9],
      failed: [{ pid: 2, code: 'E_WRONG_STATE', message: 'It sleeps.' }],
    });
  });

  it('is pids by name, or the keys of what was made', () => {
    expect(tell('name', SOME).out).toBe('3\n1\n');
    const dumped = { reached: [3], artifacts: [{ pid: 3, key: 'dumps/3' }] };
    expect(tell('name', dumped).out).toBe('dumps/3\n');
    expect(tell('table', dumped).out).toBe('dumps/3\n');
    expect(JSON.parse(tell('json', dumped).out)).toMatchObject({
      artifacts: [{ pid: 3, key: 'dumps/3' }],
    });
  });
});

import { describe, expect, it } from 'vitest';
import { LIMITS, asPid } from '@hivekernel/kernel';
import type { WaitReport } from '@hivekernel/kernel';
import { link } from '@hivekernel/protocol';
import { PROCESS_VIEW } from './testing/process-view.ts';
import { toProcessInfos, toResult, toResults } from './results.ts';

const report = (wish: Partial<WaitReport> = {}): WaitReport => ({
  pid: asPid(9),
  name: 'w',
  exitCode: 0,
  output: '',
  cause: 'done',
  ...wish,
});

const bytesOf = (reports: readonly WaitReport[]): number =>
  link.CollapseReply.encode({ results: toResults(reports) }).finish().length;

describe('toResult()', () => {
  it('tells who ended, how and why', () => {
    expect(toResult(report({ exitCode: -1, output: 'half', cause: 'crashed' }))).toEqual({
      success: true,
      pid: 9,
      name: 'w',
      exitCode: -1,
      output: 'half',
      cause: 'crashed',
      error: '',
      errorCode: '',
    });
  });

  it.each([NaN, Infinity, 2 ** 40, 0.5])('stays readable with the exit code %d', (exitCode) => {
    expect(() => bytesOf([report({ exitCode })])).not.toThrow();
  });
});

describe('toResults()', () => {
  it('leaves outputs alone that fit one reply', () => {
    const reports = [report({ output: 'a'.repeat(LIMITS.textBytesMax) }), report({ output: 'b' })];
    expect(toResults(reports).map(({ output }) => output)).toEqual(
      reports.map(({ output }) => output),
    );
    expect(toResults([])).toEqual([]);
  });

  it('cuts the longest, all to the same length, where together they do not fit a frame', () => {
    const long = '\u20ac'.repeat(LIMITS.textBytesMax / 4);
    const reports = Array.from({ length: 100 }, (_, i) =>
      report({ output: i % 10 === 0 ? `short ${i}` : long }),
    );
    const results = toResults(reports);
    expect(results.filter((_, i) => i % 10 === 0).map(({ output }) => output)).toEqual(
      Array.from({ length: 10 }, (_, i) => `short ${i * 10}`),
    );
    const cut = results[1]?.output ?? '';
    expect(cut).toMatch(/^\u20ac+\n\(cut: 786432 bytes are too many for one reply\)$/);
    expect(results[99]?.output).toBe(cut);
    expect(bytesOf(reports)).toBeLessThan(LIMITS.frameBytesMax);
    expect(bytesOf(reports)).toBeGreaterThan(LIMITS.frameBytesMax * 0.9);
  });

  it('fits a frame also with very many results', () => {
    const output = 'x'.repeat(10_000);
    const reports = Array.from({ length: 20_000 }, () => report({ output }));
    expect(bytesOf(reports)).toBeLessThan(LIMITS.frameBytesMax);
  });
});

describe('toProcessInfos()', () => {
  const view = (output: string, detail = '') => ({
    ...PROCESS_VIEW,
    exit: { exitCode: 1, cause: 'crashed' as const, output, detail },
  });

  it('fits a frame, whatever a thousand processes left behind', () => {
    const left = view('x'.repeat(LIMITS.textBytesMax), 'y'.repeat(100_000));
    const views = Array.from({ length: 1_000 }, () => left);
    const reply = link.ListProcessesReply.encode({ processes: toProcessInfos(views), seq: 1 });
    expect(reply.finish().length).toBeLessThan(LIMITS.frameBytesMax);
  });

  it('leaves alone what fits, and cuts long ends', () => {
    const [short, long] = toProcessInfos([
      view('all of it', 'exit code 1'),
      view('', 'z'.repeat(9_000)),
    ]);
    expect(short).toMatchObject({ output: 'all of it', exitDetail: 'exit code 1' });
    expect(long?.exitDetail).toContain('cut: 9000 bytes');
  });
});

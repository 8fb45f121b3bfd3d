import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentOutput } from './agent-output.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'hive-output-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function outputOf(): { output: AgentOutput; stdout: PassThrough; path: string } {
  const path = join(dir, '1.log');
  const output = new AgentOutput({ path, onLine: () => undefined });
  const stdout = new PassThrough();
  output.drain('stdout', stdout);
  return { output, stdout, path };
}

describe('AgentOutput.finish()', () => {
  it('reads to the end what comes without a long silence, however long it takes', async () => {
    const { output, stdout, path } = outputOf();
    const finished = output.finish({ silenceMs: 5_000, withinMs: 60_000 });
    for (let n = 0; n < 2_000; n += 1) stdout.write(`${n}\n`.repeat(10));
    stdout.end();
    await finished;
    expect((await readFile(path, 'utf8')).trimEnd().split('\n')).toHaveLength(20_000);
  });

  it.each([
    { why: 'is silent', patience: { silenceMs: 1, withinMs: 60_000 } },
    { why: 'goes on', patience: { silenceMs: 60_000, withinMs: 1 } },
  ])('cuts off, and says so, who holds the pipe and $why for too long', async ({ patience }) => {
    const { output, stdout, path } = outputOf();
    const read = new Promise((resolve) => stdout.once('data', resolve));
    stdout.write('last words\n');
    await read;
    await output.finish(patience);
    expect(await readFile(path, 'utf8')).toBe(
      'last words\n[the output was cut off here: its process had ended]\n',
    );
  });
});

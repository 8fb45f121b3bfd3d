// The whole desk in memory: queen, lead and workers on a test kernel, and a model whose answers the
// test decides.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestKernel, TestModel } from '@hivekernel/sdk/testing';
import type { TestModelAnswer, TestModelRequest } from '@hivekernel/sdk/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CREW } from './index.ts';

const QUESTION = 'How does the kernel survive a crash, and who pays?';
const ASPECTS = ['How does the kernel survive a crash?', 'Who pays for model calls?'];
const REFUSED = { status: 429, error: { code: 'rate_limited', message: 'not so fast' } };

const FILES: Readonly<Record<string, string>> = {
  'docs/journal.md': '# Journal\n\nThe journal makes the kernel survive a crash. It is a file.',
  'docs/budget.md':
    '# Budget\n\nA process pays for its model calls from its budget. No free lunch.',
  'docs/tree.md': '# Tree\n\nEvery process has a parent. The king has none.',
  'README.md': '# Readme\n\nThe kernel keeps agents alive after a crash of the machine.',
  'docs/logo.png': 'no text',
};

let dir: string;
const cleanups: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hive-desk-'));
  mkdirSync(join(dir, 'docs'));
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(dir, name), content);
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
  rmSync(dir, { recursive: true, force: true });
});

const lastMessage = (request: TestModelRequest): string => request.messages.at(-1)?.content ?? '';

/** Quotes the first sentence of every document, and makes one up. */
function quoteAll(prompt: string): string {
  const documents = prompt.matchAll(/<document name="([^"]+)">\n# .*\n\n(.+?\.)/g);
  const quotes = [...documents].map(([, name, sentence]) => `- “${sentence}” [${name}]`);
  return [...quotes, '- “This was never written.” [docs/journal.md]'].join('\n');
}

function answer(request: TestModelRequest): TestModelAnswer {
  const prompt = lastMessage(request);
  if (request.response_format !== undefined) return JSON.stringify({ subquestions: ASPECTS });
  if (prompt.includes('<findings ')) return '# Title\n\nIt survives. [docs/journal.md]';
  return quoteAll(prompt);
}

async function desk(model_: (request: TestModelRequest) => TestModelAnswer = answer) {
  const model = await TestModel.start(model_);
  const kernel = new TestKernel({ env: model.env });
  cleanups.push(
    () => kernel.stop(),
    () => model.stop(),
  );
  const { image, role, tier } = CREW['research-desk']!;
  const pid = await kernel.spawn({ name: 'queen', role, tier, image });
  const ask = (params: Record<string, string> = {}) =>
    kernel.execute(pid, {
      description: QUESTION,
      params: { input: `${join(dir, 'docs')}\n${join(dir, 'README.md')}`, ...params },
    });
  return { model, kernel, ask };
}

const alive = (kernel: TestKernel): string[] =>
  kernel.processes.filter(({ isAlive }) => isAlive).map(({ spawn }) => spawn.name);

describe('research-desk', () => {
  it('answers with a cited report, stores it for all, and leaves nobody behind', async () => {
    const { ask, kernel, model } = await desk();
    const result = await ask();
    expect(result.exitCode).toBe(0);
    expect(result.output).toContain(`# ${QUESTION}\n\nIt survives. [docs/journal.md]`);
    expect(result.output).toContain('> A process pays for its model calls from its budget.');
    expect(result.output).toContain('### [README.md]');
    expect(result.output).not.toContain('never written');
    expect(result.output).toContain('stood in none were dropped');
    expect(result.output).toContain('_Left out: 1 binary._');
    expect(result.metadata).toMatchObject({
      artifact: 'reports/how-does-the-kernel-survive-a-crash-and-who-pays.md',
      model: 'test/mini, test/sonnet',
      provider: 'test',
      simulated: 'true',
      workers: '4',
      documents: '4',
      quotes: '4',
      gaps: '0',
      llmCalls: '6',
    });
    const key = result.metadata['artifact'] ?? '';
    const stored = kernel.artifacts.get({ key, artifactId: '', version: 0 });
    expect(new TextDecoder().decode(stored.content)).toBe(result.output);
    expect(stored.visibility).toBe(3);
    expect(kernel.artifacts.list({ prefix: 'findings/', storedByPid: 0 })).toHaveLength(4);
    expect(alive(kernel)).toEqual(['queen']);
    expect(model.requests.every(({ messages }) => messages[0]?.role === 'system')).toBe(true);
  });

  it('takes the key and the number of workers from the caller', async () => {
    const { ask, kernel } = await desk();
    const result = await ask({ artifact: 'mine.md', workers: '2' });
    expect(result.metadata).toMatchObject({ artifact: 'mine.md', workers: '2', quotes: '4' });
    expect(kernel.processes.map(({ spawn }) => spawn.name)).toEqual([
      'queen',
      'lead',
      'worker-1',
      'worker-2',
    ]);
  });

  it('replaces a worker that fails, once', async () => {
    let refusals = 1;
    const { ask, kernel } = await desk((request) => {
      if (request.model === 'mini' && refusals > 0) {
        refusals -= 1;
        return REFUSED;
      }
      return answer(request);
    });
    const result = await ask();
    expect(result.metadata).toMatchObject({ workers: '4', gaps: '0', quotes: '4' });
    expect(kernel.processes.filter(({ spawn }) => spawn.name.endsWith('-again'))).toHaveLength(1);
    expect(alive(kernel)).toEqual(['queen']);
  });

  it('says what was not read when the second worker fails as well', async () => {
    const { ask } = await desk((request) =>
      lastMessage(request).includes('name="docs/budget.md"') ? REFUSED : answer(request),
    );
    const result = await ask();
    expect(result.exitCode).toBe(0);
    expect(result.metadata).toMatchObject({ workers: '3', gaps: '1' });
    expect(result.output).toContain('## Not read\n\n- docs/budget.md: not so fast');
  });

  it('fails with the reason when nothing could be read', async () => {
    const { ask, kernel } = await desk((request) =>
      request.model === 'mini' ? REFUSED : answer(request),
    );
    const result = await ask();
    expect(result).toMatchObject({
      exitCode: 1,
      output: 'error: nothing could be read: not so fast',
    });
    expect(alive(kernel)).toEqual(['queen']);
  });

  it('goes on with the question itself when the plan is no JSON', async () => {
    const { ask, kernel } = await desk((request) =>
      request.response_format === undefined ? answer(request) : 'I would rather not',
    );
    expect(await ask()).toMatchObject({ exitCode: 0 });
    const shares = kernel.calls.filter(({ kind }) => kind === 'executeOn').slice(1);
    expect(JSON.stringify(shares[0]?.value)).toContain(
      JSON.stringify(JSON.stringify([QUESTION])).slice(1, -1),
    );
  });

  it('says so when the documents hold no answer', async () => {
    const { ask } = await desk((request) =>
      request.response_format === undefined ? 'nothing found' : answer(request),
    );
    const result = await ask();
    expect(result.exitCode).toBe(0);
    expect(result.output).toContain('The 4 documents hold nothing that answers this question.');
  });

  it.each([
    [
      { input: '/nowhere/at-all.md' },
      'error: cannot read /nowhere/at-all.md: no such file or directory',
    ],
    [{ input: ' \n ' }, 'error: there is nothing to read: give files or directories'],
  ])('refuses bad input %j with exit code 1 and starts nobody', async (params, output) => {
    const { ask, kernel } = await desk();
    expect(await ask(params)).toMatchObject({ exitCode: 1, output });
    expect(kernel.processes).toHaveLength(1);
  });

  it('says which files were no text when there is nothing else', async () => {
    const { ask } = await desk();
    const result = await ask({ input: join(dir, 'docs', 'logo.png') });
    expect(result).toMatchObject({
      exitCode: 1,
      output: 'error: there is no text file to read: logo.png (binary)',
    });
  });

  it('leaves nobody behind when it is interrupted in the middle', async () => {
    const asked = Promise.withResolvers<void>();
    const model = await TestModel.start(async (request) => {
      if (request.model !== 'mini') return answer(request);
      asked.resolve();
      return new Promise<string>(() => {});
    });
    const kernel = new TestKernel({ env: model.env });
    cleanups.push(
      () => kernel.stop(),
      () => model.stop(),
    );
    const pid = await kernel.spawn({ name: 'queen', image: CREW['research-desk']!.image });
    const task = kernel.execute(pid, { description: QUESTION, params: { input: dir } });
    const failed = task.catch((error: unknown) => error);
    await asked.promise;
    await kernel
      .process(pid)
      .session.request('interrupt', { taskId: '', reason: 'enough' }, { pid });
    expect(await failed).toMatchObject({ message: 'cancelled: enough' });
    expect(alive(kernel)).toEqual(['queen']);
  });
});

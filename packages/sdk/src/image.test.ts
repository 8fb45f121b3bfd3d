import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageOf, loadAgent, parseImage } from './image.ts';

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hive-image-'));
  writeFileSync(
    join(dir, 'good.mjs'),
    [
      'export class Worker { onTask() { return "ok"; } }',
      'export default Worker;',
      'export const plain = 1;',
      'export class Empty {}',
    ].join('\n'),
  );
  writeFileSync(join(dir, 'bad.mjs'), 'throw new Error("no such luck\\nsecond line");\n');
  writeFileSync(
    join(dir, 'made.mjs'),
    'export class Picky { constructor() { throw new Error("not me"); } }\n',
  );
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('parseImage()', () => {
  it.each([
    ['./a.ts#Worker', 'file:///project/a.ts', 'Worker'],
    ['../b.ts', 'file:///b.ts', 'default'],
    ['/abs/c.ts#C', 'file:///abs/c.ts', 'C'],
    ['file:///d.ts#D', 'file:///d.ts', 'D'],
    ['./with%20#hash/e.ts#E', 'file:///project/with%2520%23hash/e.ts', 'E'],
    ['@team/agents#Lead', 'hive-project:@team/agents', 'Lead'],
    ['agents#', 'hive-project:agents', 'default'],
  ])('reads %s', (image, specifier, exportName) => {
    expect(parseImage(image, '/project')).toEqual({ specifier, exportName });
  });

  it('refuses an image without a file', () => {
    expect(() => parseImage('#Worker', '/project')).toThrow('names no file');
  });
});

describe('imageOf()', () => {
  it('names an export of a module that is at hand', () => {
    expect(imageOf(pathToFileURL('/x/y.ts'), 'Worker')).toBe('/x/y.ts#Worker');
    expect(imageOf('file:///x/y.ts')).toBe('/x/y.ts#default');
  });
});

describe('loadAgent()', () => {
  it('makes the agent of a named and of the default export', async () => {
    for (const image of ['./good.mjs#Worker', './good.mjs']) {
      expect(await loadAgent(image, dir)).toHaveProperty('onTask');
    }
  });

  it.each([
    ['./bad.mjs', 'cannot load ./bad.mjs: no such luck'],
    [
      './good.mjs#Boss',
      '#Boss: it has no export "Boss" (it exports: Empty, Worker, default, plain)',
    ],
    ['./good.mjs#plain', 'its export "plain" is no agent'],
    ['./good.mjs#Empty', 'its export "Empty" is no agent'],
    ['./made.mjs#Picky', 'cannot load ./made.mjs#Picky: not me'],
  ])('says why %s cannot be loaded', async (image, message) => {
    const error: unknown = await loadAgent(image, dir).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'start_failed' });
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain('\n');
  });
});

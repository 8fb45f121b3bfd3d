import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  collectDocuments,
  describeSkipped,
  DOCUMENT_LIMITS,
  findMissing,
  parseInputs,
} from './documents.ts';

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'hive-docs-'));
  const files: Readonly<Record<string, string | Buffer>> = {
    'README.md': '# Readme',
    'docs/a.md': '# A',
    'docs/deep/b.txt': 'b',
    'docs/image.png': 'not really',
    'docs/blob': Buffer.from([1, 0, 2]),
    'docs/empty.md': '',
    'docs/.hidden.md': 'secret',
    'docs/.git/config': 'x',
    'docs/node_modules/x/readme.md': 'x',
    'other/c.json': '{}',
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  symlinkSync(join(dir, 'docs'), join(dir, 'docs', 'loop'));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const inputs = (...names: string[]): string[] => names.map((name) => join(dir, name));
const names = (list: readonly { readonly name: string }[]): string[] =>
  list.map(({ name }) => name);

describe('collectDocuments()', () => {
  it('keeps text files, named from what the inputs have in common', async () => {
    const { files, skipped } = await collectDocuments(inputs('docs', 'README.md'));
    expect(names(files)).toEqual(['docs/a.md', 'docs/deep/b.txt', 'README.md']);
    expect(files[0]).toMatchObject({ path: join(dir, 'docs/a.md'), sizeBytes: 3 });
    expect(skipped).toEqual([
      { name: 'docs/blob', why: 'binary' },
      { name: 'docs/empty.md', why: 'empty' },
      { name: 'docs/image.png', why: 'binary' },
      { name: 'docs/loop', why: 'a symbolic link' },
    ]);
    expect(describeSkipped(skipped)).toBe('2 binary, 1 empty, 1 a symbolic link');
  });

  it('names the file of a single input by itself, and takes none twice', async () => {
    expect(names((await collectDocuments(inputs('README.md'))).files)).toEqual(['README.md']);
    const { files } = await collectDocuments(inputs('docs', 'docs/a.md', 'other'));
    expect(names(files)).toEqual(['docs/a.md', 'docs/deep/b.txt', 'other/c.json']);
  });

  it.each([
    ['filesMax', 1, 'over the limit of 1 files'],
    ['fileBytesMax', 2, 'larger than 2 bytes'],
    ['totalBytesMax', 3, 'over the limit of 3 bytes in all'],
    ['entriesMax', 2, 'too many files'],
  ] as const)('is bounded by %s, and says what it left out', async (limit, max, why) => {
    const { skipped } = await collectDocuments(inputs('docs'), {
      ...DOCUMENT_LIMITS,
      [limit]: max,
    });
    expect(skipped.map((one) => one.why)).toContain(why);
  });
});

describe('findMissing()', () => {
  it('names the first input that is not there', async () => {
    const path = join(dir, 'nope.md');
    expect(await findMissing([join(dir, 'docs'), path])).toEqual({
      path,
      why: 'no such file or directory',
    });
    expect(await findMissing([dir])).toBeUndefined();
  });
});

describe('parseInputs()', () => {
  it('reads paths, one a line, each once', () => {
    expect(parseInputs(' /a\n\n/b/../c \n/a')).toEqual(['/a', '/c']);
  });
});

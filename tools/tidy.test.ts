import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkGenerated, GENERATED_DOCS } from './tidy/generated.ts';
import { checkLayers, KERNEL_ROWS, LAYERS } from './tidy/layers.ts';
import { checkLockfile, readLockfile } from './tidy/lockfile.ts';
import { checkManifest, type Manifest } from './tidy/manifests.ts';
import { checkSizes } from './tidy/sizes.ts';
import { compileSnippets, extractSnippets } from './tidy/snippets.ts';
import { listFiles, loadSources, readText, ROOT, type Violation } from './tidy/sources.ts';
import { checkTestPlace, checkWords } from './tidy/words.ts';

interface Exception {
  readonly file: string;
  readonly rule: string;
  readonly reason: string;
}

// What may break a rule, and why. An exception that is not needed any more fails the test.
const EXCEPTIONS: readonly Exception[] = [];

const sources = loadSources();
const paths = new Set(sources.map(({ path }) => path));

const isExcepted = ({ file, rule }: Violation): boolean =>
  EXCEPTIONS.some((exception) => exception.file === file && exception.rule === rule);

const print = (violations: readonly Violation[]): string[] =>
  violations
    .filter((violation) => !isExcepted(violation))
    .map(({ file, line, rule, message }) => `${file}:${line} [${rule}] ${message}`);

describe('the sources', () => {
  it('import only what the layers allow', () => {
    expect(print(sources.flatMap(checkLayers))).toEqual([]);
  });

  it('keep the sizes', () => {
    expect(print(sources.flatMap(checkSizes))).toEqual([]);
  });

  it('are named well, open with a header, and hold no unfinished work', () => {
    expect(print(sources.flatMap(checkWords))).toEqual([]);
  });

  it('have their tests beside them', () => {
    expect(print(sources.flatMap((file) => checkTestPlace(file, paths)))).toEqual([]);
  });

  it('need each exception that is listed', () => {
    const all = sources.flatMap((file) => [
      ...checkLayers(file),
      ...checkSizes(file),
      ...checkWords(file),
      ...checkTestPlace(file, paths),
    ]);
    const needed = new Set(all.map(({ file, rule }) => `${file} ${rule}`));
    expect(EXCEPTIONS.filter(({ file, rule }) => !needed.has(`${file} ${rule}`))).toEqual([]);
  });
});

describe('the layer table', () => {
  it('names every package that exists, and only layers that it has', () => {
    const folders = listFiles(/^package\.json$/)
      .map((path) => path.replace(/\/?package\.json$/, ''))
      .filter((folder) => folder !== '' && !folder.startsWith('examples/'));
    const known = Object.values(LAYERS).map(({ folder }) => folder);
    expect(folders.filter((folder) => !known.includes(folder))).toEqual([]);
    const targets = Object.values(LAYERS).flatMap(({ mayImport }) => mayImport);
    expect(targets.filter((name) => !(name in LAYERS))).toEqual([]);
  });

  it('names every part of the kernel', () => {
    const parts = [...paths]
      .filter((path) => path.startsWith('packages/kernel/src/') && !path.endsWith('.test.ts'))
      .map((path) => (path.split('/')[3] ?? '').replace(/\.ts$/, ''));
    const rows = [...KERNEL_ROWS.flat(), 'index'];
    expect([...new Set(parts)].filter((part) => !rows.includes(part))).toEqual([]);
  });
});

describe('the manifests', () => {
  it('name the packages of ours that the sources name, and no others', () => {
    const folders = listFiles(/^package\.json$/)
      .filter((path) => path !== 'package.json')
      .map((path) => ({ path, manifest: JSON.parse(readText(path)) as Manifest }));
    expect(print(folders.flatMap((folder) => checkManifest(folder, sources)))).toEqual([]);
  });
});

describe('the lockfile', () => {
  it('names every optional package, so that npm ci takes it', () => {
    expect(print(checkLockfile(readLockfile()))).toEqual([]);
  });
});

describe('the documents', () => {
  const documents = listFiles(/\.md$/).filter((path) =>
    /^(README\.md|docs\/.*|examples\/[^/]+\/README\.md)$/.test(path),
  );

  it('compile in every fenced ts block', () => {
    const snippets = documents.flatMap((path) => extractSnippets(path, readText(path)));
    expect(print(compileSnippets(snippets))).toEqual([]);
  });

  it('are fresh where they are generated', () => {
    expect(print(checkGenerated(GENERATED_DOCS))).toEqual([]);
  });

  it('link only to files that exist', () => {
    const broken = documents.flatMap((path) =>
      brokenLinks(path, readText(path)).map((link) => `${path}: ${link}`),
    );
    expect(broken).toEqual([]);
  });

  it('have their broken links found', () => {
    expect(brokenLinks('README.md', '[a](LICENSE) [b](https://x.org) [c](#d)')).toEqual([]);
    expect(brokenLinks('README.md', '[a](docs/nowhere.md#b)')).toEqual(['docs/nowhere.md']);
  });
});

/** Targets of relative links that are not there; addresses and anchors are not looked at. */
function brokenLinks(path: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s#]+)(#[^)]*)?\)/g)].map((match) => match[1] ?? '');
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !existsSync(join(ROOT, path, '..', target)));
}

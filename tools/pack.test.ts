import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closureOf, packPackages, publishedManifest, runStep } from './pack.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const INSTALL_TIMEOUT_MS = 120_000;

describe('publishedManifest()', () => {
  it('leads every entry to the built file and its declarations', () => {
    const manifest = {
      name: '@hivekernel/x',
      private: true,
      scripts: {},
      devDependencies: {},
      dependencies: { a: '1.0.0' },
      exports: { '.': './src/index.ts', './deep': './src/deep/index.ts' },
    };
    expect(publishedManifest(manifest)).toEqual({
      name: '@hivekernel/x',
      dependencies: { a: '1.0.0' },
      engines: { node: '>=24' },
      files: ['dist', 'bin', 'proto', 'README.md'],
      exports: {
        '.': { types: './dist/index.d.ts', default: './dist/index.js' },
        './deep': { types: './dist/deep/index.d.ts', default: './dist/deep/index.js' },
      },
    });
  });
});

describe('closureOf()', () => {
  const read =
    (needs: Record<string, string[]>) =>
    (name: string): { name: string; dependencies: Record<string, string> } => {
      const dependencies = (needs[name] ?? []).map((need) => [need, '1']);
      return { name, dependencies: Object.fromEntries(dependencies) };
    };

  it('puts each package after those that it needs, once', () => {
    const needs = { a: ['@hivekernel/b', '@hivekernel/c', 'zod'], b: ['@hivekernel/c'] };
    expect(closureOf(['a', 'b'], read(needs))).toEqual(['c', 'b', 'a']);
  });

  it('throws on a circle', () => {
    const needs = { a: ['@hivekernel/b'], b: ['@hivekernel/a'] };
    expect(() => closureOf(['a'], read(needs))).toThrow('a -> b -> a');
  });
});

describe('the packed sdk', () => {
  let project: string;

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'hive-packed-'));
    const tarballs = packPackages({ names: ['sdk'], outDir: join(project, 'tarballs') });
    writeFileSync(join(project, 'package.json'), '{"type":"module","private":true}');
    const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
    runStep('npm', ['install', ...flags, ...tarballs], project);
  }, INSTALL_TIMEOUT_MS);

  afterAll(() => {
    rmSync(project, { recursive: true, force: true });
  });

  const runInProject = (code: string): unknown => {
    writeFileSync(join(project, 'program.js'), code);
    return JSON.parse(runStep(process.execPath, ['program.js'], project));
  };

  it('loads from JavaScript, with the same names as the sources', async () => {
    const sources = Object.keys(await import('@hivekernel/sdk')).toSorted();
    const code = `
      const names = Object.keys(await import('@hivekernel/sdk'));
      console.log(JSON.stringify(names.toSorted()));
    `;
    expect(runInProject(code)).toEqual(sources);
  });

  it('brings a protocol that encodes and decodes', () => {
    const code = `
      import { agent } from '@hivekernel/protocol';
      const reply = { success: true, killedPids: [8, 7], error: '', errorCode: '' };
      const bytes = agent.KillResponse.encode(reply).finish();
      console.log(JSON.stringify(agent.KillResponse.decode(bytes).killedPids));
    `;
    expect(runInProject(code)).toEqual([8, 7]);
  });

  it('brings declarations that compile in the strictest project', () => {
    const compilerOptions = {
      strict: true,
      module: 'nodenext',
      target: 'es2023',
      lib: ['es2025', 'esnext.disposable', 'dom'],
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
      noEmit: true,
      skipLibCheck: false,
    };
    const code = `
      import * as sdk from '@hivekernel/sdk';
      import { agent } from '@hivekernel/protocol';
      export const read = (b: Uint8Array): number[] => agent.KillResponse.decode(b).killedPids;
      export default sdk;
    `;
    mkdirSync(join(project, 'typed'));
    writeFileSync(join(project, 'typed/program.ts'), code);
    const tsconfig = { compilerOptions, files: ['program.ts'] };
    writeFileSync(join(project, 'typed/tsconfig.json'), JSON.stringify(tsconfig));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    expect(runStep(process.execPath, [tsc, '-p', 'typed'], project)).toBe('');
  });
});

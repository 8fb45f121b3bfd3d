// Packs packages of the workspace as they are published: built JavaScript and declarations in
// `dist`, `exports` that point there, and no sources. In the repository they run from `src`; Node
// refuses to strip types under node_modules, so that what is installed must be built.
//   node tools/pack.ts [NAME…] [--out DIR]   packs NAME (default: cli) and all it needs
// Nothing is published here, and the working tree is not touched.

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(ROOT, 'node_modules/.cache');
const SCOPE = '@hivekernel/';
const STEP_TIMEOUT_MS = 120_000;
const NODE_RANGE = '>=24';
/** Beside `dist`, what of a package's folder travels along. */
const EXTRA_FILES = ['bin', 'proto', 'README.md'];
/** Fields of a manifest that only the repository needs. */
const LOCAL_FIELDS = ['private', 'scripts', 'devDependencies'];

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Entry {
  readonly types: string;
  readonly default: string;
}

export interface PublishedManifest {
  readonly exports: Readonly<Record<string, Entry>>;
  readonly [field: string]: unknown;
}

export interface PackRequest {
  /** Names without the scope, as `sdk`. */
  readonly names: readonly string[];
  /** Where the tarballs go. */
  readonly outDir: string;
}

/** Builds and packs; returns the tarballs' paths, each after those that it needs. */
export function packPackages({ names, outDir }: PackRequest): string[] {
  const needed = closureOf(names);
  mkdirSync(CACHE, { recursive: true });
  mkdirSync(outDir, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, 'pack-'));
  try {
    build(needed, scratch);
    const stages = needed.map((name) => {
      const stage = join(scratch, 'stage', name);
      stagePackage({ name, stage, built: join(scratch, 'built', folderOf(name), 'src') });
      return stage;
    });
    return packFolders(stages, outDir);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Tarballs of folders that hold what is published, in their order. */
export function packFolders(folders: readonly string[], outDir: string): string[] {
  const run = runStep('npm', ['pack', '--json', '--ignore-scripts', ...folders], { cwd: outDir });
  const tarballs = [...run.matchAll(/"filename":\s*"([^"]+)"/g)].map((match) => match[1] ?? '');
  if (tarballs.length === folders.length) return tarballs.map((name) => join(outDir, name));
  throw new Error(`npm pack named ${tarballs.length} of ${folders.length} tarballs:\n${run}`);
}

/** The packages and all packages of ours that they need, each after those that it needs. */
export function closureOf(
  names: readonly string[],
  read: (name: string) => Manifest = readManifest,
): string[] {
  const ordered = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) throw new Error(`${[...path, name].join(' -> ')} is a circle`);
    for (const dependency of Object.keys(read(name).dependencies ?? {})) {
      if (dependency.startsWith(SCOPE)) visit(dependency.slice(SCOPE.length), [...path, name]);
    }
    ordered.add(name);
  };
  for (const name of names) visit(name, []);
  return [...ordered];
}

/** The manifest as published: entries lead into `dist`, with their declarations. */
export function publishedManifest(manifest: Manifest): PublishedManifest {
  const kept = Object.entries(manifest).filter(([field]) => !LOCAL_FIELDS.includes(field));
  const entries = Object.entries(manifest.exports ?? {}).map(([path, source]) => {
    const stem = source.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '');
    return [path, { types: `${stem}.d.ts`, default: `${stem}.js` }] as const;
  });
  return {
    ...Object.fromEntries(kept),
    engines: { node: NODE_RANGE },
    exports: Object.fromEntries(entries),
    files: ['dist', ...EXTRA_FILES],
  };
}

/** Of the package `@hivekernel/NAME`, relative to the root. */
function folderOf(name: string): string {
  const inPackages = readdirSync(join(ROOT, 'packages')).map((entry) => `packages/${entry}`);
  const folder = [...inPackages, 'agents'].find(
    (candidate) => manifestIn(candidate).name === SCOPE + name,
  );
  if (folder === undefined) throw new Error(`there is no package ${SCOPE}${name}`);
  return folder;
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;
}

const readManifest = (name: string): Manifest => manifestIn(folderOf(name));

/** One compiler run over all: they see each other's sources, so that none needs another's dist. */
function build(names: readonly string[], scratch: string): void {
  const project = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      rootDir: ROOT,
      outDir: join(scratch, 'built'),
      typeRoots: [join(ROOT, 'node_modules/@types')],
    },
    include: names.map((name) => join(ROOT, folderOf(name), 'src')),
    exclude: [join(ROOT, 'packages/*/src/**/*.test.ts'), join(ROOT, 'agents/src/**/*.test.ts')],
  };
  const file = join(scratch, 'tsconfig.json');
  writeFileSync(file, JSON.stringify(project));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  runStep(process.execPath, [tsc, '-p', file, '--pretty', 'false'], { cwd: ROOT });
}

interface Staging {
  readonly name: string;
  readonly stage: string;
  readonly built: string;
}

function stagePackage({ name, stage, built }: Staging): void {
  const source = join(ROOT, folderOf(name));
  mkdirSync(stage, { recursive: true });
  cpSync(built, join(stage, 'dist'), { recursive: true });
  for (const extra of EXTRA_FILES) {
    const from = join(source, extra);
    if (!existsSync(from)) continue;
    const filter = (path: string): boolean => !path.endsWith('.test.ts');
    cpSync(from, join(stage, extra), { recursive: true, filter });
  }
  cpSync(join(ROOT, 'LICENSE'), join(stage, 'LICENSE'));
  const manifest = publishedManifest(readManifest(name));
  const targets = Object.values(manifest.exports).flatMap((entry) => [entry.types, entry.default]);
  const unbuilt = targets.find((target) => !existsSync(join(stage, target)));
  if (unbuilt !== undefined) throw new Error(`${name}: ${unbuilt} was not built`);
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

export interface StepPlace {
  readonly cwd: string;
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and returns what it printed. Throws with all it said if it fails. */
export function runStep(program: string, args: readonly string[], place: StepPlace): string {
  const run = spawnSync(program, args, { ...place, encoding: 'utf8', timeout: STEP_TIMEOUT_MS });
  if (run.status === 0) return run.stdout;
  const why = run.error?.message ?? `exit ${String(run.status ?? run.signal)}`;
  throw new Error(`${basename(program)} ${args.join(' ')}: ${why}\n${run.stdout}${run.stderr}`);
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string', default: 'dist' } },
  });
  const names = positionals.length === 0 ? ['cli'] : positionals;
  const tarballs = packPackages({ names, outDir: resolve(values.out) });
  process.stdout.write(`${tarballs.join('\n')}\n`);
}

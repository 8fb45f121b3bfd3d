// Who may import whom: the one table behind the rule in CI and the drawing in the docs.
//   L1. A package imports only itself and the packages that its row names.
//   L2. Inside the kernel a row imports only rows above it; parts of one row do not know each
//       other. The first row is one group.
//   L3. The kernel imports nothing outside itself, Node included.
// Tests beside a source may also use the testkit and are free inside their package. Tests of the
// whole (`packages/x/test`, examples, agents, tools) start the real system and may import all.

import { posix } from 'node:path';
import type { SourceFile, Violation } from './sources.ts';

export interface Layer {
  /** Folder, relative to the root; `examples` stands for every folder in it. */
  readonly folder: string;
  readonly mayImport: readonly string[];
}

const PACKAGE_SCOPE = '@hivekernel/';
const TEST_OF_THE_WHOLE = /^(packages\/[^/]+\/test|examples|agents|tools)\//;

export const LAYERS: Readonly<Record<string, Layer>> = {
  protocol: { folder: 'packages/protocol', mayImport: [] },
  kernel: { folder: 'packages/kernel', mayImport: [] },
  daemon: { folder: 'packages/daemon', mayImport: ['protocol', 'kernel'] },
  client: { folder: 'packages/client', mayImport: ['protocol'] },
  sdk: { folder: 'packages/sdk', mayImport: ['protocol'] },
  cli: { folder: 'packages/cli', mayImport: ['client', 'daemon'] },
  dashboard: { folder: 'packages/dashboard', mayImport: ['client'] },
  testkit: { folder: 'packages/testkit', mayImport: ['kernel', 'protocol'] },
  agents: { folder: 'agents', mayImport: ['sdk'] },
  examples: { folder: 'examples', mayImport: ['sdk'] },
  bench: {
    folder: 'bench',
    mayImport: ['protocol', 'kernel', 'daemon', 'client', 'sdk', 'testkit'],
  },
  tools: { folder: 'tools', mayImport: ['protocol', 'kernel', 'daemon'] },
};

/** The kernel's parts in reading order; a name is a folder or a file in `packages/kernel/src`. */
export const KERNEL_ROWS: readonly (readonly string[])[] = [
  ['errors', 'ids', 'limits', 'ports'],
  ['events'],
  ['settings'],
  ['process'],
  ['permissions', 'resources', 'ipc', 'artifacts'],
  // Whom a process works for comes before who lives: an end frees its tasks, a start takes one.
  ['scheduler'],
  ['supervision'],
  ['cluster'],
  ['state'],
  ['snapshot'],
  ['syscalls'],
  ['kernel'],
];

const KERNEL_SOURCE = 'packages/kernel/src/';

export function checkLayers(file: SourceFile): Violation[] {
  const layer = layerOf(file.path);
  if (!layer) return [];
  return file.imports.flatMap(({ specifier, line }) => {
    const message =
      specifier.startsWith('.') || specifier.startsWith('#')
        ? refuseRelative({ file, layer, specifier })
        : refusePackage({ file, layer, specifier });
    return message ? [{ file: file.path, line, rule: 'layers', message }] : [];
  });
}

/** Name of the layer that a path belongs to. */
export function layerOf(path: string): string | undefined {
  const found = Object.entries(LAYERS).find(([, { folder }]) => path.startsWith(`${folder}/`));
  return found?.[0];
}

interface Import {
  readonly file: SourceFile;
  readonly layer: string;
  readonly specifier: string;
}

function refusePackage({ file, layer, specifier }: Import): string | undefined {
  if (specifier.startsWith(PACKAGE_SCOPE)) {
    const target = specifier.slice(PACKAGE_SCOPE.length).split('/')[0] ?? '';
    if (file.isTest && (target === 'testkit' || TEST_OF_THE_WHOLE.test(file.path))) {
      return undefined;
    }
    const allowed = [layer, ...(LAYERS[layer]?.mayImport ?? [])];
    return allowed.includes(target) ? undefined : `${layer} may not import ${target} (L1)`;
  }
  if (layer !== 'kernel' || file.isTest) return undefined;
  return `the kernel imports nothing outside itself, not ${specifier} (L3)`;
}

function refuseRelative({ file, layer, specifier }: Import): string | undefined {
  const target = posix.join(posix.dirname(file.path), specifier);
  const folder = unitOf(file.path);
  if (!target.startsWith(`${folder}/`)) {
    return `${specifier} leaves ${folder}: import the package by its name (L1)`;
  }
  if (layer !== 'kernel' || file.isTest) return undefined;
  return refuseKernelPart(kernelPart(file.path), kernelPart(target));
}

/** The folder that a file may not leave by a relative path. */
function unitOf(path: string): string {
  const parts = path.split('/');
  const isGrouped = parts[0] === 'packages' || parts[0] === 'examples';
  return parts.slice(0, isGrouped ? 2 : 1).join('/');
}

function kernelPart(path: string): string {
  const inside = path.startsWith(KERNEL_SOURCE) ? path.slice(KERNEL_SOURCE.length) : path;
  return (inside.split('/')[0] ?? '').replace(/\.ts$/, '');
}

function refuseKernelPart(from: string, to: string): string | undefined {
  if (from === to || from === 'index') return undefined;
  const fromRow = KERNEL_ROWS.findIndex((row) => row.includes(from));
  const toRow = KERNEL_ROWS.findIndex((row) => row.includes(to));
  if (fromRow < 0) return `"${from}" has no row in the kernel's table (L2)`;
  if (toRow < 0) return `"${to}" has no row in the kernel's table (L2)`;
  if (toRow < fromRow || (fromRow === 0 && toRow === 0)) return undefined;
  const where = toRow === fromRow ? 'beside' : 'below';
  return `kernel part ${from} may not import ${to}, which stands ${where} it (L2)`;
}

/** The drawing in docs/architecture.md, as a fenced text block. */
export function drawLayers(): string {
  const names = Object.keys(LAYERS);
  const width = Math.max(...names.map((name) => name.length));
  const packages = Object.entries(LAYERS).map(
    ([name, { mayImport }]) => `${name.padEnd(width)} -> ${mayImport.join(', ') || '(nothing)'}`,
  );
  const rows = KERNEL_ROWS.map((row) => `  ${row.join('   ')}`);
  return [
    '```text',
    ...packages,
    '',
    'inside the kernel, each row imports only the rows above it:',
    ...rows,
    '```',
  ].join('\n');
}

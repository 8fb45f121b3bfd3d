// Each package names in its manifest the packages of ours that its sources name, and no others.
// In the workspace everything resolves, named or not; an installation has only what is named.
// An import counts, and so does a name that is resolved at run time; tests do not count, since
// they are not published. Packages of others are knip's.

import type { SourceFile, Violation } from './sources.ts';

const SCOPE = '@hivekernel/';
const NAMED = /(['"`])(@hivekernel\/[a-z-]+)(?:\/[a-z-]+)*\1/g;

export interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface PackageFolder {
  /** Of the package.json, relative to the root. */
  readonly path: string;
  readonly manifest: Manifest;
}

export function checkManifest(
  { path, manifest }: PackageFolder,
  sources: readonly SourceFile[],
): Violation[] {
  const folder = path.replace(/package\.json$/, '');
  const used = new Set<string>();
  for (const file of sources) {
    if (!file.path.startsWith(folder) || file.isTest) continue;
    for (const name of namedIn(file)) used.add(name);
  }
  used.delete(manifest.name ?? '');
  const named = Object.keys(manifest.dependencies ?? {}).filter((name) => name.startsWith(SCOPE));
  const say = (message: string): Violation => ({ file: path, line: 1, rule: 'manifest', message });
  return [
    ...[...used].filter((name) => !named.includes(name)).map((name) => say(`lacks ${name}`)),
    ...named.filter((name) => !used.has(name)).map((name) => say(`does not need ${name}`)),
  ];
}

function namedIn(file: SourceFile): string[] {
  const code = file.lines.filter((_, at) => file.isCode[at]).join('\n');
  return [...code.matchAll(NAMED)].map((match) => match[2] ?? '');
}

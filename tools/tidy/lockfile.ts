// Keeps the lockfile complete for the platforms that this machine is not. When npm cannot fetch
// what it must know of an optional package (a mirror lacks it), it leaves the package out of the
// lockfile without a word, and then every `npm ci` refuses the lockfile.
//   `node tools/tidy/lockfile.ts --write` enters what is missing, after any change of dependencies.
// An entered package has no integrity: there was nothing to take it from. It matters only on a
// platform where nobody has run npm with a full registry yet; doing so there adds it.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, type Violation } from './sources.ts';

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
  readonly [field: string]: unknown;
}

interface Missing {
  readonly name: string;
  readonly version: string;
  readonly isDev: boolean;
}

const FILE = 'package-lock.json';
const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
];
const SYSTEM_ALIASES: Readonly<Record<string, string>> = { win: 'win32', win32: 'win32' };
const PROCESSORS: Readonly<Record<string, string>> = {
  arm64: 'arm64',
  aarch64: 'arm64',
  arm: 'arm',
  armv7: 'arm',
  ia32: 'ia32',
  loong64: 'loong64',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  x64: 'x64',
};
const LIBRARIES: Readonly<Record<string, string>> = { gnu: 'glibc', musl: 'musl' };

export function checkLockfile(lock: Lockfile): Violation[] {
  return missingPackages(lock).map(({ name, version }) => ({
    file: FILE,
    line: 1,
    rule: 'lockfile',
    message: `lacks ${name}@${version}: run node tools/tidy/lockfile.ts --write`,
  }));
}

/** The lockfile with an entry for every optional package that it names. */
export function completeLockfile(lock: Lockfile): Lockfile {
  const added = missingPackages(lock).map(({ name, version, isDev }) => [
    `node_modules/${name}`,
    { version, ...(isDev ? { dev: true } : {}), optional: true, ...platformOf(name) },
  ]);
  const entries = [...Object.entries(lock.packages), ...added] as [string, LockedPackage][];
  entries.sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(entries) };
}

function missingPackages(lock: Lockfile): Missing[] {
  const known = new Set(
    Object.keys(lock.packages).map((path) => path.split('node_modules/').pop()),
  );
  const missing = new Map<string, Missing>();
  for (const { dev, optionalDependencies } of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
      if (!known.has(name)) missing.set(name, { name, version, isDev: dev === true });
    }
  }
  return [...missing.values()];
}

/** What a package of native code runs on, told by its name. Throws when the name does not tell. */
function platformOf(name: string): Record<string, string[]> {
  const words = name.split(/[-/]/);
  const pick = (of: (word: string) => string | undefined): string | undefined =>
    words.map(of).find((word) => word !== undefined);
  const os = pick((w) => SYSTEM_ALIASES[w] ?? (SYSTEMS.includes(w) ? w : undefined));
  const cpu = pick((w) => PROCESSORS[w]);
  const libc = os === 'linux' ? pick((w) => LIBRARIES[w]) : undefined;
  if (!os || !cpu) throw new Error(`${name}: the name does not say which platform it is for`);
  return { os: [os], cpu: [cpu], ...(libc ? { libc: [libc] } : {}) };
}

/** Throws when the root has no lockfile. */
export function readLockfile(): Lockfile {
  return JSON.parse(readFileSync(join(ROOT, FILE), 'utf8')) as Lockfile;
}

if (import.meta.main && process.argv.includes('--write')) {
  const completed = completeLockfile(readLockfile());
  writeFileSync(join(ROOT, FILE), `${JSON.stringify(completed, null, 2)}\n`);
}

// Which files there are to read: walks files and directories, keeps what is text, and says what it
// left out and why. Does not keep their content; reading.ts reads one.
//   Names are relative to what all inputs have in common: `docs/a.md`, `README.md`.
import type { Dirent } from 'node:fs';
import { lstat, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';

export const DOCUMENT_LIMITS = {
  filesMax: 400,
  fileBytesMax: 4 * 1024 * 1024,
  totalBytesMax: 16 * 1024 * 1024,
  /** Names looked at, text or not; a walk into a huge tree ends here. */
  entriesMax: 20_000,
} as const;

export interface DocumentFile {
  /** Absolute. */
  readonly path: string;
  /** What it is cited by; unique. */
  readonly name: string;
  readonly sizeBytes: number;
}

export interface Skipped {
  readonly name: string;
  readonly why: string;
}

export interface Collection {
  readonly files: readonly DocumentFile[];
  readonly skipped: readonly Skipped[];
}

export type DocumentLimits = { readonly [K in keyof typeof DOCUMENT_LIMITS]: number };

const SKIPPED_DIRECTORIES: ReadonlySet<string> = new Set([
  'node_modules',
  'bower_components',
  'vendor',
  'dist',
  'build',
  'coverage',
  'target',
  '__pycache__',
]);

/** Known by their endings; what has another one is looked into. */
const BINARY_ENDINGS: ReadonlySet<string> = new Set(
  [
    'png jpg jpeg gif webp avif ico bmp tif tiff svgz pdf doc docx xls xlsx ppt pptx odt ods',
    'zip gz tgz bz2 xz zst 7z rar tar jar war exe dll so dylib a o class pyc wasm',
    'woff woff2 ttf otf eot mp3 mp4 m4a wav ogg flac avi mov mkv webm',
    'db sqlite sqlite3 bin dat iso img binpb',
  ].flatMap((line) => line.split(' ')),
);

const SNIFF_BYTES = 4_096;

/** The first input that does not exist, with the system's word for it. */
export async function findMissing(
  inputs: readonly string[],
): Promise<{ path: string; why: string } | undefined> {
  for (const path of inputs) {
    try {
      await stat(path);
    } catch (error) {
      const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      return { path, why: isAbsent ? 'no such file or directory' : String(error) };
    }
  }
  return undefined;
}

/** What `params.input` holds: paths, one a line. */
export function parseInputs(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== '').map((line) => resolve(line)))];
}

export async function collectDocuments(
  inputs: readonly string[],
  limits: DocumentLimits = DOCUMENT_LIMITS,
): Promise<Collection> {
  const collector = new Collector(commonDirectory(inputs), limits);
  for (const input of inputs) await collector.addInput(input);
  return collector.result();
}

function commonDirectory(paths: readonly string[]): string {
  const [first = sep, ...rest] = paths.map((path) => dirname(path));
  let common = first;
  for (const other of rest) {
    while (common !== dirname(common) && other !== common && !other.startsWith(`${common}${sep}`)) {
      common = dirname(common);
    }
  }
  return common;
}

class Collector {
  readonly #base: string;
  readonly #limits: DocumentLimits;
  readonly #files = new Map<string, DocumentFile>();
  readonly #skipped: Skipped[] = [];
  #entries = 0;
  #bytes = 0;

  constructor(base: string, limits: DocumentLimits) {
    this.#base = base;
    this.#limits = limits;
  }

  result(): Collection {
    return { files: [...this.#files.values()], skipped: this.#skipped };
  }

  async addInput(path: string): Promise<void> {
    const stats = await stat(path);
    if (stats.isDirectory()) await this.#walk(path);
    else await this.#addFile(path);
  }

  async #walk(directory: string): Promise<void> {
    const entries = await this.#read(directory);
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      this.#entries += 1;
      if (this.#entries > this.#limits.entriesMax) {
        if (this.#entries === this.#limits.entriesMax + 1) this.#skip(directory, 'too many files');
        return;
      }
      await this.#addEntry(entry, join(directory, entry.name));
    }
  }

  async #read(directory: string): Promise<Dirent[]> {
    try {
      return await readdir(directory, { withFileTypes: true });
    } catch {
      this.#skip(directory, 'cannot be read');
      return [];
    }
  }

  async #addEntry(entry: Dirent, path: string): Promise<void> {
    if (entry.name.startsWith('.')) return;
    if (entry.isDirectory()) {
      if (!SKIPPED_DIRECTORIES.has(entry.name)) await this.#walk(path);
    } else if (entry.isFile()) {
      await this.#addFile(path);
    } else {
      this.#skip(path, entry.isSymbolicLink() ? 'a symbolic link' : 'not a regular file');
    }
  }

  async #addFile(path: string): Promise<void> {
    if (this.#files.has(path)) return;
    const why = await this.#refusal(path);
    if (why !== undefined) {
      this.#skip(path, why);
      return;
    }
    const { size } = await lstatFollowed(path);
    this.#bytes += size;
    this.#files.set(path, { path, name: this.#nameOf(path), sizeBytes: size });
  }

  async #refusal(path: string): Promise<string | undefined> {
    const { fileBytesMax, filesMax, totalBytesMax } = this.#limits;
    if (BINARY_ENDINGS.has(extname(path).slice(1).toLowerCase())) return 'binary';
    try {
      const { size } = await lstatFollowed(path);
      if (size === 0) return 'empty';
      if (size > fileBytesMax) return `larger than ${fileBytesMax} bytes`;
      if (this.#files.size >= filesMax) return `over the limit of ${filesMax} files`;
      if (this.#bytes + size > totalBytesMax)
        return `over the limit of ${totalBytesMax} bytes in all`;
      return (await isText(path)) ? undefined : 'binary';
    } catch {
      return 'cannot be read';
    }
  }

  #skip(path: string, why: string): void {
    this.#skipped.push({ name: this.#nameOf(path), why });
  }

  #nameOf(path: string): string {
    const name = relative(this.#base, path).split(sep).join('/');
    return name === '' ? basename(path) : name;
  }
}

/** An input may be a link; what a walk meets was checked by its entry. */
async function lstatFollowed(path: string) {
  const stats = await lstat(path);
  return stats.isSymbolicLink() ? stat(path) : stats;
}

async function isText(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    return !buffer.subarray(0, bytesRead).includes(0);
  } finally {
    await file.close();
  }
}

/** "12 binary, 1 empty": what was left out, by reason. */
export function describeSkipped(skipped: readonly Skipped[]): string {
  const counts = new Map<string, number>();
  for (const { why } of skipped) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, count]) => `${count} ${why}`).join(', ');
}

// What a research run reads when nobody said: the documents of the working directory, else those of
// HiveKernel itself. Found beside the sources, not by the working directory.

import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DOCUMENT_NAMES = ['docs', 'README.md'];
const DOCUMENT_ENDS = new Set(['.md', '.txt', '.rst', '.adoc']);

/** The project's own; empty where they are not installed. */
export function ownDocuments(): string[] {
  for (const levels of ['../../../../', '../../']) {
    const root = fileURLToPath(new URL(levels, import.meta.url));
    const found = documentsIn(root);
    if (found.length > 0) return found;
  }
  return [];
}

/** `docs` and README of the directory, or the directory where it has documents, or our own. */
export function documentsNear(cwd: string): string[] {
  const named = documentsIn(cwd);
  if (named.length > 0) return named;
  return hasDocuments(cwd) ? [cwd] : ownDocuments();
}

const documentsIn = (dir: string): string[] =>
  DOCUMENT_NAMES.map((name) => join(dir, name)).filter((path) => existsSync(path));

function hasDocuments(dir: string): boolean {
  try {
    return readdirSync(dir).some((name) => DOCUMENT_ENDS.has(extname(name).toLowerCase()));
  } catch {
    return false;
  }
}

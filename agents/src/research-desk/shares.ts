// Divides files among workers so that each has about the same to read. Counts bytes, not words:
// what a file holds is not known here.
import type { DocumentFile } from './documents.ts';

/** At most `sharesMax` shares, none empty: the largest file first, to whoever has least so far. */
export function divide(files: readonly DocumentFile[], sharesMax: number): DocumentFile[][] {
  const count = Math.min(files.length, Math.max(1, sharesMax));
  const shares = Array.from({ length: count }, () => ({ bytes: 0, files: [] as DocumentFile[] }));
  for (const file of files.toSorted((a, b) => b.sizeBytes - a.sizeBytes)) {
    // Among equals the one with fewer files: empty files weigh nothing, and no share may be empty.
    const least = shares.reduce((a, b) =>
      b.bytes < a.bytes || (b.bytes === a.bytes && b.files.length < a.files.length) ? b : a,
    );
    least.files.push(file);
    least.bytes += file.sizeBytes;
  }
  const byName = (a: DocumentFile, b: DocumentFile): number => (a.name < b.name ? -1 : 1);
  return shares.map((share) => share.files.toSorted(byName));
}

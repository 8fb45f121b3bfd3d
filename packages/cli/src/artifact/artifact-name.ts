// How people name an artifact: its key, `key@v3` for a version of it, `id:a12` where several have
// one key and the newest is not meant.

import type { ArtifactName } from '@hivekernel/client';
import { usageError } from '../errors/cli-error.ts';

const VERSIONED = /^(.+)@v(\d{1,9})$/s;
const BY_ID = /^id:(a[\d.]+)$/;

export interface NamedVersion {
  readonly name: ArtifactName;
  /** 0: the newest. */
  readonly version: number;
}

export const NAME_HELP = 'its key, or id:a12';

export function readNamedVersion(word: string): NamedVersion {
  const match = VERSIONED.exec(word);
  const [, name = word, version = '0'] = match ?? [];
  return { name: nameIn(name), version: Number(version) };
}

/** One without a version: what is meant is all of it. */
export function readName(word: string, verb: string): ArtifactName {
  if (!VERSIONED.test(word)) return nameIn(word);
  throw usageError(`${verb} is for all versions of an artifact, and "${word}" names one of them.`);
}

/** A key to store under. */
export function readNewName(word: string): { readonly key: string; readonly artifact?: string } {
  if (VERSIONED.test(word)) {
    throw usageError(`A key cannot end in a version: "${word}". Each put makes the next one.`);
  }
  const name = nameIn(word);
  return 'id' in name ? { key: '', artifact: name.id } : name;
}

export function readVersion(flag: string, word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  const [, digits] = /^v?(\d{1,9})$/.exec(word) ?? [];
  if (digits !== undefined) return Number(digits);
  throw usageError(`${flag} wants a version, as 3 or v3, not "${word}".`);
}

export const showName = (name: ArtifactName): string =>
  'key' in name ? name.key : `id:${name.id}`;

function nameIn(word: string): ArtifactName {
  const [, id] = BY_ID.exec(word) ?? [];
  return id === undefined ? { key: word } : { id };
}

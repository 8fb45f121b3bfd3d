// Access keys: the operator's token, and one key a process for the model endpoint. Only hashes are
// kept, and a key is looked up by its hash, so comparing takes no time that tells anything
// (DESIGN §7).

import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

const KEY_BYTES = 32;

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');

/** Who is behind a key. */
export type KeyHolder = { readonly pid: number } | { readonly operator: true };

export class AccessKeys {
  readonly #holders = new Map<string, KeyHolder>();
  readonly #hashByPid = new Map<number, string>();

  constructor(operatorToken: string) {
    this.#holders.set(hashOf(operatorToken), { operator: true });
  }

  /** A new key for the process; its earlier one is void. */
  issue(pid: number): string {
    this.revoke(pid);
    const key = `hk-${randomBytes(KEY_BYTES).toString('base64url')}`;
    const hash = hashOf(key);
    this.#holders.set(hash, { pid });
    this.#hashByPid.set(pid, hash);
    return key;
  }

  revoke(pid: number): void {
    const hash = this.#hashByPid.get(pid);
    if (hash === undefined) return;
    this.#hashByPid.delete(pid);
    this.#holders.delete(hash);
  }

  holderOf(key: string | undefined): KeyHolder | undefined {
    return key === undefined ? undefined : this.#holders.get(hashOf(key));
  }
}

/** The token in the data directory, made at the first boot; mode 0600. */
export async function operatorToken(path: string): Promise<string> {
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known.trim() !== '') return known.trim();
  const token = `op-${randomBytes(KEY_BYTES).toString('base64url')}`;
  await writeFile(path, `${token}\n`, { mode: 0o600 });
  return token;
}

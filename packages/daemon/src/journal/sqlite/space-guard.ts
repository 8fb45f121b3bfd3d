// The reserve below a full disk (DESIGN §3): a ballast file that the writer frees when SQLite runs
// out of space, and the flag that tells the kernel to refuse growing commands meanwhile.
//   J14. isLow: free space is below the ballast's size, or the ballast was freed and not written
//        again. It is written again when twice its size is free, which clears the flag.

import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { journalPaths } from './journal-file.ts';

const PIECE_BYTES = 1024 * 1024;

export interface SpaceGuardOptions {
  readonly dir: string;
  /** 0 keeps no ballast. */
  readonly ballastBytes: number;
  readonly checkEveryMs: number;
  readonly onChange: (isLow: boolean) => void;
  /** Bytes free to us on the disk of `dir`. */
  readonly freeBytes: (dir: string) => Promise<number>;
}

export const freeBytesOf = async (dir: string): Promise<number> => {
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
};

export class SpaceGuard {
  readonly #options: SpaceGuardOptions;
  readonly #path: string;
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<boolean> | undefined;
  #isLow = false;
  #isFreed = false;
  #isClosed = false;

  constructor(options: SpaceGuardOptions) {
    this.#options = options;
    this.#path = journalPaths(options.dir).ballast;
  }

  get isLow(): boolean {
    return this.#isLow;
  }

  /** Looks at once, then every `checkEveryMs` without keeping the process alive. */
  start(): void {
    const look = () => void this.check(); // Trouble in a look is answered by the next look.
    this.#timer = setInterval(look, this.#options.checkEveryMs).unref();
    look();
  }

  /** SQLite ran out of space; the writer has freed the ballast. */
  noteRanOut(): void {
    this.#isFreed = true;
    this.#set(true);
  }

  /** Looks at the disk now, writes the ballast when there is room, and says whether it is low. */
  check(): Promise<boolean> {
    this.#checking ??= this.#look().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#checking;
  }

  async #look(): Promise<boolean> {
    const { dir, ballastBytes } = this.#options;
    try {
      const free = await this.#options.freeBytes(dir);
      if (free > 2 * ballastBytes && !this.#isClosed) {
        await this.#writeBallast();
        this.#isFreed = false;
      }
      this.#set(this.#isFreed || free < ballastBytes);
    } catch {
      this.#set(true); // A disk that cannot be looked at or written to has no room to promise.
    }
    return this.#isLow;
  }

  async #writeBallast(): Promise<void> {
    const { ballastBytes } = this.#options;
    const present = await stat(this.#path).catch(() => undefined);
    if (ballastBytes === 0 || present?.size === ballastBytes) return;
    const draft = `${this.#path}.new`;
    const file = await open(draft, 'w', 0o600);
    try {
      // Random, so that a file system which compresses gives it real room.
      const piece = randomBytes(Math.min(PIECE_BYTES, ballastBytes));
      for (let at = 0; at < ballastBytes && !this.#isClosed; at += piece.length) {
        await file.write(piece, 0, Math.min(piece.length, ballastBytes - at), at);
      }
      await file.close();
      await (this.#isClosed ? rm(draft) : rename(draft, this.#path));
    } catch (error) {
      await file.close();
      await rm(draft, { force: true });
      throw error;
    }
  }

  #set(isLow: boolean): void {
    if (isLow === this.#isLow) return;
    this.#isLow = isLow;
    this.#options.onChange(isLow);
  }
}

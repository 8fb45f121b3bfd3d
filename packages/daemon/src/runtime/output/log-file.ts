// An agent's log on disk: what it wrote to stdout and stderr, as it came. Rotates once: `1.log` and
// the file before it, `1.log.1`. Not durable, never synced (DESIGN §3).
//   Writing never holds up reading: what the disk does not take in time, or refuses, is dropped and
//   counted; the count is written when the disk takes bytes again.

import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { RUNTIME_LIMITS } from '../runtime-limits.ts';

const LOG_MODE = 0o600;

export class LogFile {
  readonly #path: string;
  readonly #fileBytesMax: number;
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #droppedBytes = 0;
  #writing: Promise<void> | undefined;

  constructor(options: { path: string; fileBytesMax?: number }) {
    this.#path = options.path;
    this.#fileBytesMax = options.fileBytesMax ?? RUNTIME_LIMITS.logFileBytesMax;
  }

  append(chunk: Buffer): void {
    if (this.#pendingBytes + chunk.length > RUNTIME_LIMITS.logPendingBytesMax) {
      this.#droppedBytes += chunk.length;
      return;
    }
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    this.#writing ??= this.#write();
  }

  /** Resolves when what was appended is written, or dropped. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async close(): Promise<void> {
    await this.settled();
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined); // There is nothing to save: it was never synced.
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    while (this.#pendingBytes > 0) {
      const batch = Buffer.concat(this.#pending);
      this.#pending = [];
      this.#pendingBytes = 0;
      await this.#writeBatch(batch);
    }
    this.#writing = undefined;
  }

  async #writeBatch(batch: Buffer): Promise<void> {
    try {
      const file = await this.#fileFor(batch.length);
      const dropped = this.#droppedBytes;
      await file.appendFile(dropped > 0 ? Buffer.concat([noteOf(dropped), batch]) : batch);
      this.#droppedBytes -= dropped;
      this.#fileBytes += batch.length;
    } catch {
      this.#droppedBytes += batch.length; // The note tells of it when there is room again.
    }
  }

  async #fileFor(bytes: number): Promise<FileHandle> {
    const isFull = this.#fileBytes > 0 && this.#fileBytes + bytes > this.#fileBytesMax;
    if (this.#file !== undefined && !isFull) return this.#file;
    if (this.#file !== undefined) await this.#rotate(this.#file);
    const file = await this.#open();
    // The file of an earlier incarnation may be full already.
    if (this.#fileBytes === 0 || this.#fileBytes + bytes <= this.#fileBytesMax) return file;
    await this.#rotate(file);
    return this.#open();
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#path, 'a', LOG_MODE);
    this.#file = file;
    this.#fileBytes = (await file.stat()).size;
    return file;
  }

  async #rotate(file: FileHandle): Promise<void> {
    this.#file = undefined;
    await file.close();
    await rename(this.#path, `${this.#path}.1`);
  }
}

const noteOf = (bytes: number): Buffer => Buffer.from(`[${bytes} bytes of output were dropped]\n`);

// The content desk: bytes in, Content out, and back. Large content waits here from the moment it is
// taken in until the append that carries it, so that it is durable with the events that name it.

import { createHash } from 'node:crypto';
import { KernelError, LIMITS, type Blob, type Content } from '@hivekernel/kernel';

export class ContentDesk {
  readonly #getBlob: (hash: string) => Promise<Uint8Array | undefined>;
  #staged = new Map<string, Blob>();
  /** Launched and not yet landed: readable from here meanwhile. */
  readonly #inFlight = new Map<string, { blob: Blob; flights: number }>();

  constructor(getBlob: (hash: string) => Promise<Uint8Array | undefined>) {
    this.#getBlob = getBlob;
  }

  take(bytes: Uint8Array): Content {
    return bytes.length <= LIMITS.inlineContentBytesMax
      ? { bytes: bytes.length, inline: base64(bytes) }
      : { bytes: bytes.length, hash: this.#stage(bytes, hashOf(bytes)) };
  }

  takeHashed(bytes: Uint8Array): Content {
    const hash = hashOf(bytes);
    return bytes.length <= LIMITS.inlineContentBytesMax
      ? { bytes: bytes.length, inline: base64(bytes), hash }
      : { bytes: bytes.length, hash: this.#stage(bytes, hash) };
  }

  async bytes(content: Content): Promise<Uint8Array> {
    if (content.inline !== undefined) return Buffer.from(content.inline, 'base64');
    const hash = content.hash ?? '';
    const bytes = this.find(hash)?.bytes ?? (await this.#getBlob(hash));
    if (bytes !== undefined) return bytes;
    throw new KernelError('data_loss', `The content ${hash} is gone from the store.`);
  }

  /** What is here and not yet durable. */
  find(hash: string): Blob | undefined {
    return this.#staged.get(hash) ?? this.#inFlight.get(hash)?.blob;
  }

  /** What came for the pass that ends now. It stays readable until it is landed. */
  launch(): Map<string, Blob> {
    const staged = this.#staged;
    if (staged.size > 0) this.#staged = new Map();
    for (const [hash, blob] of staged) {
      const known = this.#inFlight.get(hash);
      this.#inFlight.set(hash, { blob, flights: (known?.flights ?? 0) + 1 });
    }
    return staged;
  }

  /** The append is durable, or given up. */
  landed(blobs: ReadonlyMap<string, Blob>): void {
    for (const hash of blobs.keys()) {
      const known = this.#inFlight.get(hash);
      if (known === undefined) continue;
      known.flights -= 1;
      if (known.flights === 0) this.#inFlight.delete(hash);
    }
  }

  /** It was taken for a pass that failed, and is to go with the next one. */
  restage(blobs: readonly Blob[]): void {
    for (const blob of blobs) this.#staged.set(blob.hash, blob);
  }

  #stage(bytes: Uint8Array, hash: string): string {
    this.#staged.set(hash, { hash, bytes });
    return hash;
  }
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

// The content desk: bytes in, Content out, and back. Large content waits here from the moment it is
// taken in until the append that carries it, so that it is durable with the events that name it.
//   What is given away is held once: here in a copy of its own, and then by the journal alone. Who
//   wants it back meanwhile waits until it is there.

import { createHash } from 'node:crypto';
import { KernelError, LIMITS, type Blob, type Content } from '@hivekernel/kernel';

/** Below, a copy costs less than the care. */
const GIVEN_BYTES_MIN = 256 * 1024;

export class ContentDesk {
  readonly #getBlob: (hash: string) => Promise<Uint8Array | undefined>;
  #staged = new Map<string, Blob>();
  /** Launched and not yet landed: readable from here meanwhile. */
  readonly #inFlight = new Map<string, { blob: Blob; flights: number }>();
  readonly #whenLanded = new Map<string, (() => void)[]>();

  constructor(getBlob: (hash: string) => Promise<Uint8Array | undefined>) {
    this.#getBlob = getBlob;
  }

  take(bytes: Uint8Array): Content {
    return bytes.length <= LIMITS.inlineContentBytesMax
      ? { bytes: bytes.length, inline: base64(bytes) }
      : { bytes: bytes.length, hash: this.#stage(bytes, hashOf(bytes)) };
  }

  /** `isGivenAway`: of a call, that is refused if the append fails; nothing holds on to `bytes`. */
  takeHashed(bytes: Uint8Array, how?: { isGivenAway: true }): Content {
    const hash = hashOf(bytes);
    if (how?.isGivenAway === true && bytes.length >= GIVEN_BYTES_MIN) {
      if (!this.#staged.has(hash)) {
        this.#staged.set(hash, { hash, bytes: new Uint8Array(bytes), isGivenAway: true });
      }
      return { bytes: bytes.length, hash };
    }
    return bytes.length <= LIMITS.inlineContentBytesMax
      ? { bytes: bytes.length, inline: base64(bytes), hash }
      : { bytes: bytes.length, hash: this.#stage(bytes, hash) };
  }

  async bytes(content: Content): Promise<Uint8Array> {
    if (content.inline !== undefined) return Buffer.from(content.inline, 'base64');
    const hash = content.hash ?? '';
    const here = this.find(hash);
    if (here !== undefined && here.isGivenAway !== true) return here.bytes;
    if (here !== undefined) await this.#untilLanded(hash);
    const bytes = await this.#getBlob(hash);
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
      if (known.flights > 0) continue;
      this.#inFlight.delete(hash);
      const waiting = this.#whenLanded.get(hash) ?? [];
      this.#whenLanded.delete(hash);
      for (const resolve of waiting) resolve();
    }
  }

  /** It was taken for a pass that failed, and is to go with the next one. */
  restage(blobs: readonly Blob[]): void {
    for (const blob of blobs) this.#staged.set(blob.hash, blob);
  }

  #untilLanded(hash: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#whenLanded.get(hash);
      if (waiting === undefined) this.#whenLanded.set(hash, [resolve]);
      else waiting.push(resolve);
    });
  }

  #stage(bytes: Uint8Array, hash: string): string {
    this.#staged.set(hash, { hash, bytes });
    return hash;
  }
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

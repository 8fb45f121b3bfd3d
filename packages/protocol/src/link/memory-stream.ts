// Two ByteStreams joined in memory, for tests and for calls within one process. Chunks arrive in
// later turns, as on a socket; `highWaterBytes` makes a slow reader felt.
//   `cut()` breaks it without warning: what is on the way is lost, as when a machine dies.
import type { ByteStream, ByteStreamListener } from './byte-stream.ts';

const DEFAULT_HIGH_WATER_BYTES = 64 * 1024;

export interface MemoryStreamPair {
  readonly a: MemoryStream;
  readonly b: MemoryStream;
  readonly cut: () => void;
}

export function memoryStreamPair(options: { highWaterBytes?: number } = {}): MemoryStreamPair {
  const highWaterBytes = options.highWaterBytes ?? DEFAULT_HIGH_WATER_BYTES;
  const a: MemoryStream = new MemoryStream(highWaterBytes, () => b);
  const b: MemoryStream = new MemoryStream(highWaterBytes, () => a);
  const cut = (): void => {
    a.destroy();
    b.destroy();
  };
  return { a, b, cut };
}

export class MemoryStream implements ByteStream {
  readonly #highWaterBytes: number;
  readonly #peer: () => MemoryStream;
  /** Written by the peer, not yet read here. */
  #arrived: Uint8Array[] = [];
  #arrivedBytes = 0;
  #listener: ByteStreamListener | undefined;
  #isPaused = false;
  #isPumping = false;
  #owesDrain = false;
  #hasPeerEnded = false;
  #isOver = false;

  constructor(highWaterBytes: number, peer: () => MemoryStream) {
    this.#highWaterBytes = highWaterBytes;
    this.#peer = peer;
  }

  /** Bytes that the other side wrote and this one has not read: what a socket's buffer holds. */
  get unreadBytes(): number {
    return this.#arrivedBytes;
  }

  write(bytes: Uint8Array): boolean {
    return this.#isOver ? true : this.#peer().#arrive(bytes);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#pump();
  }

  end(): void {
    const peer = this.#peer();
    peer.#hasPeerEnded = true;
    peer.#pump();
    this.#finish();
  }

  destroy(): void {
    this.#arrived = [];
    this.end();
  }

  listen(listener: ByteStreamListener): void {
    this.#listener = listener;
    if (this.#isOver) queueMicrotask(() => listener.onEnd());
    this.resume();
  }

  #arrive(bytes: Uint8Array): boolean {
    if (this.#isOver) return true;
    // A copy: what the writer does with its buffer afterwards must not show here.
    this.#arrived.push(bytes.slice());
    this.#arrivedBytes += bytes.length;
    this.#pump();
    this.#owesDrain = this.#arrivedBytes >= this.#highWaterBytes;
    return !this.#owesDrain;
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#isPaused || this.#isOver || !this.#listener) return;
    const chunk = this.#arrived.shift();
    if (!chunk) {
      if (this.#hasPeerEnded) this.#finish();
      return;
    }
    this.#arrivedBytes -= chunk.length;
    this.#listener.onData(chunk);
    if (this.#owesDrain && this.#arrivedBytes < this.#highWaterBytes) {
      this.#owesDrain = false;
      this.#peer().#listener?.onDrain();
    }
    this.#pump();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#arrived = [];
    queueMicrotask(() => this.#listener?.onEnd());
  }
}

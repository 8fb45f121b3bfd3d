// A byte stream that takes turns: after so many bytes it is read no further until the event loop
// has come round, so that an agent that floods its link holds up nobody else's. Bytes, not calls:
// a call costs about its length, and a chunk is known before it is decoded.

import type { ByteStream } from '@hivekernel/protocol/link';
import { RUNTIME_LIMITS } from '../runtime-limits.ts';

export function fairStream(
  stream: ByteStream,
  bytesPerTurn: number = RUNTIME_LIMITS.linkBytesPerTurn,
): ByteStream {
  let bytesThisTurn = 0;
  let isTurnCounted = false;
  let isOutOfTurn = false;
  /** By who reads the stream; its pause outlasts the turn's. */
  let isPaused = false;

  const nextTurn = (): void => {
    isTurnCounted = false;
    bytesThisTurn = 0;
    if (!isOutOfTurn) return;
    isOutOfTurn = false;
    if (!isPaused) stream.resume();
  };
  const count = (bytes: number): void => {
    bytesThisTurn += bytes;
    if (!isTurnCounted) {
      isTurnCounted = true;
      setImmediate(nextTurn);
    }
    if (bytesThisTurn < bytesPerTurn || isOutOfTurn) return;
    isOutOfTurn = true;
    stream.pause();
  };

  return {
    write: (bytes) => stream.write(bytes),
    end: () => stream.end(),
    destroy: () => stream.destroy(),
    pause: () => {
      isPaused = true;
      stream.pause();
    },
    resume: () => {
      isPaused = false;
      if (!isOutOfTurn) stream.resume();
    },
    listen: (listener) => {
      isPaused = false;
      stream.listen({
        onData: (chunk) => {
          count(chunk.length);
          listener.onData(chunk);
        },
        onDrain: () => listener.onDrain(),
        onEnd: (error) => listener.onEnd(error),
      });
      if (isOutOfTurn) stream.pause();
    },
  };
}

// A socket of node:net as the link's ByteStream. Nothing else of the link knows Node's sockets.
//   A half-open connection is of no use to the link: when the peer stops sending, it is over.
import type { Socket } from 'node:net';
import type { ByteStream, ByteStreamListener } from './byte-stream.ts';

const DEAF: ByteStreamListener = {
  onData: () => undefined,
  onDrain: () => undefined,
  onEnd: () => undefined,
};

/** Takes the socket over: nobody else may read it. Works for one that is still connecting. */
export function socketStream(socket: Socket): ByteStream {
  let listener = DEAF;
  let error: Error | undefined;
  let hasEnded = false;
  socket.pause();
  socket.on('data', (chunk: Uint8Array) => listener.onData(chunk));
  socket.on('drain', () => listener.onDrain());
  socket.on('end', () => socket.end());
  socket.on('error', (cause: Error) => (error = cause));
  socket.on('close', () => {
    hasEnded = true;
    listener.onEnd(error);
  });
  return {
    write: (bytes) => (socket.writable ? socket.write(bytes) : true),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    listen: (next) => {
      listener = next;
      if (hasEnded) queueMicrotask(() => next.onEnd(error));
      else socket.resume();
    },
  };
}

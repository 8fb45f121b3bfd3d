// The daemon's first words with a connection: it reads Hello and stops there, so that whoever knows
// tokens and secrets can decide which session takes the connection, or refuse it.
import { ClientFrame, KernelFrame } from '../gen/link.ts';
import type { CallError, Hello } from '../gen/link.ts';
import type { ByteStream } from './byte-stream.ts';
import { FrameReader, encodeFrame } from './frame-codec.ts';
import { LinkProtocolError } from './link-error.ts';
import { LINK_VERSION } from './link-limits.ts';
import { encodeMessage } from './message-codec.ts';

/** A connection that said Hello and waits, unread, for a session. */
export interface PendingLink {
  readonly hello: Hello;
  readonly stream: ByteStream;
  /** For `ServerSession.attach`: the frames read so far, that of Hello first. */
  readonly frames: readonly Uint8Array[];
  readonly reader: FrameReader;
  /** Says why and ends the connection. */
  refuse(error: CallError): void;
}

/**
 * Resolves with the first frame's Hello. Rejects with `LinkProtocolError` when something else
 * comes, the connection ends or the signal aborts; the connection is then ended.
 */
export function readHello(
  stream: ByteStream,
  options: { signal: AbortSignal },
): Promise<PendingLink> {
  const { signal } = options;
  const reader = new FrameReader();
  return new Promise((resolve, reject) => {
    const giveUp = (error: LinkProtocolError, code: string): void => {
      signal.removeEventListener('abort', onAbort);
      stream.listen(deafTo(stream));
      endWith(stream, { code, message: error.message, details: {} });
      reject(error);
    };
    const onAbort = (): void => giveUp(new LinkProtocolError('no Hello in time'), 'timed_out');
    signal.addEventListener('abort', onAbort, { once: true });
    stream.listen({
      onData: (chunk) => {
        try {
          const frames = reader.push(chunk);
          if (frames.length === 0) return;
          const hello = helloOf(frames[0]!);
          stream.pause();
          signal.removeEventListener('abort', onAbort);
          const refuse = (error: CallError): void => endWith(stream, error);
          resolve({ hello, stream, frames, reader, refuse });
        } catch (error) {
          giveUp(asProtocolError(error), 'invalid_argument');
        }
      },
      onDrain: () => undefined,
      onEnd: () =>
        giveUp(new LinkProtocolError('the connection ended before Hello'), 'unavailable'),
    });
    if (signal.aborted) onAbort();
  });
}

function helloOf(frame: Uint8Array): Hello {
  const { hello } = ClientFrame.decode(frame);
  if (!hello) throw new LinkProtocolError('the first frame holds no Hello');
  if (hello.version !== LINK_VERSION) {
    const versions = `${hello.version} of the link, this is version ${LINK_VERSION}`;
    throw new LinkProtocolError(`the client speaks version ${versions}`);
  }
  return hello;
}

function asProtocolError(cause: unknown): LinkProtocolError {
  if (cause instanceof LinkProtocolError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new LinkProtocolError(`the first frame cannot be read: ${message}`, { cause });
}

/** Ends a connection with a fatal error as its last frame. */
export function endWith(stream: ByteStream, error: CallError): void {
  const frame = { hello: undefined, replies: [], requests: [], error };
  stream.write(encodeFrame(encodeMessage(KernelFrame, frame)));
  stream.end();
}

/** Reads on, so that the end is noticed, and ignores what comes. */
function deafTo(stream: ByteStream) {
  return { onData: () => stream.pause(), onDrain: () => undefined, onEnd: () => undefined };
}

// A subscriber over gRPC who reads nothing: HTTP/2 as it comes, with the window that it begins with
// and never another.

import { connect } from 'node:http2';
import { once } from 'node:events';
import { core, make } from '@hivekernel/protocol';
import type { EventDoor } from './event-reader.ts';

const PATH = '/hivekernel.core.CoreService/Subscribe';
/** A flag and the length of what follows. */
const PREFIX_BYTES = 5;

export interface SlowSubscriber {
  close(): void;
}

/** Resolves when its call is answered: it subscribes. */
export async function subscribeAndReadNothing(
  { grpcAddress, token }: EventDoor,
  topic: string,
): Promise<SlowSubscriber> {
  const session = connect(`http://${grpcAddress}`);
  session.on('error', () => undefined);
  await once(session, 'connect');
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${token}`,
  });
  stream.on('error', () => undefined);
  stream.end(framed(core.SubscribeRequest.encode(make(core.SubscribeRequest, { topic })).finish()));
  await once(stream, 'response');
  return { close: () => session.destroy() };
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(PREFIX_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

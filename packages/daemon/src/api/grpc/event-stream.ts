// SubscribeEvents: what is kept after `since_seq`, then what happens, until the client is gone.
//   The stream is written as fast as the client reads and no faster; a client that stops reading is
//   put aside and goes on from its place (events/follow.ts).
//   Whose place is no longer kept is told so and closed, never silently skipped: OUT_OF_RANGE.

import type { ServerWritableStream } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import { KernelError } from '@hivekernel/kernel';
import type { core } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import type { EventFeed } from '../events/event-feed.ts';
import { Following } from '../events/follow.ts';
import { positionOf } from '../events/position.ts';
import { asKernelError } from '../wire/failures.ts';
import { GrpcEventSink } from './event-sink.ts';
import { identify } from './identity.ts';
import type { ChannelPolicy } from './identity.ts';
import type { MessageBatch } from './message-batches.ts';
import type { Decoded } from './service-definitions.ts';
import { statusOf } from './statuses.ts';
import { unreadable } from './unary-calls.ts';

/** Its messages are encoded, and written in batches (message-batches.ts). */
export type EventCall = ServerWritableStream<Decoded<core.SubscribeEventsRequest>, MessageBatch>;

export interface EventStreamOptions {
  readonly host: Host;
  readonly feed: EventFeed;
  readonly policy: ChannelPolicy;
  /** Fires when the door stops. */
  readonly stopping: AbortSignal;
}

/** Ends the call with a status. Never rejects. */
export async function streamEvents(call: EventCall, options: EventStreamOptions): Promise<void> {
  const gone = new AbortController();
  const onGone = (): void => gone.abort();
  call.on('cancelled', onGone);
  call.on('error', onGone);
  call.on('close', onGone);
  const signal = AbortSignal.any([gone.signal, options.stopping]);
  const sink = new GrpcEventSink(call, signal);
  try {
    const { request } = call;
    identify(call.metadata, options.policy, { needsPid: false });
    if ('garbage' in request) throw unreadable(request.garbage);
    const { sinceSeq: seq, afterId: id, pid, subtree, types } = request.value;
    const after = positionOf({ id, seq });
    const order = { after, pid, subtree, types, follow: true, signal };
    const { host, feed } = options;
    const following = new Following({ host, feed, order, sink });
    call.sendMetadata(new Metadata());
    await following.run();
    if (gone.signal.aborted) return;
    throw new KernelError('unavailable', 'The kernel is stopping.');
  } catch (error) {
    if (gone.signal.aborted) return;
    sink.close();
    call.emit('error', statusOf(asKernelError(error)));
  } finally {
    gone.abort();
  }
}

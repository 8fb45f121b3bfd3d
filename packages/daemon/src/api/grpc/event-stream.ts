// SubscribeEvents: what is kept after `since_seq`, then what happens, until the client is gone.
//   The stream is written as fast as the client reads and no faster: the feed behind it holds a
//   bounded number of events and goes back to the store for the rest.
//   A client so slow that its place is no longer kept is told and closed, never silently skipped.

import type { ServerWritableStream } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import { KernelError } from '@hivekernel/kernel';
import type { core } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import type { EventFeed } from '../events/event-feed.ts';
import { follow } from '../events/follow.ts';
import { asKernelError } from '../wire/failures.ts';
import { identify } from './identity.ts';
import type { ChannelPolicy } from './identity.ts';
import type { Decoded } from './service-definitions.ts';
import { statusOf } from './statuses.ts';
import { unreadable } from './unary-calls.ts';

export type EventCall = ServerWritableStream<
  Decoded<core.SubscribeEventsRequest>,
  core.ProcessEvent
>;

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
  try {
    const { request } = call;
    identify(call.metadata, options.policy, { needsPid: false });
    if ('garbage' in request) throw unreadable(request.garbage);
    call.sendMetadata(new Metadata());
    await write(call, { ...options, afterSeq: request.value.sinceSeq, signal });
    if (gone.signal.aborted) return;
    throw new KernelError('unavailable', 'The kernel is stopping.');
  } catch (error) {
    if (!gone.signal.aborted) call.emit('error', statusOf(asKernelError(error)));
  } finally {
    gone.abort();
  }
}

async function write(
  call: EventCall,
  options: EventStreamOptions & { afterSeq: number; signal: AbortSignal },
): Promise<void> {
  const { host, feed, afterSeq, signal } = options;
  const request = { afterSeq, follow: true, signal };
  for await (const { event } of follow({ host, feed, request })) {
    if (!call.write(event)) await drained(call, signal);
    if (signal.aborted) return;
  }
}

function drained(call: EventCall, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      call.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    call.once('drain', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

// GET /v1/events: what the kernel keeps of what happened, then what happens, to the operator.
//   1. Only with the operator's token, asked before anything else; a process has no business here.
//   2. A place that is not kept any more is 410 with the first seq that is, before the stream
//      begins; whoever is overtaken later gets the same as the stream's last word.
//   3. A reader that stops reading holds what it was handed and no more (events/follow.ts).

import { KernelError } from '@hivekernel/kernel';
import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Host } from '../../journal/host.ts';
import type { EventFeed } from '../events/event-feed.ts';
import { Following } from '../events/follow.ts';
import { FOLLOW_LIMITS } from '../events/limits.ts';
import { errorHeaders, HTTP_ERRORS, toKernelError } from './errors.ts';
import { endBody } from './event-frames.ts';
import type { EventFrames } from './event-frames.ts';
import { readEventQuery } from './event-query.ts';
import { HttpEventSink } from './event-sink.ts';

export interface EventsRouteOptions {
  readonly feed: EventFeed;
  readonly host: Pick<Host, 'bytes' | 'durableSeq'>;
  /** Whose key it is; undefined: nobody's. */
  readonly holderOf: (key: string | undefined) => 'operator' | 'process' | undefined;
  readonly heartbeatMs?: number;
  readonly stalledMs?: number;
}

export interface EventsExchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Streams under way, so that a stop can end them. */
  readonly open: Set<AbortController>;
}

export async function eventsRoute(
  options: EventsRouteOptions,
  exchange: EventsExchange,
): Promise<FastifyReply> {
  const { request, reply, open } = exchange;
  const controller = new AbortController();
  const { signal } = controller;
  open.add(controller);
  reply.raw.once('close', () => {
    controller.abort();
    open.delete(controller);
  });
  let parts: Stream;
  try {
    parts = await prepare(options, { request, reply, signal });
  } catch (thrown) {
    const error = toKernelError(thrown);
    if (error.code !== 'gone') throw thrown;
    const { status } = HTTP_ERRORS[error.code];
    return reply.code(status).headers(errorHeaders(error)).send(endBody(error));
  }
  reply.hijack();
  await stream(parts, options.heartbeatMs);
  return reply;
}

/** Throws what is refused, before a byte is written. */
async function prepare(
  options: EventsRouteOptions,
  exchange: { request: FastifyRequest; reply: FastifyReply; signal: AbortSignal },
): Promise<Stream> {
  const { request, reply, signal } = exchange;
  requireOperator(request, options);
  const { frames, ...asked } = readEventQuery({
    query: new URL(request.url, 'http://localhost').searchParams,
    accept: request.headers.accept,
    lastEventId: headerOf(request, 'last-event-id'),
    durableSeq: options.host.durableSeq,
  });
  const sink = new HttpEventSink({ response: reply.raw, frames, signal });
  const following = new Following({ ...options, order: { ...asked, signal }, sink });
  await following.begin();
  return { raw: reply.raw, frames, signal, sink, following };
}

function requireOperator(request: FastifyRequest, { holderOf }: EventsRouteOptions): void {
  const key = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const holder = holderOf(key);
  if (holder === 'operator') return;
  if (holder === 'process') {
    const message = 'denied: events are for the operator; this is the key of a process.';
    throw new KernelError('permission_denied', message);
  }
  const why = key === undefined ? 'A bearer token is needed' : 'Nobody has this token';
  throw new KernelError('unauthenticated', `${why}: it is in the data directory of the kernel.`);
}

function headerOf(request: FastifyRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

interface Stream {
  readonly raw: ServerResponse;
  readonly frames: EventFrames;
  readonly signal: AbortSignal;
  readonly sink: HttpEventSink;
  readonly following: Following;
}

/** Never rejects: what goes wrong is the stream's last word. */
async function stream(
  parts: Stream,
  heartbeatMs: number = FOLLOW_LIMITS.heartbeatMs,
): Promise<void> {
  const { raw, frames, signal, sink, following } = parts;
  raw.writeHead(200, {
    'content-type': frames.contentType,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
  if (frames.opening !== '') raw.write(frames.opening);
  const beat = setInterval(() => sink.heartbeat(following.placeId), heartbeatMs);
  try {
    await following.run();
    signal.throwIfAborted();
  } catch (error) {
    if (!raw.destroyed) {
      sink.flush();
      raw.write(frames.end(toKernelError(error)));
    }
  } finally {
    clearInterval(beat);
    if (!raw.writableEnded) raw.end();
  }
}

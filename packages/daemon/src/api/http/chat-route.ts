// POST /v1/chat/completions: one HTTP exchange over one call of the gateway. Streaming or whole;
// the end of the connection ends the call; an error after the first byte becomes an event of the
// stream.

import { KernelError } from '@hivekernel/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HiveMark } from '../../llm/chat.ts';
import type { Gateway, GatewayCall } from '../../llm/gateway.ts';
import type { Caller } from '../../llm/ports.ts';
import { errorBody, toKernelError } from './errors.ts';
import { EventWriter } from './event-writer.ts';

/** Names the task that a call works for; the SDK sends it. */
export const TASK_HEADER = 'x-hive-task';
const HEADER_CHARS_MAX = 256;

export interface ChatRouteOptions {
  readonly gateway: Gateway;
  /** Calls under way, so that stop() can end them. */
  readonly open: Set<AbortController>;
}

export async function chatRoute(
  options: ChatRouteOptions,
  exchange: { request: FastifyRequest; reply: FastifyReply; caller: Caller },
): Promise<unknown> {
  const { request, reply, caller } = exchange;
  const controller = new AbortController();
  const onClose = (): void => {
    if (!reply.raw.writableFinished) controller.abort(gone());
    options.open.delete(controller);
  };
  options.open.add(controller);
  reply.raw.once('close', onClose);
  try {
    const { parseChatRequest } = await import('../../llm/chat-schema.ts');
    const call: GatewayCall = {
      caller,
      request: parseChatRequest(request.body),
      signal: controller.signal,
      taskId: headerOf(request, TASK_HEADER),
      idempotencyKey: headerOf(request, 'idempotency-key'),
    };
    if (call.request.stream === true) return await streamed(options.gateway, { call, reply });
    const completion = await options.gateway.complete(call);
    // Not awaited: the reply is its own promise.
    if (completion.hive !== undefined) void reply.headers(headersOf(completion.hive));
    return completion;
  } finally {
    if (!reply.sent) options.open.delete(controller);
  }
}

async function streamed(
  gateway: Gateway,
  exchange: { call: GatewayCall; reply: FastifyReply },
): Promise<FastifyReply> {
  const { call, reply } = exchange;
  const { hive, chunks } = await gateway.open(call);
  reply.hijack();
  const writer = new EventWriter(reply.raw, call.signal);
  writer.head(headersOf(hive));
  try {
    for await (const chunk of chunks) await writer.data(JSON.stringify(chunk));
    await writer.data('[DONE]');
  } catch (error) {
    if (!reply.raw.destroyed) {
      reply.raw.write(`data: ${JSON.stringify(errorBody(toKernelError(error)))}\n\n`);
    }
  } finally {
    writer.end();
  }
  return reply;
}

function headersOf(hive: HiveMark): Record<string, string> {
  const mark = { 'x-hive-provider': hive.provider };
  return hive.simulated ? { ...mark, 'x-hive-simulated': 'true' } : mark;
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  if (typeof value !== 'string' || value === '') return undefined;
  if (value.length <= HEADER_CHARS_MAX) return value;
  const message = `The header ${name} is over ${HEADER_CHARS_MAX} characters.`;
  throw new KernelError('invalid_argument', message);
}

function gone(): KernelError {
  return new KernelError('cancelled', 'The client closed the connection.');
}

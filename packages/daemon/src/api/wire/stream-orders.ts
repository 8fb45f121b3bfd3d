// What is asked of queues, topics and pipes, as the kernel's orders. Which of them there are, and
// who may have what of them, are the kernel's matter.

import { LIMITS, asPid } from '@hivekernel/kernel';
import type { ArgsOf, PipeName, Priority, SubscribeOrder } from '@hivekernel/kernel';
import type { core, link } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import * as bounds from './bounds.ts';
import { messageIdFrom } from './wire-ids.ts';
import * as words from './words.ts';

interface ContentMaker {
  readonly host: Pick<Host, 'content'>;
}

const LEAST_URGENT: Priority = 3;

/** `min_priority` 0 is no filter, as in clients that leave it out (PROTOCOL §3). */
export function readSubscribe(q: core.SubscribeRequest): SubscribeOrder {
  const least = q.minPriority === 0 ? LEAST_URGENT : words.priorityFromWire(q.minPriority);
  const type = bounds.word(q.typeFilter, 'type_filter');
  return { from: sourceOf(q), type, leastUrgent: least, isAcknowledged: q.withAck };
}

function sourceOf(q: core.SubscribeRequest): SubscribeOrder['from'] {
  if (q.topic !== '') {
    const pattern = topicPattern(q.topic, 'topic');
    const durable = bounds.word(q.durable, 'durable');
    return { source: 'topic', pattern, durable, withRetained: !q.skipRetained };
  }
  const name = bounds.word(q.queue, 'queue');
  return name === '' ? { source: 'inbox' } : { source: 'queue', name };
}

export const topicPattern = (text: string, field: string): string =>
  bounds.chars(text, { field, max: LIMITS.topicCharsMax });

export function readTake(q: link.TakeCall): ArgsOf<'take'> {
  const bound = { field: 'accepted_ids', max: LIMITS.subscriberUnconfirmedMax };
  bounds.atMost(q.acceptedIds.length, bound);
  return {
    subscription: bounds.someone(q.subscription, 'subscription'),
    max: q.max,
    timeoutMs: q.timeoutMs,
    accepted: q.acceptedIds.map(messageIdFrom),
  };
}

export function readPublish(q: link.PublishCall, { host }: ContentMaker): ArgsOf<'publish'> {
  const topic = topicPattern(q.topic, 'topic');
  const type = bounds.word(q.type, 'type');
  const bound = { field: 'payload', max: LIMITS.messagePayloadBytesMax };
  const content = host.content(bounds.payload(q.payload, bound));
  return { topic, type, content, isTransient: q.transient };
}

export const pipeNameOf = (q: { peerPid: number; name: string }): PipeName => ({
  peer: asPid(bounds.someone(q.peerPid, 'peer_pid')),
  name: bounds.word(q.name, 'name'),
});

/** The bytes are the kernel's own: a chunk does not keep the frame alive that it came in. */
export function readWrite(q: link.WritePipeCall): ArgsOf<'write_pipe'> {
  const bound = { field: 'chunk', max: LIMITS.pipeChunkBytesMax };
  const chunk = new Uint8Array(bounds.payload(q.chunk, bound));
  return { ...pipeNameOf(q), chunk, isPatient: !q.noWait };
}

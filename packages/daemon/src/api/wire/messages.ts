// A message of an inbox as the wire's AgentMessage; deliveries of the runtime and ListInbox share
// it.
//   `timestamp` is in unix seconds, like every time of the wire whose name has no `_ms`.

import { LIMITS } from '@hivekernel/kernel';
import type { Delivery, InboxView } from '@hivekernel/kernel';
import type { agent, core } from '@hivekernel/protocol';
import { bytesOf, whenThere } from './content-bytes.ts';
import type { Reader } from './content-bytes.ts';
import { messageIdText } from './wire-ids.ts';
import { RELATION } from './words.ts';

const MS = 1_000;

/** A promise only where the payload must be fetched from the content store. */
export function toAgentMessage(
  delivery: Delivery,
  reader: Reader,
): agent.AgentMessage | Promise<agent.AgentMessage> {
  return whenThere(bytesOf(delivery.content, reader), (payload) => ({
    messageId: messageIdText(delivery.message),
    fromPid: delivery.from,
    fromName: delivery.fromName,
    relation: RELATION.toWire(delivery.relation),
    type: delivery.type,
    priority: delivery.priority,
    payload,
    timestamp: Math.floor(delivery.wallMs / MS),
    requiresAck: delivery.requiresAck,
    replyTo: delivery.replyTo,
    deadlineMs: delivery.deadlineMs,
    fromAddress: delivery.fromAddress,
    whyDead: '',
    queue: delivery.queue ?? '',
    topic: delivery.topic ?? '',
    retained: delivery.isRetained ?? false,
    missed: delivery.missed ?? 0,
    tries: delivery.tries ?? 0,
  }));
}

/** In their order. */
export async function toAgentMessages(
  deliveries: readonly Delivery[],
  reader: Reader,
): Promise<agent.AgentMessage[]> {
  const messages: agent.AgentMessage[] = [];
  for (const delivery of deliveries) messages.push(await toAgentMessage(delivery, reader));
  return messages;
}

/** A listing leaves room in a frame for what stands around the payloads. */
const LISTED_BYTES_MAX = LIMITS.frameBytesMax - LIMITS.artifactBytesMax / 4;
/** Of one message beside its payload: ids, names, the type. */
const MESSAGE_OVERHEAD_BYTES = 1_024;

/** As many as fit one reply, in the order of delivery; `total` tells how many wait. */
export async function toInboxReply(
  view: InboxView,
  reader: Reader,
): Promise<core.ListInboxResponse> {
  const { total, deadTotal } = view;
  const waiting = fitting(view.messages, LISTED_BYTES_MAX);
  const messages = await toAgentMessages(waiting.fit, reader);
  // The newest of them, in what room is left.
  const dead = fitting(view.deadLetters.toReversed(), LISTED_BYTES_MAX - waiting.bytes);
  const deadLetters: agent.AgentMessage[] = [];
  for (const letter of dead.fit.toReversed()) {
    deadLetters.push({ ...(await toAgentMessage(letter, reader)), whyDead: letter.whyDead });
  }
  return { messages, total, deadLetters, deadTotal };
}

function fitting<D extends Delivery>(all: readonly D[], bytesMax: number) {
  const fit: D[] = [];
  let bytes = 0;
  for (const delivery of all) {
    const more = delivery.content.bytes + MESSAGE_OVERHEAD_BYTES;
    if (bytes + more > bytesMax) break;
    bytes += more;
    fit.push(delivery);
  }
  return { fit, bytes };
}

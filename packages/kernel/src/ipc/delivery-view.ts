// A message as it is handed out: to its receiver's link, to whoever lists an inbox. The address of
// its sender is looked up then, since it is a name of the living (P7).

import type { Delivery } from '../events/effects.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { relationOf } from '../process/tree.ts';
import type { Message } from './mailbox.ts';
import type { QueuedMessage } from './named-queue.ts';

export const deliveryOf = (message: Message, table: ProcessTable): Delivery => ({
  message: message.message,
  from: message.from,
  fromName: message.fromName,
  relation: message.relation,
  priority: message.priority,
  type: message.type,
  content: message.content,
  wallMs: message.wallMs,
  requiresAck: message.requiresAck,
  replyTo: message.replyTo,
  fromAddress: table.find(message.from)?.address ?? '',
  deadlineMs: message.deadlineMs ?? 0,
});

/** M4: what its sender is to the reader, while both are there. */
export function queuedDeliveryOf(
  message: QueuedMessage,
  to: { reader: ProcessRecord | undefined; tries: number; table: ProcessTable },
): Delivery {
  const { reader, tries, table } = to;
  const sender = table.find(message.from);
  const isKnown = sender !== undefined && reader !== undefined;
  return {
    message: message.message,
    from: message.from,
    fromName: message.fromName,
    relation: isKnown ? relationOf(sender, reader) : 'other',
    priority: message.priority,
    type: message.type,
    content: message.content,
    wallMs: message.wallMs,
    requiresAck: message.requiresAck,
    replyTo: message.replyTo,
    fromAddress: sender?.address ?? '',
    deadlineMs: message.deadlineMs ?? 0,
    queue: message.queue,
    tries,
  };
}

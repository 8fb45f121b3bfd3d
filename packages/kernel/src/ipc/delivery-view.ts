// A message as it is handed out: to its receiver's link, to whoever lists an inbox. The address of
// its sender is looked up then, since it is a name of the living (P7).

import type { Delivery } from '../events/effects.ts';
import type { ProcessTable } from '../process/table.ts';
import type { Message } from './mailbox.ts';

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

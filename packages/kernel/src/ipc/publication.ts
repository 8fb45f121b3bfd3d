// A publication: what was published under a topic (M10). One object, however many have yet to get
// it; what is told to each of them is made when it is handed out.

import { KernelError } from '../errors.ts';
import type { Delivery } from '../events/effects.ts';
import type { EventOf } from '../events/event.ts';
import type { Priority } from '../events/words.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { relationOf } from '../process/tree.ts';
import type { Acknowledgement } from './message-ends.ts';

/** Its `message` is the seq of its event. */
export type Publication = Omit<EventOf<'topic.published'>['body'], 'isTransient'> & {
  readonly wallMs: number;
};

/** Publications have no urgency of their own: nothing overtakes another. */
const PRIORITY: Priority = 2;

export function deliveryOfPublication(
  publication: Publication,
  to: { subscriber: ProcessRecord; table: ProcessTable },
): Delivery {
  const { message, from, fromName, type, content, wallMs, topic } = publication;
  const publisher = to.table.find(from);
  return {
    message,
    from,
    fromName,
    relation: publisher === undefined ? 'other' : relationOf(publisher, to.subscriber),
    priority: PRIORITY,
    type,
    content,
    wallMs,
    requiresAck: false,
    replyTo: '',
    fromAddress: publisher?.address ?? '',
    deadlineMs: 0,
    topic,
  };
}

/** What is told beside it, where there is something. */
export function told(
  delivery: Delivery,
  { isRetained, missed }: { isRetained: boolean; missed: number },
): Delivery {
  if (!isRetained && missed === 0) return delivery;
  return { ...delivery, ...(isRetained && { isRetained }), ...(missed > 0 && { missed }) };
}

/**
 * A word on a publication says that its subscriber is done with it; `rejected` too, since there is
 * nobody to send it back to. Throws `invalid_argument` for what only a message can do.
 */
export function requirePlainWord({ status, reply }: Acknowledgement): void {
  const what = reply === undefined ? 'escalated' : 'answered';
  if (status !== 'escalate' && reply === undefined) return;
  throw new KernelError(
    'invalid_argument',
    `A publication cannot be ${what}: it was written to nobody. Send a message instead (M10).`,
    { details: { field: reply === undefined ? 'status' : 'reply' } },
  );
}

// A publication: what was said under a topic, once, for whoever subscribes (M10). All who wait for
// it share it.

import type { Delivery } from '../events/effects.ts';
import type { Content } from '../events/content.ts';
import type { MessageId, Pid, Seq } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { relationOf } from '../process/tree.ts';

export interface Publication {
  readonly message: MessageId;
  readonly topic: string;
  readonly from: Pid;
  readonly fromName: string;
  readonly type: string;
  readonly content: Content;
  readonly seq: Seq;
  readonly by: Pid;
  readonly wallMs: number;
}

/** How one subscriber gets it. */
export interface Copy {
  readonly publication: Publication;
  /** It is from before the subscription. */
  readonly isRetained: boolean;
  /** Before it, for want of room. */
  readonly missed: number;
}

const NORMAL = 2;

export function publicationOf(
  { publication, isRetained, missed }: Copy,
  to: { reader: ProcessRecord | undefined; table: ProcessTable },
): Delivery {
  const { reader, table } = to;
  const { message, topic, from, fromName, type, content, wallMs } = publication;
  const sender = table.find(from);
  const isKnown = sender !== undefined && reader !== undefined;
  return {
    message,
    from,
    fromName,
    relation: isKnown ? relationOf(sender, reader) : 'other',
    priority: NORMAL,
    type,
    content,
    wallMs,
    requiresAck: false,
    replyTo: '',
    fromAddress: sender?.address ?? '',
    deadlineMs: 0,
    topic,
    isRetained,
    missed,
  };
}

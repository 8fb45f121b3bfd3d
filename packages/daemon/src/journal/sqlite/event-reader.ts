// Reads events out of a store's reader thread in batches, one batch ahead of the consumer.
//   J15. What is read is gap-free from the first event on; anything else is `data_loss`.

import type { StoredEvent } from '@hivekernel/kernel';
import { errorOf } from './journal-thread.ts';
import { damage } from './failure.ts';
import type { Stretch } from './messages.ts';

/** About this much of the log is in one batch: parsed at once, in a few milliseconds. */
export const BATCH_BYTES = 256 * 1024;

export interface EventReadOptions {
  readonly partition: number;
  readonly afterSeq: number;
  readonly toSeq: number;
  readonly fetch: (at: { afterSeq: number; bytesMax: number }) => Promise<Stretch>;
}

export async function* readEvents(
  options: EventReadOptions,
): AsyncGenerator<readonly StoredEvent[], void, void> {
  const { fetch, toSeq } = options;
  let afterSeq = options.afterSeq;
  let next = afterSeq < toSeq ? fetch({ afterSeq, bytesMax: BATCH_BYTES }) : undefined;
  while (next) {
    const stretch = await next;
    const hasMore = stretch.lastSeq > afterSeq && stretch.lastSeq < toSeq;
    next = hasMore ? fetch({ afterSeq: stretch.lastSeq, bytesMax: BATCH_BYTES }) : undefined;
    // The consumer may stop before it asks for this one; then nobody else hears of its failure.
    next?.catch(() => undefined);
    const events = eventsOf(stretch, { ...options, afterSeq });
    if (events.length > 0) yield events;
    afterSeq = stretch.lastSeq;
  }
}

function eventsOf(stretch: Stretch, at: EventReadOptions): readonly StoredEvent[] {
  const { partition, afterSeq, toSeq } = at;
  const all = parsed(stretch.json);
  const first = all?.[0]?.seq ?? 0;
  if (!all?.every(({ seq }, i) => seq === first + i)) {
    const what = `a record after event ${afterSeq} cannot be read`;
    throw errorOf(damage({ partition, lastGoodSeq: afterSeq, what }));
  }
  const start = Math.max(0, afterSeq + 1 - first);
  return all.slice(start, Math.max(start, toSeq + 1 - first));
}

function parsed(json: Uint8Array): readonly StoredEvent[] | undefined {
  try {
    const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString();
    return JSON.parse(text) as readonly StoredEvent[];
  } catch {
    return undefined;
  }
}

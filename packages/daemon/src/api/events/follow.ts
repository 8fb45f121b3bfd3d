// What followers of events get: the feed's batches as messages of the wire, one after the other.
// Both doors stand on it: SubscribeEvents (gRPC) and follow_events (the admin link).

import type { Event } from '@hivekernel/kernel';
import type { Host } from '../../journal/host.ts';
import { missedEvent, toProcessEvents, toVolatileEvent } from '../wire/events.ts';
import type { ProcessEvent } from '../wire/teller.ts';
import type { EventFeed, FeedBatch, FeedRequest } from './event-feed.ts';

export interface Followed {
  readonly event: ProcessEvent;
  /** What the journal holds. Where one event is many on the wire, the first has it. */
  readonly source: Event | undefined;
}

export interface FollowOptions {
  readonly feed: EventFeed;
  readonly host: Pick<Host, 'bytes'>;
  readonly request: FeedRequest;
}

/** Ends and throws as `EventFeed.open`. */
export async function* follow(options: FollowOptions): AsyncGenerator<Followed, void, undefined> {
  const { feed, host, request } = options;
  const source = { host, nameOf: (pid: number) => feed.book.nameOf(pid) };
  for await (const batch of feed.open(request)) {
    yield* volatileOf(batch);
    for (const event of batch.events) {
      const told = toProcessEvents(event, source);
      const messages = told instanceof Promise ? await told : told;
      for (const [i, message] of messages.entries()) {
        yield { event: message, source: i === 0 ? event : undefined };
      }
    }
  }
}

function* volatileOf({ observations, missed }: FeedBatch): Generator<Followed> {
  if (observations.length === 0 && missed === 0) return;
  const nowMs = Date.now();
  if (missed > 0) yield { event: missedEvent(missed, nowMs), source: undefined };
  for (const observation of observations) {
    yield { event: toVolatileEvent(observation, nowMs), source: undefined };
  }
}

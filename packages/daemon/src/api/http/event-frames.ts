// The two forms in which GET /v1/events writes: server-sent events, for browsers and their like,
// and JSON lines, for programs and pipes. Both carry the same JSON.
//   SSE: the id of an event is where a reader comes back by itself (Last-Event-ID); a comment is a
//   sign of life and, with an id, a place. The last word of a stream is an event named `end`.

import type { KernelError } from '@hivekernel/kernel';
import type { ProcessEvent } from '../wire/teller.ts';
import { errorBody } from './errors.ts';
import { eventJson } from './event-json.ts';

export interface EventFrames {
  readonly contentType: string;
  readonly opening: string;
  event(event: ProcessEvent): string;
  /** Empty: this form has no place for it. */
  live(id: string): string;
  heartbeat(id: string): string;
  end(error: KernelError): string;
}

/** How long a browser waits before it comes back. */
const RETRY_MS = 1_000;

export const SSE_FRAMES: EventFrames = {
  contentType: 'text/event-stream; charset=utf-8',
  opening: `retry: ${RETRY_MS}\n\n`,
  event: (event) => {
    const data = `data: ${eventJson(event)}\n\n`;
    return event.id === '' ? data : `id: ${event.id}\n${data}`;
  },
  live: (id) => `: live\nid: ${id}\n\n`,
  heartbeat: (id) => `: heartbeat\nid: ${id}\n\n`,
  end: (error) => `event: end\ndata: ${JSON.stringify(endBody(error))}\n\n`,
};

export const JSONL_FRAMES: EventFrames = {
  contentType: 'application/x-ndjson; charset=utf-8',
  opening: '',
  event: (event) => `${eventJson(event)}\n`,
  live: () => '',
  heartbeat: () => '',
  end: (error) => `${JSON.stringify({ type: 'end', ...endBody(error) })}\n`,
};

/** The error as everywhere, and where one may begin where events are gone. */
export function endBody(error: KernelError): object {
  const { first_seq: firstSeq } = error.details;
  const body = errorBody(error);
  if (typeof firstSeq !== 'number') return body;
  return { error: { ...body.error, first_seq: firstSeq } };
}

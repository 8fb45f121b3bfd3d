// One response of GET /v1/events as a sink: frames are gathered to pieces, and a piece is written
// when it is large enough or nothing more comes at the moment. What is live is framed once for all.
//   Bounded: never more than one piece, or one event that is larger, beside what the response has
//   not got rid of; and nothing is taken while it has not.

import type { ServerResponse } from 'node:http';
import type { FollowItem, FollowSink } from '../events/follow.ts';
import { FOLLOW_LIMITS } from '../events/limits.ts';
import type { EventFrames } from './event-frames.ts';

export class HttpEventSink implements FollowSink {
  readonly #response: ServerResponse;
  readonly #frames: EventFrames;
  readonly #signal: AbortSignal;
  #piece = '';

  constructor(options: { response: ServerResponse; frames: EventFrames; signal: AbortSignal }) {
    this.#response = options.response;
    this.#frames = options.frames;
    this.#signal = options.signal;
  }

  put(item: FollowItem): boolean {
    this.#piece += this.#frameOf(item);
    // A character is at least a byte.
    return this.#piece.length < FOLLOW_LIMITS.chunkBytesMax || this.flush();
  }

  flush(): boolean {
    const piece = this.#piece;
    this.#piece = '';
    if (piece !== '') this.#response.write(piece);
    return !this.#response.writableNeedDrain;
  }

  live(id: string): void {
    this.#piece += this.#frames.live(id);
    this.flush();
  }

  /** Not to one who does not read: it has enough to read. */
  heartbeat(id: string): void {
    if (this.#piece !== '' || this.#response.writableNeedDrain) return;
    const beat = this.#frames.heartbeat(id);
    if (beat !== '') this.#response.write(beat);
  }

  drained(): Promise<void> {
    if (this.#signal.aborted || !this.#response.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done);
        this.#signal.removeEventListener('abort', done);
        resolve();
      };
      this.#response.once('drain', done);
      this.#signal.addEventListener('abort', done, { once: true });
    });
  }

  #frameOf({ event, forms }: FollowItem): string {
    const known = forms?.texts.get(this.#frames.contentType);
    if (known !== undefined) return known;
    const frame = this.#frames.event(event);
    forms?.texts.set(this.#frames.contentType, frame);
    return frame;
  }
}

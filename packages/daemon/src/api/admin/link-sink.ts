// The replies of one follow_events call as a sink: the session's stream window is its room, so a
// client that acknowledges nothing holds no more than that.

import type { IncomingCall } from '@hivekernel/protocol/link';
import type { FollowItem, FollowSink } from '../events/follow.ts';

export class LinkSink implements FollowSink {
  readonly #call: IncomingCall;
  readonly #isWireOnly: boolean;
  #hasRoom = true;

  constructor(call: IncomingCall, options: { isWireOnly: boolean }) {
    this.#call = call;
    this.#isWireOnly = options.isWireOnly;
  }

  put({ event, source }: FollowItem): boolean {
    const isBare = this.#isWireOnly || source === undefined;
    const raw = isBare ? '' : JSON.stringify(source);
    this.#hasRoom = this.#call.push({ $case: 'followItem', value: { event, raw, mark: '' } });
    return this.#hasRoom;
  }

  flush(): boolean {
    return this.#hasRoom;
  }

  live(mark: string): void {
    this.#call.push({ $case: 'followItem', value: { event: undefined, raw: '', mark } });
  }

  /** Also when the call is over or given up: its signal has aborted then. */
  async drained(): Promise<void> {
    await this.#call.drained();
    this.#hasRoom = true;
  }
}

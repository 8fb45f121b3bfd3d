// ClientLink: one operator's connection, and the one way in which calls go over it. What the calls
// are is in hive-client.ts and process-calls.ts, the dial itself in dial.ts.
//   A lost connection fails the calls under way with `unavailable`; none is sent twice. The next
//   call dials again, once for all that wait for it.

import type {
  CallOptions,
  CallValue,
  LinkCaller,
  PlainCase,
  ReplyValueOf,
} from '@hivekernel/protocol/link-client';
import { asClientError } from './client-error.ts';
import type { Dialled, Greeting } from './dial.ts';

export interface CallPatience {
  readonly signal?: AbortSignal;
  /** Default: none; the call waits as long as the kernel does. */
  readonly timeoutMs?: number;
  /** In whose name; left out: the king's. */
  readonly as?: number;
}

export type Redial = () => Promise<Dialled>;

export type CallKernel = <Case extends PlainCase>(
  kind: Case,
  value: CallValue<Case>,
  how?: CallPatience,
) => Promise<ReplyValueOf<Case>>;

export class ClientLink {
  readonly #redial: Redial;
  #dialled: Dialled;
  #dialling: Promise<Dialled> | undefined;
  #isClosed = false;

  constructor(dialled: Dialled, redial: Redial) {
    this.#dialled = dialled;
    this.#redial = redial;
  }

  /** Which kernel answered last. */
  get kernel(): Greeting {
    return this.#dialled.kernel;
  }

  get isConnected(): boolean {
    return this.#dialled.caller.isReady;
  }

  /** For good. What was started goes on. */
  close(): void {
    this.#isClosed = true;
    this.#dialled.caller.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Throws `HiveClientError`. */
  protected call<Case extends PlainCase>(
    kind: Case,
    value: CallValue<Case>,
    how: CallPatience = {},
  ): Promise<ReplyValueOf<Case>> {
    return this.ready()
      .then((caller) => caller.call(kind, value, toCallOptions(how)))
      .catch((error: unknown) => {
        throw asClientError(error);
      });
  }

  /**
   * Calls over the connection of now and no other: what lives in a connection, such as a
   * subscription, is lost with it, and its calls fail with `unavailable`.
   */
  protected async pinned(): Promise<CallKernel> {
    const caller = await this.ready().catch((error: unknown) => {
      throw asClientError(error);
    });
    return (kind, value, how = {}) =>
      caller.call(kind, value, toCallOptions(how)).catch((error: unknown) => {
        throw asClientError(error);
      });
  }

  /** Dials again where the connection is lost; the dial has a deadline of its own. */
  protected async ready(): Promise<LinkCaller> {
    const { caller } = this.#dialled;
    if (!caller.isClosed || this.#isClosed) return caller;
    this.#dialling ??= this.#redial().finally(() => (this.#dialling = undefined));
    this.#dialled = await this.#dialling;
    if (this.#isClosed) this.#dialled.caller.close();
    return this.#dialled.caller;
  }
}

function toCallOptions(how: CallPatience): CallOptions {
  const { signal, timeoutMs, as: pid } = how;
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(pid === undefined ? {} : { pid }),
  };
}

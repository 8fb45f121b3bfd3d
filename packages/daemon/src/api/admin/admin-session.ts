// One client of the admin link: its session, the calls that are no syscalls, and its end.
//   1. Calls act for the pid that each names, 0 for the king, always as the operator.
//   2. Giving up a call ends a wait or a stream, and cancels a task, as at every door.
//   3. When the connection is gone, so is the session: nothing is kept for a client that may never
//      come back. Its waits end, and its subscriptions, whose messages go back (M9); tasks that it
//      started go on until they are interrupted.

import { ServerSession } from '@hivekernel/protocol/link';
import type { IncomingCall, PendingLink, SessionGreeting } from '@hivekernel/protocol/link';
import type { CallValue, link } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import type { EventFeed } from '../events/event-feed.ts';
import { Following } from '../events/follow.ts';
import { positionOf } from '../events/position.ts';
import { asKernelError, errorReply } from '../wire/failures.ts';
import { cancelCall, isWait, serveCall } from '../wire/serve-call.ts';
import type { CallDoor, ServedCall } from '../wire/serve-call.ts';
import { LinkSink } from './link-sink.ts';

export interface AdminSessionOptions {
  readonly host: Host;
  readonly feed: EventFeed;
  readonly channel: string;
  readonly termGraceMs: number;
  readonly status: () => link.KernelStatus | Promise<link.KernelStatus>;
  readonly stopKernel: (reason: string) => void;
  readonly onEnd: () => void;
}

export class AdminSession {
  readonly #options: AdminSessionOptions;
  readonly #door: CallDoor;
  readonly #session: ServerSession;
  /** Waits under way, to be given up at the end. */
  readonly #waits = new Set<IncomingCall>();
  readonly #streams = new Map<IncomingCall, AbortController>();
  #hasSubscribed = false;
  #isOver = false;

  constructor(options: AdminSessionOptions) {
    this.#options = options;
    const { host, channel, termGraceMs } = options;
    this.#door = { host, channel, termGraceMs, isOperator: true };
    this.#session = new ServerSession({
      mayCallAs: () => true,
      handlers: {
        onCall: (call) => this.#serve(call),
        onCancel: (call) => this.#giveUp(call),
        onGarbage: (error) => this.close(garbage(error)),
        onDetached: () => this.close(),
      },
    });
  }

  attach(pending: PendingLink, greeting: SessionGreeting): void {
    this.#session.attach(pending, greeting);
  }

  close(error?: link.CallError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const stream of this.#streams.values()) stream.abort();
    for (const call of this.#waits) cancelCall(call, this.#door);
    this.#waits.clear();
    const { host, channel } = this.#options;
    if (this.#hasSubscribed) host.fact({ fact: 'channel_ended', channel });
    this.#session.close(error);
    this.#options.onEnd();
  }

  #serve(call: IncomingCall): void {
    const { body } = call;
    switch (body.$case) {
      case 'kernelStatus':
        return void this.#tellStatus(call);
      case 'followEvents':
        return void this.#follow(call, body.value);
      case 'stopKernel':
        return this.#stopKernel(call, body.value.reason);
      default:
        if (body.$case === 'subscribe') this.#hasSubscribed = true;
        if (!isWait(body)) return serveCall(call, this.#door);
        this.#waits.add(call);
        return serveCall(watched(call, this.#waits), this.#door);
    }
  }

  #giveUp(call: IncomingCall): void {
    this.#streams.get(call)?.abort();
    cancelCall(call, this.#door);
  }

  /** Never rejects: whatever goes wrong is the call's answer. */
  async #tellStatus(call: IncomingCall): Promise<void> {
    try {
      call.reply({ $case: 'kernelStatus', value: await this.#options.status() });
    } catch (error) {
      call.reply({ $case: 'error', value: errorReply(asKernelError(error)) });
    }
  }

  #stopKernel(call: IncomingCall, reason: string): void {
    call.reply({ $case: 'done', value: {} });
    this.#session.flush();
    this.#options.stopKernel(reason);
  }

  /** Never rejects, as above. */
  async #follow(call: IncomingCall, q: CallValue<'followEvents'>): Promise<void> {
    const ending = new AbortController();
    this.#streams.set(call, ending);
    try {
      await this.#push(call, q, ending.signal);
      call.reply({ $case: 'done', value: {} });
    } catch (error) {
      call.reply({ $case: 'error', value: errorReply(asKernelError(error)) });
    } finally {
      this.#streams.delete(call);
    }
  }

  async #push(
    call: IncomingCall,
    q: CallValue<'followEvents'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { host, feed } = this.#options;
    const { last, pid, subtree, volatile, types, sinceMs, follow } = q;
    const after = positionOf({ id: q.afterId, seq: q.afterSeq });
    const order = { after, last, pid, subtree, volatile, types, sinceMs, follow, signal };
    const sink = new LinkSink(call, { isWireOnly: q.wireOnly });
    await new Following({ host, feed, order, sink }).run();
  }
}

/** A wait that forgets itself when it is answered. */
function watched(call: IncomingCall, waits: Set<IncomingCall>): ServedCall {
  const { id, pid, taskId, body } = call;
  const reply: ServedCall['reply'] = (answer) => {
    waits.delete(call);
    call.reply(answer);
  };
  return { id, pid, taskId, body, reply };
}

const garbage = ({ message }: Error): link.CallError => ({
  code: 'invalid_argument',
  message,
  details: {},
});

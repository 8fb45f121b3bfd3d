// Subscribe: a process's inbox, a named queue or topics, as a stream of messages.
//   M9. A plain subscriber confirms by reading on: at most 64 are unconfirmed, its own cancel
//       confirms what it was sent, and any other end gives all of them back. One `with_ack` says
//       its words by ControlService.Acknowledge.
//   Written as fast as the client reads and no faster: each leaves when the one before is out, and
//   the next are taken when all are, so that who stops reading holds no more than one take of them.
//   What had not left when the client cancelled it never had: that goes back.

import type { ServerWritableStream } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import { KernelError, asPid } from '@hivekernel/kernel';
import type { AnswerOf, Call, Delivery, MessageId } from '@hivekernel/kernel';
import type { agent, core } from '@hivekernel/protocol';
import type { Host } from '../../journal/host.ts';
import { toCall } from '../wire/calls.ts';
import { asKernelError } from '../wire/failures.ts';
import { toAgentMessage } from '../wire/messages.ts';
import { identify } from './identity.ts';
import type { Caller, ChannelPolicy } from './identity.ts';
import type { Decoded } from './service-definitions.ts';
import { statusOf } from './statuses.ts';
import { EndOfStream } from './stream-end.ts';
import { unreadable } from './unary-calls.ts';

export type MessageCall = ServerWritableStream<Decoded<core.SubscribeRequest>, agent.AgentMessage>;

export interface MessageStreamOptions {
  readonly host: Host;
  readonly policy: ChannelPolicy;
  /** Of all gRPC calls of this boot. */
  readonly channel: string;
  readonly nextCallId: () => number;
  /** Fires when the door stops. */
  readonly stopping: AbortSignal;
}

/** What is in hand of one stream that does not read: of 1 MiB each at most (M8). */
const TAKEN_AT_ONCE = 8;

/** Ends the call with a status. Never rejects. */
export async function streamMessages(
  call: MessageCall,
  options: MessageStreamOptions,
): Promise<void> {
  const end = new EndOfStream(call);
  const gone = new AbortController();
  const onGone = (): void => gone.abort();
  call.on('cancelled', onGone);
  call.on('error', onGone);
  call.on('close', onGone);
  try {
    const caller = identify(call.metadata, options.policy, { needsPid: true });
    const { request } = call;
    if ('garbage' in request) throw unreadable(request.garbage);
    const stream = new MessageStream({ call, caller, options, gone: gone.signal });
    await stream.open(request.value);
    call.sendMetadata(new Metadata());
    await stream.run(() => end.how);
    if (gone.signal.aborted) return;
    throw new KernelError('unavailable', 'The kernel is stopping.');
  } catch (error) {
    if (!gone.signal.aborted) call.emit('error', statusOf(asKernelError(error)));
  } finally {
    gone.abort();
  }
}

class MessageStream {
  readonly #call: MessageCall;
  readonly #caller: Caller;
  readonly #options: MessageStreamOptions;
  readonly #gone: AbortSignal;
  readonly #over: AbortSignal;
  #subscription = 0;
  /** Of the take that waits. */
  #taking = 0;

  constructor(parts: {
    call: MessageCall;
    caller: Caller;
    options: MessageStreamOptions;
    gone: AbortSignal;
  }) {
    this.#call = parts.call;
    this.#caller = parts.caller;
    this.#options = parts.options;
    this.#gone = parts.gone;
    this.#over = AbortSignal.any([parts.gone, parts.options.stopping]);
  }

  /** Rejects with what it is refused with. */
  async open(value: core.SubscribeRequest): Promise<void> {
    const { host, channel, nextCallId } = this.#options;
    const { pid, isOperator } = this.#caller;
    const id = nextCallId();
    const order = toCall(
      { id, pid, taskId: '', body: { $case: 'subscribe', value } },
      { host, channel, isOperator, termGraceMs: 0 },
    );
    this.#subscription = (await this.#ask<'subscribe'>(order)).subscription;
  }

  /** Until it is over; `how` says then by what. Rejects when the subscription ends before that. */
  async run(how: () => 'cancelled' | 'lost'): Promise<void> {
    const onOver = (): void => this.#giveUpTake();
    this.#over.addEventListener('abort', onOver, { once: true });
    let unsent: readonly Delivery[] = [];
    try {
      while (!this.#over.aborted) {
        unsent = await this.#take();
        unsent = await this.#write(unsent);
      }
    } catch (error) {
      if (!this.#over.aborted) throw error;
    } finally {
      this.#over.removeEventListener('abort', onOver);
      this.#leave(this.#gone.aborted ? how() : 'lost', unsent);
    }
  }

  async #take(): Promise<readonly Delivery[]> {
    this.#taking = this.#options.nextCallId();
    const args = {
      subscription: this.#subscription,
      max: TAKEN_AT_ONCE,
      timeoutMs: 0,
      accepted: [],
    };
    const { messages } = await this.#ask<'take'>(this.#callOf('take', args, this.#taking));
    return messages;
  }

  /** Those that did not leave: the client is gone. */
  async #write(messages: readonly Delivery[]): Promise<readonly Delivery[]> {
    for (const [i, delivery] of messages.entries()) {
      const message = await toAgentMessage(delivery, this.#options.host);
      if (!(await this.#hasLeft(message))) return messages.slice(i);
    }
    return [];
  }

  /** grpc-js gives the HTTP/2 stream one message at a time: nothing is gained by writing ahead. */
  #hasLeft(message: agent.AgentMessage): Promise<boolean> {
    if (this.#over.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const onOver = (): void => resolve(false);
      this.#over.addEventListener('abort', onOver, { once: true });
      this.#call.write(message, (error?: Error | null) => {
        this.#over.removeEventListener('abort', onOver);
        // In the callback of a write that went well there is null.
        resolve(!error);
      });
    });
  }

  #giveUpTake(): void {
    const { host, channel, nextCallId } = this.#options;
    const call = { channel, pid: asPid(this.#caller.pid), id: this.#taking };
    host.call(this.#callOf('cancel', { call }, nextCallId()), () => undefined);
  }

  #leave(how: 'cancelled' | 'lost', unsent: readonly Delivery[]): void {
    const { host, nextCallId } = this.#options;
    const subscription = this.#subscription;
    if (how === 'lost') {
      host.fact({ fact: 'subscription_lost', pid: asPid(this.#caller.pid), subscription });
      return;
    }
    const returned: MessageId[] = unsent.map(({ message }) => message);
    const args = { subscription, returned };
    // Its end was taken note of, or it was over before.
    host.call(this.#callOf('unsubscribe', args, nextCallId()), () => undefined);
  }

  #callOf<N extends 'take' | 'cancel' | 'unsubscribe'>(
    name: N,
    args: Extract<Call, { name: N }>['args'],
    id: number,
  ): Call {
    const { pid, isOperator } = this.#caller;
    const ref = { channel: this.#options.channel, pid: asPid(pid), id };
    return { name, args, ref, task: null, isOperator } as Call;
  }

  #ask<N extends 'subscribe' | 'take'>(call: Call): Promise<AnswerOf<N>> {
    return new Promise((resolve, reject) => {
      this.#options.host.call(call, (result) => {
        if (result.ok) resolve(result.value as AnswerOf<N>);
        else reject(result.error);
      });
    });
  }
}

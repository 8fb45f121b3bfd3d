// ServerSession: the kernel's end of the agent link for one incarnation (a process, or a host of
// many, or an operator's client). It outlives its connections; the daemon attaches each new one.
//   1. Each call takes effect once: see call-ledger.ts. Calls arrive in the order of their ids.
//   2. A reply is kept until the client acknowledged it, and sent again on the next connection.
//   3. With 4,096 replies not acknowledged (or 64 MiB) no further call is taken in; reading goes
//      on, for acknowledgements and answers, until the waiting calls are too many as well.
//   4. Replies and requests of one turn of the event loop leave in one frame.
//   5. Whatever a client sends harms only its own session: `onGarbage`, `onStray`, or a refusal.
import { Answer, KernelFrame } from '../gen/link.ts';
import type { CallError, HelloReply } from '../gen/link.ts';
import type { ByteStream } from './byte-stream.ts';
import { CallDesk } from './call-desk.ts';
import type { RequestBody } from './call-types.ts';
import { encodeFrame } from './frame-codec.ts';
import { endWith } from './handshake.ts';
import type { PendingLink } from './handshake.ts';
import type { IncomingCall } from './incoming-call.ts';
import { LinkCallError, LinkProtocolError } from './link-error.ts';
import { LINK_VERSION } from './link-limits.ts';
import { FrameBuilder, decodeField, encodeMessage, walkFrame } from './message-codec.ts';
import type { FrameField } from './message-codec.ts';
import { RequestTable } from './request-table.ts';
import type { AnswerListener, AnswerValue, RequestCase, RequestValue } from './request-table.ts';

export interface ServerSessionHandlers {
  /** A new call, checked: it has a body and names a pid of the session. Must not throw. */
  onCall(call: IncomingCall): void;
  /** The client gave up a call that is open: answer it soon, with anything. */
  onCancel?(call: IncomingCall): void;
  /** An answer to no request that waits. */
  onStray?(answer: Answer): void;
  /** The client sent what cannot be read. Nothing more is read; close the session. */
  onGarbage(error: LinkProtocolError): void;
  /** The connection ended; the session waits for another `attach`. Not called by `close`. */
  onDetached?(error: Error | undefined): void;
  /** Calls wait, and then do no longer, since the client does not acknowledge (3). */
  onHeld?(): void;
  onReleased?(): void;
}

export interface ServerSessionOptions {
  /** Whether this pid is one of the session's. */
  readonly mayCallAs: (pid: number) => boolean;
  readonly handlers: ServerSessionHandlers;
  /** The highest call id that earlier lives of this session have seen, for the Hello reply. */
  readonly lastCallId?: number;
}

/** What the daemon adds to the Hello reply. */
export type SessionGreeting = Omit<HelloReply, 'version' | 'lastCallId'>;

interface Connection {
  readonly stream: ByteStream;
  /** Until the first frame, that of Hello, is through. */
  isFirstFrame: boolean;
  isBlocked: boolean;
  isPaused: boolean;
  isBroken: boolean;
}

const CLIENT_FIELD = { ack: 1, hello: 2, calls: 3, answers: 4 } as const;
const REQUESTS_FIELD = 4;

export class ServerSession {
  readonly #options: ServerSessionOptions;
  readonly #desk: CallDesk;
  readonly #requests = new RequestTable({ onUnsent: () => this.#flushSoon() });
  readonly #builder = new FrameBuilder();
  readonly #visitor = {
    onNumber: (n: number, value: number) => this.#onNumber(n, value),
    onMessage: (n: number, field: FrameField) => this.#onField(n, field),
  };
  #connection: Connection | undefined;
  #isFlushScheduled = false;
  #isClosed = false;

  constructor(options: ServerSessionOptions) {
    this.#options = options;
    const { handlers, mayCallAs } = options;
    this.#desk = new CallDesk({
      mayCallAs,
      onCall: (call) => handlers.onCall(call),
      onCancel: (call) => handlers.onCancel?.(call),
      onUnsent: () => this.#flushSoon(),
      onHeld: () => handlers.onHeld?.(),
      onReleased: () => handlers.onReleased?.(),
    });
  }

  get isAttached(): boolean {
    return this.#connection !== undefined;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Calls taken in that still owe their last reply. */
  get owedCalls(): number {
    return this.#desk.owedCalls;
  }

  get unacknowledgedReplies(): number {
    return this.#desk.unacknowledgedReplies;
  }

  get openRequests(): number {
    return this.#requests.size;
  }

  get lastCallId(): number {
    return Math.max(this.#desk.lastCallId, this.#options.lastCallId ?? 0);
  }

  /** Takes a connection that said Hello; an earlier one is dropped. After `close` it is refused. */
  attach(link: PendingLink, greeting: SessionGreeting): void {
    if (this.#isClosed) {
      return link.refuse({ code: 'unavailable', message: 'the session is over', details: {} });
    }
    const old = this.#connection;
    this.#detach();
    old?.stream.destroy();
    const connection: Connection = {
      stream: link.stream,
      isFirstFrame: true,
      isBlocked: false,
      isPaused: false,
      isBroken: false,
    };
    this.#connection = connection;
    const hello = { ...greeting, version: LINK_VERSION, lastCallId: this.lastCallId };
    link.stream.write(helloFrame(hello));
    this.#desk.rewind();
    this.#requests.rewind();
    this.#read(connection, () => link.frames);
    if (connection !== this.#connection) return;
    link.stream.listen({
      onData: (chunk) => this.#read(connection, () => link.reader.push(chunk)),
      onDrain: () => this.#onDrain(connection),
      onEnd: (error) => this.#onEnd(connection, error),
    });
    if (connection.isPaused) link.stream.pause();
    this.#flushSoon();
  }

  /**
   * Asks a process. Resolves with its answer, however many connections later. Rejects with
   * `LinkCallError`: what the process answered, `cancelled` or `timed_out` by the signal,
   * `unavailable` when the session is closed.
   */
  async request<Case extends RequestCase>(
    kind: Case,
    value: RequestValue<Case>,
    options: { pid: number; signal?: AbortSignal },
  ): Promise<AnswerValue<Case>> {
    const { pid, signal } = options;
    if (signal?.aborted) throw abandoned(signal);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = this.ask(kind, value, { pid, listener: { onAnswer: resolve, onFailed: reject } });
    // The table lets only an answer of the request's own case through.
    const answer = promise as Promise<AnswerValue<Case>>;
    if (signal === undefined) return answer;
    const onAbort = (): void => this.#requests.giveUp(id, abandoned(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    return answer.finally(() => signal.removeEventListener('abort', onAbort));
  }

  /**
   * The same for many small requests, without a promise for each. The id is of no use but to tell
   * them apart. Throws what `request` rejects with when it cannot even begin.
   */
  ask<Case extends RequestCase>(
    kind: Case,
    value: RequestValue<Case>,
    options: { pid: number; listener: AnswerListener<Case> },
  ): number {
    if (this.#isClosed) throw sessionOver();
    const body = { $case: kind, value } as RequestBody;
    const { pid } = options;
    // As above.
    const listener = options.listener as unknown as AnswerListener;
    return this.#requests.ask({ pid, body, listener });
  }

  /** Sends what this turn has gathered now, not at its end. */
  flush(): void {
    this.#isFlushScheduled = false;
    const connection = this.#connection;
    // A reply may have made room for calls that wait.
    if (connection && this.#desk.hasWaiting) this.#read(connection, () => []);
    while (connection && !connection.isBlocked) {
      this.#fill();
      if (this.#builder.isEmpty) return;
      connection.isBlocked = !this.#builder.writeTo(connection.stream);
    }
  }

  /** For good: sends what is gathered, then the error if there is one, and ends the connection. */
  close(error?: CallError): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    const connection = this.#connection;
    this.#detach();
    if (connection && error) endWith(connection.stream, error);
    else connection?.stream.end();
    this.#desk.close();
    this.#requests.rejectAll(sessionOver());
  }

  #flushSoon(): void {
    if (this.#isFlushScheduled || !this.#connection) return;
    this.#isFlushScheduled = true;
    setImmediate(() => this.flush());
  }

  #fill(): void {
    this.#desk.fill(this.#builder);
    for (;;) {
      const request = this.#requests.takeUnsent((bytes) => this.#builder.hasRoomFor(bytes));
      if (!request) return;
      this.#builder.addMessage(REQUESTS_FIELD, request);
    }
  }

  #detach(): void {
    this.#connection = undefined;
    this.#desk.dropWaiting();
  }

  #onDrain(connection: Connection): void {
    connection.isBlocked = false;
    if (connection === this.#connection) this.flush();
  }

  #onEnd(connection: Connection, error: Error | undefined): void {
    if (connection !== this.#connection) return;
    this.#detach();
    this.#options.handlers.onDetached?.(error);
  }

  #read(connection: Connection, read: () => readonly Uint8Array[]): void {
    if (connection.isBroken) return;
    try {
      for (const frame of read()) {
        if (connection !== this.#connection) return;
        walkFrame(frame, this.#visitor);
        connection.isFirstFrame = false;
      }
      if (connection === this.#connection) this.#desk.readWaiting();
    } catch (cause) {
      if (!(cause instanceof LinkProtocolError)) throw cause;
      connection.isBroken = true;
      connection.isPaused = true;
      connection.stream.pause();
      this.#options.handlers.onGarbage(cause);
      return;
    }
    this.#steerReading(connection);
  }

  /** Stops reading while too many calls wait, and goes on when few do. */
  #steerReading(connection: Connection): void {
    if (connection !== this.#connection) return;
    if (!connection.isPaused && this.#desk.isIntakeFull) {
      connection.isPaused = true;
      connection.stream.pause();
    } else if (connection.isPaused && this.#desk.hasIntakeRoom) {
      connection.isPaused = false;
      connection.stream.resume();
    }
  }

  #onNumber(fieldNumber: number, value: number): void {
    if (fieldNumber !== CLIENT_FIELD.ack || this.#desk.acknowledge(value)) return;
    // The first frame may speak of the session before a restart of the kernel.
    if (this.#connection?.isFirstFrame) return;
    throw new LinkProtocolError(`reply ${value} is acknowledged and was never made`);
  }

  #onField(fieldNumber: number, field: FrameField): void {
    if (fieldNumber === CLIENT_FIELD.calls) {
      this.#desk.read(field);
    } else if (fieldNumber === CLIENT_FIELD.answers) {
      const answer = decodeField(Answer, field);
      if (!this.#requests.settle(answer)) this.#options.handlers.onStray?.(answer);
    } else if (fieldNumber === CLIENT_FIELD.hello && !this.#connection?.isFirstFrame) {
      throw new LinkProtocolError('a second Hello on one connection');
    }
  }
}

function helloFrame(hello: HelloReply): Uint8Array {
  const frame = { hello, replies: [], requests: [], error: undefined };
  return encodeFrame(encodeMessage(KernelFrame, frame));
}

function sessionOver(): LinkCallError {
  return new LinkCallError('unavailable', 'the session is over');
}

function abandoned(signal: AbortSignal | undefined): LinkCallError {
  const cause: unknown = signal?.reason;
  const isTimeout = cause instanceof Error && cause.name === 'TimeoutError';
  return isTimeout
    ? new LinkCallError('timed_out', 'the process did not answer in time', { cause })
    : new LinkCallError('cancelled', 'the request was given up', { cause });
}

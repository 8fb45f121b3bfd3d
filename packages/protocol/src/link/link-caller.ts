// LinkCaller: the client's end of the agent link, for the SDK and the command line. Knows nothing
// of dialling: its owner attaches a stream, and another one when that is lost.
//   Ids rise over all connections, so a call that is sent again is the same call (DESIGN D6).
//   All calls made in one turn of the event loop leave in one frame, with the acknowledgement.
//   A call is kept until its reply is here; after a reconnect the kept ones are sent again.
//   Nothing is sent before the kernel answered Hello: the answer decides what is sent again.
import { Call } from '../gen/link.ts';
import type { HelloReply } from '../gen/link.ts';
import { Acknowledger } from './acknowledger.ts';
import type { ByteStream } from './byte-stream.ts';
import type {
  CallBody,
  CallCase,
  CallValue,
  ReplyCase,
  ReplyCaseOf,
  ReplyValueOf,
  StreamCase,
} from './call-types.ts';
import { CallerConnection } from './caller-connection.ts';
import { LinkCallError } from './link-error.ts';
import { LINK_VERSION } from './link-limits.ts';
import { encodeMessage } from './message-codec.ts';
import type { FrameBuilder } from './message-codec.ts';
import { OpenCall, OpenCalls } from './open-calls.ts';
import type { CallListener, Patience } from './open-calls.ts';
import { ReplyStream } from './reply-stream.ts';
import { RequestDesk } from './request-desk.ts';
import type { RequestHandler } from './request-desk.ts';

export interface LinkCallerOptions {
  readonly hello: {
    /** The process that speaks; 0 on the admin socket. */
    readonly pid: number;
    /** Good once, for the first attach. */
    readonly startToken?: string;
    /** Who is there: "sdk/0.1.0". */
    readonly client: string;
  };
  /** What a lost connection does to open calls: fails them for good, or keeps them for `attach`. */
  readonly whenLost: 'reject' | 'keep';
  readonly onRequest?: RequestHandler;
  /**
   * The connection ended. `isFinal`: it is closed for good (the kernel refused, or `reject`); else
   * attach another stream, or `close`.
   */
  readonly onLost?: (end: { error: LinkCallError; isFinal: boolean }) => void;
}

/** Aborting cancels at the kernel and rejects with `cancelled`; a timeout, with `timed_out`. */
export interface CallOptions extends Patience {
  /** Default: the pid of Hello. */
  readonly pid?: number;
  readonly taskId?: string;
}

export type PlainCase = Exclude<CallCase, StreamCase>;

interface Attaching {
  readonly resolve: (reply: HelloReply) => void;
  readonly reject: (error: LinkCallError) => void;
}

const CLIENT_FIELD = { ack: 1, calls: 3, answers: 4 } as const;

/** Calls that are answered by `done`, since they have nothing to tell. */
type DoneCase = { [C in CallCase]: ReplyCaseOf<C> extends 'done' ? C : never }[CallCase];
const ANSWERED_BY_DONE: Readonly<Record<DoneCase, true>> = {
  exit: true,
  log: true,
  progress: true,
  metric: true,
  interrupt: true,
  restart: true,
  sleep: true,
  wake: true,
  checkpoint: true,
  reparent: true,
  dropLetter: true,
  acknowledge: true,
  deleteArtifact: true,
  remove: true,
  unsubscribe: true,
  clearTopic: true,
  forgetCursor: true,
  grant: true,
  revoke: true,
  openPipe: true,
  writePipe: true,
  closePipe: true,
  stopKernel: true,
  cancel: true,
};

/** The call is over here already: whatever becomes of its cancel changes nothing. */
const CANCEL_LISTENER: CallListener = {
  expected: 'done',
  isStream: false,
  onReply: () => undefined,
  onError: () => undefined,
};

export class LinkCaller {
  readonly #options: LinkCallerOptions;
  readonly #desk: RequestDesk;
  readonly #calls = new OpenCalls();
  readonly #acknowledger = new Acknowledger({ onDue: () => this.#onAckDue() });
  #connection: CallerConnection | undefined;
  #attaching: Attaching | undefined;
  #nextId = 1;
  #unsent: OpenCall[] = [];
  #unsentFrom = 0;
  #answers: Uint8Array[] = [];
  #isAckDue = false;
  #resumeSecret = '';
  #bootId = '';
  #closed: LinkCallError | undefined;

  constructor(options: LinkCallerOptions) {
    this.#options = options;
    this.#desk = new RequestDesk({
      handler: options.onRequest,
      send: (answer) => this.#sendAnswer(answer),
    });
  }

  /** True between the kernel's answer to Hello and the end of the connection. */
  get isReady(): boolean {
    return this.#connection?.isReady ?? false;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Calls that wait for their reply, streams included. */
  get openCalls(): number {
    return this.#calls.size;
  }

  /**
   * Says Hello on a stream and, once it is answered, sends what is open. Rejects when the kernel
   * refuses (its code), the stream ends first (`unavailable`), or the signal aborts (`cancelled`).
   */
  async attach(stream: ByteStream, options: { signal?: AbortSignal } = {}): Promise<HelloReply> {
    if (this.#closed) throw this.#closed;
    this.#replace();
    const connection = this.#connect(stream);
    this.#connection = connection;
    const { signal } = options;
    const onAbort = (): void => connection.break(new LinkCallError('cancelled', 'attach aborted'));
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#attaching = { resolve, reject };
        connection.open({ hello: this.#hello(), ack: this.#acknowledger.tell() });
        if (signal?.aborted) onAbort();
      });
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** One call, one reply. Rejects with `LinkCallError`. */
  call<Case extends PlainCase>(
    kind: Case,
    value: CallValue<Case>,
    options: CallOptions = {},
  ): Promise<ReplyValueOf<Case>> {
    return new Promise((resolve, reject) => {
      this.#start({ $case: kind, value } as CallBody, options, {
        expected: replyCaseOf(kind),
        isStream: false,
        // The case was checked against the call's, and the type follows the case.
        onReply: (body) => resolve(body.value as never),
        onError: reject,
      });
    });
  }

  /** One call, many replies, until it ends, fails, or the reader leaves. */
  stream<Case extends StreamCase>(
    kind: Case,
    value: CallValue<Case>,
    options: CallOptions = {},
  ): ReplyStream<ReplyValueOf<Case>> {
    const stream = new ReplyStream<ReplyValueOf<Case>>({
      onTaken: () => this.#acknowledger.consider(),
      onReturn: () => call && this.#giveUp(call),
    });
    this.#acknowledger.watch(stream);
    const call = this.#start({ $case: kind, value }, options, {
      expected: replyCaseOf(kind),
      isStream: true,
      onReply: (body, { seq, more }) => {
        if (body.$case !== 'done') stream.push({ seq, value: body.value as never });
        if (!more) stream.finish();
      },
      onError: (error) => stream.finish(error),
    });
    return stream;
  }

  /** Sends what this turn has gathered now, not at its end. */
  flush(): void {
    this.#connection?.flush();
  }

  /** For good: sends what is gathered, ends the stream, rejects open calls. */
  close(error = new LinkCallError('cancelled', 'the link was closed here')): void {
    if (this.#closed) return;
    this.flush();
    this.#connection?.end();
    this.#shut(error);
  }

  #hello() {
    const { pid, startToken, client } = this.#options.hello;
    const resumeSecret = this.#resumeSecret;
    const token = resumeSecret === '' ? (startToken ?? '') : '';
    return { version: LINK_VERSION, pid, startToken: token, resumeSecret, client };
  }

  #connect(stream: ByteStream): CallerConnection {
    const connection: CallerConnection = new CallerConnection(stream, {
      onHello: (reply) => this.#onHello(reply),
      onReply: (reply) => {
        if (this.#acknowledger.note(reply.seq)) this.#calls.onReply(reply);
      },
      onRequest: (request) => this.#desk.take(request),
      onChunkEnd: () => this.#acknowledger.consider(),
      fill: (frame) => this.#fill(frame),
      onEnd: (end) => {
        if (connection === this.#connection) this.#onEnd(end);
      },
    });
    return connection;
  }

  /** The earlier connection, if any, makes room without being mourned. */
  #replace(): void {
    const old = this.#connection;
    const error = new LinkCallError('unavailable', 'another stream was attached');
    this.#attaching?.reject(error);
    this.#detach();
    old?.break(error);
  }

  #onHello(reply: HelloReply): void {
    if (this.#bootId !== '' && this.#bootId !== reply.bootId) this.#onOtherBoot();
    this.#bootId = reply.bootId;
    this.#resumeSecret = reply.resumeSecret;
    this.#nextId = Math.max(this.#nextId, reply.lastCallId + 1);
    this.#unsent = [...this.#calls.all()];
    this.#unsentFrom = 0;
    this.#attaching?.resolve(reply);
    this.#attaching = undefined;
    this.#connection?.flushSoon();
  }

  /** The new kernel knows nothing of this connection's streams, replies and requests. */
  #onOtherBoot(): void {
    this.#acknowledger.reset();
    this.#desk.forget();
    const error = new LinkCallError('unavailable', 'the kernel was started anew');
    for (const call of [...this.#calls.all()]) {
      if (call.listener.isStream) this.#calls.fail(call, error);
    }
  }

  #onEnd(end: { error: LinkCallError; isFinal: boolean }): void {
    const isFinal = end.isFinal || this.#options.whenLost === 'reject';
    this.#detach();
    this.#attaching?.reject(end.error);
    this.#attaching = undefined;
    if (isFinal) this.#shut(end.error);
    this.#options.onLost?.({ error: end.error, isFinal });
  }

  #detach(): void {
    this.#connection = undefined;
    this.#unsent = [];
    this.#unsentFrom = 0;
    // The desk keeps answers; the kernel asks again for those that it still wants.
    this.#answers = [];
    this.#desk.onDetached();
    this.#isAckDue = false;
    this.#acknowledger.stop();
  }

  #shut(error: LinkCallError): void {
    this.#closed = error;
    this.#detach();
    this.#attaching?.reject(error);
    this.#attaching = undefined;
    this.#calls.failAll(error);
  }

  /** Undefined: it could not begin, and the listener was told why. */
  #start(body: CallBody, options: CallOptions, listener: CallListener): OpenCall | undefined {
    try {
      if (this.#closed) throw this.#closed;
      if (options.signal?.aborted) {
        throw new LinkCallError('cancelled', 'the call was aborted before it began');
      }
      const call = this.#encode(body, options, listener);
      this.#calls.add(call);
      this.#nextId += 1;
      if (options.signal || options.timeoutMs !== undefined) {
        call.watch(options, (error) => this.#giveUp(call, error));
      }
      this.#sendCall(call);
      return call;
    } catch (error) {
      listener.onError(asCallError(error));
      return undefined;
    }
  }

  #encode(body: CallBody, options: CallOptions, listener: CallListener): OpenCall {
    const { taskId = '', pid = this.#options.hello.pid } = options;
    const id = this.#nextId;
    const bytes = encodeMessage(Call, { id, pid, taskId, body });
    return new OpenCall({ id, pid, bytes, listener });
  }

  /** Ends a call here, and at the kernel if it may be there. */
  #giveUp(call: OpenCall, error?: LinkCallError): void {
    if (!this.#calls.remove(call)) return;
    if (error) call.listener.onError(error);
    if (!call.wasSent || this.#closed) return;
    const { id: callId, pid } = call;
    this.#start({ $case: 'cancel', value: { callId } }, { pid }, CANCEL_LISTENER);
  }

  #sendCall(call: OpenCall): void {
    if (!this.isReady) return;
    this.#unsent.push(call);
    this.#connection?.flushSoon();
  }

  #sendAnswer(answer: Uint8Array): boolean {
    if (!this.isReady) return false;
    this.#answers.push(answer);
    this.#connection?.flushSoon();
    return true;
  }

  #onAckDue(): void {
    this.#isAckDue = true;
    this.#connection?.flushSoon();
  }

  #fill(frame: FrameBuilder): void {
    const hasMessages = this.#answers.length > 0 || this.#unsentFrom < this.#unsent.length;
    if (!hasMessages && !this.#isAckDue) return;
    this.#isAckDue = false;
    if (this.#acknowledger.isNews) frame.addNumber(CLIENT_FIELD.ack, this.#acknowledger.tell());
    this.#fillAnswers(frame);
    this.#fillCalls(frame);
  }

  #fillAnswers(frame: FrameBuilder): void {
    let taken = 0;
    for (const answer of this.#answers) {
      if (!frame.hasRoomFor(answer.length)) break;
      frame.addMessage(CLIENT_FIELD.answers, answer);
      taken += 1;
    }
    this.#answers.splice(0, taken);
  }

  #fillCalls(frame: FrameBuilder): void {
    while (this.#unsentFrom < this.#unsent.length) {
      const call = this.#unsent[this.#unsentFrom]!;
      if (!call.isSettled) {
        if (!frame.hasRoomFor(call.bytes.length)) return;
        frame.addMessage(CLIENT_FIELD.calls, call.bytes);
        call.wasSent = true;
      }
      this.#unsentFrom += 1;
    }
    this.#unsent = [];
    this.#unsentFrom = 0;
  }
}

function replyCaseOf(kind: CallCase): ReplyCase {
  if (kind === 'followEvents') return 'followItem';
  return Object.hasOwn(ANSWERED_BY_DONE, kind) ? 'done' : (kind as ReplyCase);
}

function asCallError(error: unknown): LinkCallError {
  if (error instanceof LinkCallError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new LinkCallError('invalid_argument', message, { cause: error });
}

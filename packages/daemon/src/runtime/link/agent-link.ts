// The link of one process: its own Unix socket, who may connect to it, and the session behind it
// (D6). Not the life of the process: it only says what happens to the link.
//   1. A connection that cannot prove itself is refused, told why, and reported; the session of
//      the process goes on undisturbed.
//   2. The socket is there from `listen` to `close`, and its file with it.

import { KernelError } from '@hivekernel/kernel';
import { ServerSession, readHello, socketStream } from '@hivekernel/protocol/link';
import type {
  AnswerListener,
  AnswerValue,
  IncomingCall,
  LinkProtocolError,
  PendingLink,
  RequestCase,
  RequestValue,
} from '@hivekernel/protocol/link';
import { chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import { fairStream } from './fair-stream.ts';
import { LinkCredentials } from './link-credentials.ts';

export interface Refusal {
  /** A wrong token; no Hello in time; bytes that are none; an answer to nothing. */
  readonly kind: 'token' | 'hello' | 'garbage' | 'answer';
  readonly message: string;
}

export interface AgentLinkHandlers {
  onCall(call: IncomingCall): void;
  onCancel(call: IncomingCall): void;
  /** Connected, for the first time or again. */
  onLinked(): void;
  /** The connection ended; the process may come back. */
  onLost(): void;
  /**
   * The process sent what cannot be read. The session is closed next, with a word to the client.
   */
  onGarbage(message: string): void;
  /** Somebody was refused; nothing else happened. `kind` groups what is alike. */
  onRefused(refusal: Refusal): void;
}

export interface AgentLinkOptions {
  readonly path: string;
  readonly pid: number;
  readonly greeting: { readonly kernelVersion: string; readonly bootId: string };
  readonly handlers: AgentLinkHandlers;
}

const SOCKET_MODE = 0o600;

export class AgentLink {
  readonly #options: AgentLinkOptions;
  readonly #credentials = new LinkCredentials();
  readonly #session: ServerSession;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #closing = new AbortController();

  constructor(options: AgentLinkOptions) {
    this.#options = options;
    const { pid, handlers } = options;
    this.#session = new ServerSession({
      mayCallAs: (asked) => asked === pid,
      handlers: {
        onCall: (call) => handlers.onCall(call),
        onCancel: (call) => handlers.onCancel(call),
        onDetached: () => handlers.onLost(),
        onGarbage: (error) => this.#onGarbage(error),
        onStray: ({ id }) => {
          const message = `an answer to request ${id}, which waits for none`;
          handlers.onRefused({ kind: 'answer', message });
        },
      },
    });
    this.#server = createServer((socket) => void this.#welcome(socket)); // Never rejects.
    this.#server.maxConnections = RUNTIME_LIMITS.connectionsMax;
  }

  get path(): string {
    return this.#options.path;
  }

  get startToken(): string {
    return this.#credentials.startToken;
  }

  get isAttached(): boolean {
    return this.#session.isAttached;
  }

  /** Throws `start_failed` when the socket cannot be made. */
  async listen(): Promise<void> {
    const { path } = this.#options;
    requireShortPath(path);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject);
        this.#server.listen(path, resolve);
      });
      await chmod(path, SOCKET_MODE);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new KernelError('start_failed', `the link's socket cannot be made: ${why}`, { cause });
    }
    // Accepting failed (no more descriptors): the process tries again, or runs into its deadline.
    this.#server.on('error', () => undefined);
  }

  /** As `ServerSession.request`, in the name of the process. */
  request<Case extends RequestCase>(
    kind: Case,
    value: RequestValue<Case>,
    signal?: AbortSignal,
  ): Promise<AnswerValue<Case>> {
    const { pid } = this.#options;
    return this.#session.request(kind, value, signal === undefined ? { pid } : { pid, signal });
  }

  /** As `ServerSession.ask`, in the name of the process. */
  ask<Case extends RequestCase>(
    kind: Case,
    value: RequestValue<Case>,
    listener: AnswerListener<Case>,
  ): void {
    const { pid } = this.#options;
    this.#session.ask(kind, value, { pid, listener });
  }

  /** For good. The file is gone when it resolves. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#session.close();
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #welcome(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    const { handlers } = this.#options;
    const helloDeadline = AbortSignal.timeout(RUNTIME_LIMITS.helloMs);
    const signal = AbortSignal.any([helloDeadline, this.#closing.signal]);
    try {
      this.#admit(await readHello(fairStream(socketStream(socket)), { signal }));
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      const hasGone = signal.aborted || socket.readableEnded || socket.destroyed;
      handlers.onRefused({ kind: hasGone ? 'hello' : 'garbage', message });
    }
  }

  #admit(pending: PendingLink): void {
    const { pid, greeting, handlers } = this.#options;
    const { hello } = pending;
    const refusal =
      hello.pid === pid
        ? this.#credentials.check(hello)
        : `this is the link of process ${pid}, not of ${hello.pid}`;
    if (refusal !== undefined) {
      pending.refuse({ code: 'unauthenticated', message: refusal, details: {} });
      handlers.onRefused({ kind: 'token', message: refusal });
      return;
    }
    const resumeSecret = this.#credentials.issueResumeSecret();
    this.#session.attach(pending, { ...greeting, resumeSecret });
    if (this.#session.isAttached) handlers.onLinked();
  }

  #onGarbage(error: LinkProtocolError): void {
    // First, so that requests which end with the session are not taken for the process's word.
    this.#options.handlers.onGarbage(error.message);
    this.#session.close({ code: 'invalid_argument', message: error.message, details: {} });
  }
}

function requireShortPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= RUNTIME_LIMITS.socketPathBytesMax) return;
  throw new KernelError(
    'start_failed',
    `the path of the link's socket, ${path}, has ${bytes} bytes; ` +
      `${RUNTIME_LIMITS.socketPathBytesMax} are the most that the system takes`,
  );
}

// A LinkCaller and a ServerSession joined in memory, with everything that either is told at hand.
import type { Answer, HelloReply } from '../src/gen/link.ts';
import { memoryStreamPair } from '../src/link/memory-stream.ts';
import type { MemoryStreamPair } from '../src/link/memory-stream.ts';
import { LinkCaller, ServerSession, readHello } from '../src/link/index.ts';
import type {
  IncomingCall,
  LinkCallerOptions,
  LinkProtocolError,
  PendingLink,
} from '../src/link/index.ts';
import { AsyncQueue } from './async-queue.ts';

export const GREETING = { resumeSecret: 'secret', kernelVersion: '0', bootId: 'boot-1' };
export const never = new AbortController().signal;

export class SessionEnd {
  readonly calls = new AsyncQueue<IncomingCall>();
  readonly cancelled = new AsyncQueue<IncomingCall>();
  readonly strays = new AsyncQueue<Answer>();
  readonly garbage = new AsyncQueue<LinkProtocolError>();
  readonly detached = new AsyncQueue<Error | undefined>();
  readonly holds: string[] = [];
  readonly session: ServerSession;

  constructor(options: { pids?: readonly number[]; onCall?: (call: IncomingCall) => void } = {}) {
    const pids = new Set(options.pids ?? [7]);
    this.session = new ServerSession({
      mayCallAs: (pid) => pids.has(pid),
      handlers: {
        onCall: options.onCall ?? ((call) => this.calls.push(call)),
        onCancel: (call) => this.cancelled.push(call),
        onStray: (answer) => this.strays.push(answer),
        onGarbage: (error) => this.garbage.push(error),
        onDetached: (error) => this.detached.push(error),
        onHeld: () => this.holds.push('held'),
        onReleased: () => this.holds.push('released'),
      },
    });
  }
}

export class LinkPair {
  readonly caller: LinkCaller;
  readonly end: SessionEnd;
  readonly lost = new AsyncQueue<{ isFinal: boolean }>();
  wire: MemoryStreamPair = memoryStreamPair();

  constructor(
    options: Partial<LinkCallerOptions> & { onCall?: (call: IncomingCall) => void } = {},
  ) {
    const { onCall, ...rest } = options;
    this.end = new SessionEnd(onCall ? { onCall } : {});
    this.caller = new LinkCaller({
      hello: { pid: 7, startToken: 'token', client: 'test' },
      whenLost: 'keep',
      onLost: (end) => this.lost.push(end),
      ...rest,
    });
  }

  /** Dials and attaches both ends. Resolves with what the session read of the client's Hello. */
  async connect(): Promise<{ link: PendingLink; reply: HelloReply }> {
    this.wire = memoryStreamPair();
    const hello = readHello(this.wire.b, { signal: never });
    const attached = this.caller.attach(this.wire.a);
    const link = await hello;
    this.end.session.attach(link, GREETING);
    return { link, reply: await attached };
  }
}

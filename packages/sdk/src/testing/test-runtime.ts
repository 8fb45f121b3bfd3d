// One incarnation of a process of the test kernel: a real host behind a real link, the wire between
// them in memory. What it is part of, and what becomes of it, is its process's (test-process.ts).
import type { agent as wire } from '@hivekernel/protocol';
import { LinkCaller, readHello, ServerSession } from '@hivekernel/protocol/link';
import type { IncomingCall } from '@hivekernel/protocol/link';
import { memoryStreamPair } from '@hivekernel/protocol/memory-stream';
import type { AgentHandlers } from '../agent.ts';
import { AgentHost } from '../host/agent-host.ts';

export interface TestRuntimeOptions {
  readonly pid: number;
  readonly agent: Promise<AgentHandlers>;
  readonly onCall: (call: IncomingCall) => void;
  readonly onCancel: (call: IncomingCall) => void;
  /** It spoke nonsense on its link. */
  readonly onGarbage: (message: string) => void;
  /** The host has nothing more to do. */
  readonly onEnd: (exitCode: number) => void;
}

const START_TIMEOUT_MS = 10_000;

export class TestRuntime {
  readonly session: ServerSession;
  readonly #pid: number;
  readonly #pair = memoryStreamPair();
  readonly #caller: LinkCaller;
  readonly #closed = Promise.withResolvers<void>();

  constructor(options: TestRuntimeOptions) {
    const { pid, onCall, onCancel, onGarbage, onEnd } = options;
    this.#pid = pid;
    this.session = new ServerSession({
      mayCallAs: (caller) => caller === pid,
      handlers: {
        onCall,
        onCancel,
        onGarbage: (error) => onGarbage(error.message),
        onDetached: () => this.session.close(),
      },
    });
    this.#caller = new LinkCaller({
      hello: { pid, startToken: 'test', client: 'test' },
      whenLost: 'reject',
      onRequest: ({ body }) => host.handle(body),
      onLost: () => host.abort('the kernel is gone'),
    });
    const host = new AgentHost({ port: this.#caller, agent: options.agent, onEnd });
  }

  /** Resolves when it was closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Says Hello and runs onInit. Resolves to the agent's answer. */
  async start(init: wire.InitRequest): Promise<wire.InitResponse> {
    const attached = this.#caller.attach(this.#pair.a);
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    const greeting = { resumeSecret: 'test', kernelVersion: 'test', bootId: 'test' };
    this.session.attach(await readHello(this.#pair.b, { signal }), greeting);
    await attached;
    return this.session.request('init', init, { pid: this.#pid, signal });
  }

  /** Asks it to stop; resolves to the state that it leaves, empty for none. Close it then. */
  async shutdown(reason: wire.ShutdownReason): Promise<Uint8Array> {
    const request = { reason, gracePeriodSeconds: 1 };
    const asked = this.session.request('shutdown', request, { pid: this.#pid });
    const answer = await asked.catch(() => undefined);
    return answer?.stateSnapshot ?? new Uint8Array();
  }

  /** Ends it from outside, as a lost connection would. */
  cut(): void {
    this.#pair.cut();
  }

  /** Its last answers leave first; the session closes when it sees the end. */
  close(): void {
    this.#caller.close();
    this.#closed.resolve();
  }
}

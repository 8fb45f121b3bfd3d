// One process of the test kernel: a real host behind a real link, the wire between them in memory.
// All of them live in the process of the test.
import type { agent as wire, core, link } from '@hivekernel/protocol';
import { LinkCaller, readHello, ServerSession } from '@hivekernel/protocol/link';
import type { IncomingCall } from '@hivekernel/protocol/link';
import { memoryStreamPair } from '@hivekernel/protocol/memory-stream';
import type { AgentHandlers } from '../agent.ts';
import type { ChildExit } from '../context/context.ts';
import { limitsToWire } from '../context/process-info.ts';
import { AgentHost } from '../host/agent-host.ts';
import { ROLES, STATES, TIERS, numberOf, wordOf } from '../words.ts';

export interface TestProcessOptions {
  readonly pid: number;
  readonly ppid: number;
  readonly spawn: wire.SpawnRequest;
  readonly env: Readonly<Record<string, string>>;
  readonly agent: Promise<AgentHandlers>;
  readonly onCall: (call: IncomingCall) => void;
  readonly onCancel: (call: IncomingCall) => void;
}

const KILLED: Omit<ChildExit, 'pid'> = { exitCode: -1, output: '', cause: 'killed' };
const START_TIMEOUT_MS = 10_000;

export class TestProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly spawn: wire.SpawnRequest;
  readonly session: ServerSession;
  /** What waits to be read by nobody: messages to a process without a runtime. */
  readonly inbox: wire.AgentMessage[] = [];
  /** Ends it from outside, as a lost connection would. */
  readonly cut: () => void;
  output = '';
  readonly #options: TestProcessOptions;
  readonly #pair = memoryStreamPair();
  readonly #caller: LinkCaller;
  readonly #ended = Promise.withResolvers<ChildExit>();
  #exit: ChildExit | undefined;
  #isKilled = false;
  #tasks = 0;

  constructor(options: TestProcessOptions) {
    this.#options = options;
    this.pid = options.pid;
    this.ppid = options.ppid;
    this.spawn = options.spawn;
    this.cut = () => this.#pair.cut();
    const { onCall, onCancel } = options;
    this.session = new ServerSession({
      mayCallAs: (pid) => pid === this.pid,
      handlers: {
        onCall,
        onCancel,
        onGarbage: (error) => this.end({ ...KILLED, output: error.message }),
        onDetached: () => this.session.close(),
      },
    });
    this.#caller = new LinkCaller({
      hello: { pid: this.pid, startToken: 'test', client: 'test' },
      whenLost: 'reject',
      onRequest: ({ body }) => host.handle(body),
      onLost: () => host.abort('the kernel is gone'),
    });
    const host = new AgentHost({
      port: this.#caller,
      agent: options.agent,
      onEnd: (exitCode) => this.end({ exitCode, output: this.output, cause: 'exit' }),
    });
  }

  get isAlive(): boolean {
    return this.#exit === undefined;
  }

  /** Resolves when it ended. */
  get ended(): Promise<ChildExit> {
    return this.#ended.promise;
  }

  /** Says Hello and runs onInit. Resolves to the agent's answer. */
  async start(): Promise<wire.InitResponse> {
    const attached = this.#caller.attach(this.#pair.a);
    const signal = AbortSignal.timeout(START_TIMEOUT_MS);
    const greeting = { resumeSecret: 'test', kernelVersion: 'test', bootId: 'test' };
    this.session.attach(await readHello(this.#pair.b, { signal }), greeting);
    await attached;
    return this.session.request('init', this.#initRequest(), { pid: this.pid, signal });
  }

  async execute(task: wire.TaskRequest): Promise<link.ExecuteAnswer> {
    this.#tasks += 1;
    try {
      const answer = await this.session.request('execute', task, { pid: this.pid });
      this.output = answer.result?.output ?? '';
      return answer;
    } finally {
      this.#tasks -= 1;
    }
  }

  end(exit: Omit<ChildExit, 'pid'>): void {
    if (this.#exit !== undefined) return;
    this.#exit = { ...(this.#isKilled ? KILLED : exit), pid: this.pid };
    this.#ended.resolve(this.#exit);
    // Its last answers leave first; the session closes when it sees the end.
    this.#caller.close();
  }

  async kill(reason: wire.ShutdownReason): Promise<void> {
    if (!this.isAlive) return;
    this.#isKilled = true;
    const request = { reason, gracePeriodSeconds: 1 };
    const asked = this.session.request('shutdown', request, { pid: this.pid });
    await asked.catch(() => undefined);
    this.end(KILLED);
  }

  info(childCount: number): core.ProcessInfo {
    const exited = this.#exit?.cause === 'exit' ? 'zombie' : 'dead';
    const word = this.isAlive ? (this.#tasks > 0 ? 'running' : 'idle') : exited;
    return {
      pid: this.pid,
      ppid: this.ppid,
      user: 'root',
      name: this.spawn.name,
      role: this.spawn.role,
      cognitiveTier: this.spawn.cognitiveTier,
      model: this.#model,
      state: numberOf(STATES, word),
      vps: 'test',
      tokensConsumed: 0,
      contextUsagePercent: 0,
      childCount,
      startedAt: 0,
      currentTaskId: '',
      runtimeAddr: `link:${this.pid}`,
      address: `/king/${this.spawn.name}`,
      phase: '',
      exitCause: this.#exit?.cause ?? '',
      exitCode: this.#exit?.exitCode ?? 0,
      restarts: 0,
      osPid: 0,
      stateWord: word,
      tokensSubtree: 0,
      inboxDepth: this.inbox.length,
      llmCalls: 0,
      tokensSimulated: 0,
      tasksRunning: this.#tasks,
      tasksQueued: 0,
      output: this.output,
      startedAtMs: 0,
    };
  }

  sibling(): wire.SiblingInfo {
    const { pid, name, role, state } = this.info(0);
    return { pid, name, role: wordOf(ROLES, role), state: wordOf(STATES, state) };
  }

  get #model(): string {
    const byTier = { strategic: 'opus', tactical: 'sonnet', operational: 'mini' } as const;
    const tier = wordOf(TIERS, this.spawn.cognitiveTier);
    return this.spawn.model === '' ? byTier[tier] : this.spawn.model;
  }

  #initRequest(): wire.InitRequest {
    const { name, systemPrompt, role, cognitiveTier, limits } = this.spawn;
    return {
      pid: this.pid,
      ppid: this.ppid,
      user: 'root',
      role,
      cognitiveTier,
      config: { name, systemPrompt, model: this.#model, metadata: { address: `/king/${name}` } },
      limits: limits ?? limitsToWire({ contextTokensMax: 128_000 }),
      tools: [],
      env: { ...this.#options.env, ...this.spawn.env },
    };
  }
}

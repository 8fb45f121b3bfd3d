// One process of the test kernel: its record, and the runtime that it has while it neither sleeps
// nor has ended. All of them live in the process of the test.
//   1. A process without an image is virtual: it has no runtime, and keeps what it is sent.
//   2. While it is paused, or changes its runtime, what is asked of it waits, in order.
//   3. Its agent is made anew for each incarnation, with the state that the one before left.
import type { agent as wire, core, link } from '@hivekernel/protocol';
import type { IncomingCall, ServerSession } from '@hivekernel/protocol/link';
import type { AgentHandlers } from '../agent.ts';
import type { ChildExit } from '../context/lifecycle.ts';
import { limitsToWire } from '../context/process-info.ts';
import { HiveError } from '../hive-error.ts';
import { ROLES, SHUTDOWN_REASONS, STATES, TIERS, numberOf, wordOf } from '../words.ts';
import type { ProcessState } from '../words.ts';
import { emptyInfo } from './empty-info.ts';
import { TestRuntime } from './test-runtime.ts';

export interface TestProcessOptions {
  readonly pid: number;
  readonly ppid: number;
  readonly spawn: wire.SpawnRequest;
  readonly env: Readonly<Record<string, string>>;
  readonly load: () => Promise<AgentHandlers>;
  readonly onCall: (call: IncomingCall) => void;
  readonly onCancel: (call: IncomingCall) => void;
  /** A run is over; there may be another. */
  readonly onRunEnd: () => void;
  readonly onExit: (exit: ChildExit & { readonly durationMs: number }) => void;
}

type Ending = Omit<ChildExit, 'pid' | 'name'>;

const KILLED: Ending = { exitCode: -1, output: '', cause: 'killed' };
const NORMAL = numberOf(SHUTDOWN_REASONS, 'normal');

export class TestProcess {
  readonly pid: number;
  /** Changed by a reparent. */
  ppid: number;
  readonly spawn: wire.SpawnRequest;
  /** Of a virtual process: what nobody reads. */
  readonly inbox: wire.AgentMessage[] = [];
  output = '';
  /** What the next incarnation finds. */
  checkpoint: Uint8Array | undefined;
  restarts = 0;
  readonly #options: TestProcessOptions;
  readonly #startedMs = performance.now();
  #runtime: TestRuntime | undefined;
  #ended = Promise.withResolvers<ChildExit>();
  #exit: ChildExit | undefined;
  #isCollected = false;
  #tasks = 0;
  #isSleepAsked = false;
  /** Its runtime stops: its end is not the process's. */
  #isStopping = false;
  #isRestarting = false;
  #paused: PromiseWithResolvers<void> | undefined;
  /** A start, sleep or restart under way. */
  #changing: Promise<void> | undefined;

  constructor(options: TestProcessOptions) {
    this.#options = options;
    this.pid = options.pid;
    this.ppid = options.ppid;
    this.spawn = options.spawn;
  }

  get isVirtual(): boolean {
    return this.spawn.runtimeImage === '';
  }

  get isAlive(): boolean {
    return this.#exit === undefined;
  }

  /** Resolves when it ended. */
  get ended(): Promise<ChildExit> {
    return this.#ended.promise;
  }

  /** The result that nobody took yet. */
  get result(): ChildExit | undefined {
    return this.#isCollected ? undefined : this.#exit;
  }

  /** It has a runtime, which can be asked. */
  get isAwake(): boolean {
    return this.#runtime !== undefined;
  }

  /** Of its runtime. Throws `wrong_state` while it has none. */
  get session(): ServerSession {
    if (this.#runtime === undefined) throw this.#wrongState('has no runtime');
    return this.#runtime.session;
  }

  get state(): ProcessState {
    if (this.#exit !== undefined) {
      return this.#exit.cause === 'killed' || this.#isCollected ? 'dead' : 'zombie';
    }
    if (this.#paused !== undefined) return 'paused';
    if (this.#runtime === undefined && !this.isVirtual) return 'sleeping';
    return this.#tasks > 0 ? 'running' : 'idle';
  }

  /** Ends its runtime from outside, as a lost connection would. */
  cut(): void {
    this.#runtime?.cut();
  }

  async start(): Promise<wire.InitResponse> {
    if (this.isVirtual) return { ready: true, error: '' };
    const { pid, onCall, onCancel } = this.#options;
    const runtime: TestRuntime = new TestRuntime({
      pid,
      agent: this.#options.load(),
      onCall,
      onCancel,
      onGarbage: (output) => this.end({ ...KILLED, output }),
      onEnd: (exitCode) => this.#onRuntimeEnd(runtime, exitCode),
    });
    this.#runtime = runtime;
    return runtime.start(this.#initRequest());
  }

  async execute(task: wire.TaskRequest): Promise<link.ExecuteAnswer> {
    const { pid } = this;
    this.#tasks += 1;
    try {
      const runtime = await this.#ready();
      const died = runtime.closed.then(() => {
        throw new HiveError('unavailable', `Process ${pid} ended in the middle of its task.`);
      });
      const answer = await Promise.race([runtime.session.request('execute', task, { pid }), died]);
      if (this.#isRestarting && !answer.completed) await died;
      this.output = answer.result?.output ?? '';
      return answer;
    } finally {
      this.#tasks -= 1;
      if (this.#isSleepAsked && this.#tasks === 0) await this.#toSleep();
    }
  }

  /** A virtual process keeps it, and accepts it. */
  async deliver(message: wire.AgentMessage): Promise<wire.MessageAck> {
    const { messageId } = message;
    if (this.isVirtual && this.isAlive) {
      this.inbox.push(message);
      return { messageId, status: 0, reply: '' };
    }
    const { session } = await this.#ready();
    return session.request('deliver', message, { pid: this.pid });
  }

  /** Ends it, with what it ended with unless it was killed before. */
  end(ending: Ending): void {
    if (this.#exit !== undefined) return;
    const exit = { ...ending, pid: this.pid, name: this.spawn.name };
    this.#exit = exit;
    this.#ended.resolve(exit);
    this.#resume();
    this.#runtime?.close();
    this.#runtime = undefined;
    this.#options.onRunEnd();
    this.#options.onExit({ ...exit, durationMs: performance.now() - this.#startedMs });
  }

  async kill(reason: wire.ShutdownReason): Promise<void> {
    await this.#changing?.catch(() => undefined);
    await this.#stop(reason);
    this.end(KILLED);
  }

  /** At once: its agent hears of it by its signals only. */
  killNow(): void {
    this.end(KILLED);
  }

  /** Ends it with a result that somebody else knows. */
  async complete(result: { readonly exitCode: number; readonly output: string }): Promise<void> {
    await this.#stop(NORMAL);
    this.end({ ...result, cause: 'done' });
  }

  /** Takes its result, once. */
  collect(): ChildExit {
    const exit = this.result;
    if (exit === undefined) throw this.#wrongState('has no result that was not collected');
    this.#isCollected = true;
    return exit;
  }

  pause(): void {
    if (this.isAlive) this.#paused ??= Promise.withResolvers<void>();
  }

  resume(): void {
    this.#resume();
  }

  /** One that runs a task sleeps after it, if it asks for itself. */
  async sleep(by: { readonly isItself: boolean }): Promise<void> {
    if (!this.isAlive) throw this.#wrongState('has ended');
    if (this.isVirtual) throw this.#wrongState('has no runtime to stop');
    if (this.#runtime === undefined) return;
    if (this.#tasks > 0 && !by.isItself) throw this.#wrongState('runs a task');
    if (this.#tasks > 0) this.#isSleepAsked = true;
    else await this.#toSleep();
  }

  async wake(): Promise<void> {
    if (this.state !== 'sleeping') throw this.#wrongState('does not sleep');
    await this.#change(() => this.#startAgain());
  }

  /** Also what ended by itself, unless its result was taken. */
  async restart(): Promise<void> {
    if (this.isVirtual || this.state === 'dead') throw this.#wrongState('cannot be started again');
    await this.#change(async () => {
      this.#isRestarting = true;
      await this.#stop(NORMAL);
      this.#isRestarting = false;
      if (!this.isAlive) this.#ended = Promise.withResolvers<ChildExit>();
      this.#exit = undefined;
      this.restarts += 1;
      await this.#startAgain();
    });
  }

  info(childCount: number): core.ProcessInfo {
    const { pid, ppid, state } = this;
    const { name, role, cognitiveTier, runtimeImage, restartPolicy, strategy } = this.spawn;
    return {
      ...emptyInfo({ pid, name, address: `/king/${name}` }),
      ppid,
      role,
      cognitiveTier,
      model: this.#model,
      state: numberOf(STATES, state === 'paused' ? 'blocked' : state),
      stateWord: state,
      childCount,
      runtimeAddr: runtimeImage === '' ? '' : `link:${pid}`,
      exitCause: this.#exit?.cause ?? '',
      exitCode: this.#exit?.exitCode ?? 0,
      gone: !this.isAlive,
      restarts: this.restarts,
      restartPolicy: restartPolicy || 'temporary',
      strategy: strategy || 'one_for_one',
      checkpointBytes: this.checkpoint?.length ?? 0,
      inboxDepth: this.inbox.length,
      tasksRunning: this.#tasks,
      output: this.output,
    };
  }

  sibling(): wire.SiblingInfo {
    const { pid, name, role, state } = this.info(0);
    return { pid, name, role: wordOf(ROLES, role), state: wordOf(STATES, state) };
  }

  #onRuntimeEnd(runtime: TestRuntime, exitCode: number): void {
    if (runtime !== this.#runtime || this.#isStopping) return;
    this.end({ exitCode, output: this.output, cause: 'done' });
  }

  /** The runtime that takes work: a sleeper is started for it. */
  async #ready(): Promise<TestRuntime> {
    for (;;) {
      const gate = this.#paused?.promise ?? this.#changing;
      if (gate !== undefined) await gate;
      else if (!this.isAlive) throw this.#wrongState('has ended');
      else if (this.isVirtual) throw this.#wrongState('has no runtime');
      else if (this.#runtime !== undefined) return this.#runtime;
      else void this.wake().catch(() => undefined); // The gate tells all who wait.
    }
  }

  /** Where it has no runtime there is nothing to stop. */
  async #stop(reason: wire.ShutdownReason): Promise<void> {
    const runtime = this.#runtime;
    if (runtime === undefined) return;
    this.#resume();
    this.#isStopping = true;
    const state = await runtime.shutdown(reason);
    this.#isStopping = false;
    // Nothing left leaves the last checkpoint as it is.
    if (state.length > 0) this.checkpoint = state;
    runtime.close();
    if (this.#runtime === runtime) this.#runtime = undefined;
    this.#options.onRunEnd();
  }

  async #startAgain(): Promise<void> {
    const init = await this.start();
    if (init.ready) return;
    this.end({ exitCode: 1, output: '', cause: 'start_failed' });
    throw new HiveError('start_failed', init.error);
  }

  #toSleep(): Promise<void> {
    this.#isSleepAsked = false;
    return this.#change(() => this.#stop(NORMAL));
  }

  async #change(work: () => Promise<void>): Promise<void> {
    while (this.#changing !== undefined) await this.#changing.catch(() => undefined);
    this.#changing = work().finally(() => (this.#changing = undefined));
    await this.#changing;
  }

  #resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  #wrongState(what: string): HiveError {
    return new HiveError('wrong_state', `Process ${this.pid} ${what}.`);
  }

  get #model(): string {
    const byTier = { strategic: 'opus', tactical: 'sonnet', operational: 'mini' } as const;
    const tier = wordOf(TIERS, this.spawn.cognitiveTier);
    return this.spawn.model === '' ? byTier[tier] : this.spawn.model;
  }

  #initRequest(): wire.InitRequest {
    const { name, systemPrompt, role, cognitiveTier, limits } = this.spawn;
    const state = this.checkpoint && Buffer.from(this.checkpoint).toString('base64');
    const metadata = {
      address: `/king/${name}`,
      ...(state !== undefined && { 'hivekernel.state': state }),
    };
    return {
      pid: this.pid,
      ppid: this.ppid,
      user: 'root',
      role,
      cognitiveTier,
      config: { name, systemPrompt, model: this.#model, metadata },
      limits: limits ?? limitsToWire({ contextTokensMax: 128_000 }),
      tools: [],
      env: { ...this.#options.env, ...this.spawn.env },
    };
  }
}

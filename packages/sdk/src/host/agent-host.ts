// Hosts one agent: turns the kernel's requests into calls of its handlers and their outcomes into
// answers. Knows no socket and no process; the runner brings both.
//   H1. Every request gets exactly one answer; what cannot be answered rejects, and the link says
//       so.
//   H2. Tasks and messages wait until onInit ended (G1); calls of the agent do not wait.
//   H3. A failed start answers `ready: false` with the reason, then ends the process.
//   H4. Shutdown: tasks are cancelled and answered, onShutdown runs, the answer leaves, the process
//       ends. Where onShutdown leaves nothing the answer has no state: the last checkpoint stays.
import type { agent as wire } from '@hivekernel/protocol';
import { BIND_CONTEXT } from '../agent.ts';
import type { AgentHandlers, BindsContext } from '../agent.ts';
import { Context, TaskContext } from '../context/context.ts';
import type { ContextParts } from '../context/context.ts';
import { QuietTimes } from '../context/quiet-times.ts';
import { runInTask } from '../current-task.ts';
import { HiveError, messageOf } from '../hive-error.ts';
import type { AnswerBody, KernelPort, RequestBody } from '../kernel-port.ts';
import { processMeter } from '../model/token-meter.ts';
import { modelWaits, WatchedPort } from '../open-waits.ts';
import { bytesOf } from '../payload.ts';
import { taskFromWire } from '../task.ts';
import { numberOf, SHUTDOWN_REASONS, STATES, wordOf } from '../words.ts';
import type { ShutdownReason } from '../words.ts';
import { dumpJson } from './dump.ts';
import { handOver } from './hand-over.ts';
import { isOrdinary, MailDesk } from './mail-desk.ts';
import { MessageLanes } from './message-lanes.ts';
import { RunningTasks } from './running-tasks.ts';
import { within } from './within.ts';

export const EXIT_FAILED_START = 1;
export const EXIT_FAILED_SHUTDOWN = 1;

export interface AgentHostOptions {
  readonly port: KernelPort;
  /** The agent, as soon as its module is loaded. Its rejection fails the start (H3). */
  readonly agent: Promise<AgentHandlers>;
  /** The process is to end; what was answered before is to leave first. */
  readonly onEnd: (exitCode: number) => void;
}

interface Started {
  readonly agent: AgentHandlers;
  readonly context: Context;
  readonly parts: ContextParts;
}

const MS_PER_SECOND = 1_000;
const DEFAULT_GRACE_MS = 5_000;
/** The kernel gives no more; a timer set for over 2^31 ms would fire at once. */
const GRACE_MS_MAX = 3_600_000;
/** Of the grace, for tasks to end; the rest is for onShutdown and the answer's way. */
const TASKS_GRACE_SHARE = 0.4;
const SHUTDOWN_GRACE_SHARE = 0.8;

export class AgentHost {
  readonly #options: AgentHostOptions;
  readonly #port: WatchedPort;
  readonly #life = new AbortController();
  readonly #ready = Promise.withResolvers<Started>();
  readonly #tasks = new RunningTasks((request, signal) => this.#runTask(request, signal));
  readonly #desk = new MailDesk();
  readonly #lanes = new MessageLanes({
    desk: this.#desk,
    handle: (message) => this.#handleMessage(message),
    isKept: (message) => this.#isKept(message),
  });
  #init: Promise<wire.InitResponse> | undefined;
  /** Once onInit ended. */
  #started: Started | undefined;
  #contextTokensMax = 0;

  constructor(options: AgentHostOptions) {
    this.#options = options;
    this.#port = new WatchedPort(options.port);
    this.#ready.promise.catch(() => undefined);
    options.agent.catch(() => undefined);
  }

  /** Fires when the process is to end. */
  get signal(): AbortSignal {
    return this.#life.signal;
  }

  /** Throws or rejects with what goes back instead of an answer. */
  handle(request: RequestBody): AnswerBody | Promise<AnswerBody> {
    return request.$case === 'deliver' ? this.#deliver(request.value) : this.#answer(request);
  }

  /** Messages are many: what needs no waiting gets no promise. */
  #deliver(message: wire.AgentMessage): AnswerBody | Promise<AnswerBody> {
    const ack = this.#lanes.deliver(message);
    return ack instanceof Promise ? ack.then(deliverAnswer) : deliverAnswer(ack);
  }

  async #answer(request: Exclude<RequestBody, { $case: 'deliver' }>): Promise<AnswerBody> {
    switch (request.$case) {
      case 'init':
        this.#init ??= this.#start(request.value);
        return { $case: 'init', value: await this.#init };
      case 'execute':
        await this.#ready.promise;
        return { $case: 'execute', value: await this.#tasks.execute(request.value) };
      case 'heartbeat':
        return { $case: 'heartbeat', value: this.#heartbeat() };
      case 'interrupt':
        return { $case: 'interrupt', value: this.#interrupt(request.value) };
      case 'shutdown':
        return { $case: 'shutdown', value: await this.#shutdown(request.value) };
      case 'dump':
        return { $case: 'dump', value: { json: await this.#dump() } };
    }
  }

  /** Everything is to stop: every task's signal fires, and the process's. */
  abort(reason: string): void {
    this.#tasks.cancel('', reason);
    this.#life.abort(new HiveError('cancelled', reason));
  }

  async #start(init: wire.InitRequest): Promise<wire.InitResponse> {
    try {
      const agent = await this.#options.agent;
      const parts: ContextParts = {
        port: this.#port,
        init,
        signal: this.#life.signal,
        onExit: (exitCode) => this.#end(exitCode),
        quiet: new QuietTimes(),
        desk: this.#desk,
      };
      const context = new Context(parts);
      this.#contextTokensMax = context.limits.contextTokensMax ?? 0;
      if (bindsContext(agent)) agent[BIND_CONTEXT](context);
      await this.#runOnInit(agent, context);
      this.#started = { agent, context, parts };
      this.#ready.resolve(this.#started);
      return { ready: true, error: '' };
    } catch (error) {
      const why = messageOf(error);
      this.#ready.reject(new HiveError('start_failed', why, { cause: error }));
      this.#end(EXIT_FAILED_START);
      return { ready: false, error: why };
    }
  }

  async #runOnInit(agent: AgentHandlers, context: Context): Promise<void> {
    try {
      await agent.onInit?.(context);
    } catch (error) {
      console.error('error: onInit failed:', error);
      throw new HiveError('start_failed', `onInit failed: ${messageOf(error)}`, { cause: error });
    }
  }

  async #runTask(request: wire.TaskRequest, signal: AbortSignal): Promise<unknown> {
    const { agent, parts } = await this.#ready.promise;
    if (agent.onTask === undefined) {
      throw new HiveError('unimplemented', 'This agent takes no tasks: it has no onTask.');
    }
    const task = taskFromWire(request);
    const taskContext = new TaskContext(parts, task, signal);
    return runInTask({ id: task.id, signal }, () => agent.onTask?.(task, taskContext));
  }

  #handleMessage(message: wire.AgentMessage): wire.MessageAck | Promise<wire.MessageAck> {
    const started = this.#started;
    if (started !== undefined) return handOver(started, message);
    return this.#ready.promise.then((late) => handOver(late, message));
  }

  /** M11 */
  #isKept(message: wire.AgentMessage): boolean {
    const agent = this.#started?.agent;
    const isReader = agent?.receives === true && agent.onMessage === undefined;
    return isReader && isOrdinary(message);
  }

  #heartbeat(): wire.HeartbeatResponse {
    return {
      state: numberOf(STATES, this.#tasks.count > 0 ? 'running' : 'idle'),
      contextUsagePercent: this.#contextPercent,
      tokensConsumed: processMeter.totalTokens,
      activeChildren: 0,
      currentTaskId: this.#tasks.currentId,
    };
  }

  get #contextPercent(): number {
    if (this.#contextTokensMax <= 0) return 0;
    return Math.min(100, (100 * processMeter.lastCallTokens) / this.#contextTokensMax);
  }

  #interrupt(request: wire.InterruptRequest): wire.InterruptResponse {
    const acknowledged = this.#tasks.cancel(request.taskId, request.reason);
    return { acknowledged, partialResult: undefined };
  }

  #dump(): Promise<string> {
    const waits = [...this.#port.waits.all, ...modelWaits.all];
    return dumpJson({ started: this.#started, tasks: this.#tasks.all, waits });
  }

  async #shutdown(request: wire.ShutdownRequest): Promise<wire.ShutdownResponse> {
    const seconds = request.gracePeriodSeconds;
    const askedMs = seconds === 0 ? DEFAULT_GRACE_MS : seconds * MS_PER_SECOND;
    const graceMs = Math.min(askedMs, GRACE_MS_MAX);
    this.abort('the process is stopping');
    await within(this.#tasks.settled(), graceMs * TASKS_GRACE_SHARE);
    try {
      const reason = wordOf(SHUTDOWN_REASONS, request.reason);
      const saved = await within(this.#saveState(reason), graceMs * SHUTDOWN_GRACE_SHARE);
      this.#end(0);
      return { stateSnapshot: saved ?? new Uint8Array(), partialResult: undefined };
    } catch (error) {
      console.error(`error: onShutdown failed: ${messageOf(error)}`);
      this.#end(EXIT_FAILED_SHUTDOWN);
      return { stateSnapshot: new Uint8Array(), partialResult: undefined };
    }
  }

  async #saveState(reason: ShutdownReason): Promise<Uint8Array | undefined> {
    if (this.#started === undefined) return undefined;
    const { agent, context } = this.#started;
    const saved = await agent.onShutdown?.(reason, context);
    return saved === undefined ? undefined : bytesOf(saved);
  }

  /** In a later turn, so that the answer under way is with the link by then. */
  #end(exitCode: number): void {
    setImmediate(() => this.#options.onEnd(exitCode));
  }
}

const deliverAnswer = (value: wire.MessageAck): AnswerBody => ({ $case: 'deliver', value });

function bindsContext(agent: AgentHandlers): agent is AgentHandlers & BindsContext {
  return BIND_CONTEXT in agent;
}

// The context: who the agent is, and every syscall as a typed call. The same in onInit, onMessage
// and onShutdown; `TaskContext` adds the task that the calls are made for. The calls about
// processes are in lifecycle.ts and tree.ts, those about messages in mail.ts and topics.ts.
//   C1. What follows the cancelling of a task, and what does not: see caller.ts.
//   C2. A call resolves when its effect is durable; it rejects with a HiveError.
//   C3. No report of progress ends a silence that is declared (Q1 of quiet-times.ts).
import type { agent as wire } from '@hivekernel/protocol';
import { patience } from '../deadline.ts';
import type { CallOptions } from '../deadline.ts';
import { HiveError, messageOf } from '../hive-error.ts';
import type { MailDesk } from '../host/mail-desk.ts';
import type { KernelPort } from '../kernel-port.ts';
import { resultFromWire, textValues } from '../task.ts';
import type { Task, TaskResult } from '../task.ts';
import { ROLES, TIERS, wordOf } from '../words.ts';
import type { Role, Tier } from '../words.ts';
import { Artifacts } from './artifacts.ts';
import { Caller, refuseIf } from './caller.ts';
import type { OnExit } from './lifecycle.ts';
import { Log } from './log.ts';
import { Pipe } from './pipe.ts';
import type { PipeOptions } from './pipe.ts';
import { limitsFromWire, toolFromWire, usageFromWire } from './process-info.ts';
import type { Limits, Tool, Usage } from './process-info.ts';
import type { PullGround } from './pull-loop.ts';
import type { QuietTimes } from './quiet-times.ts';
import { escalateToWire, taskToWire, USD_MICROS } from './requests.ts';
import type { EscalateOptions, TaskOptions } from './requests.ts';
import { TopicCalls } from './topics.ts';

export interface AgentConfig {
  readonly name: string;
  readonly systemPrompt: string;
  readonly model: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Escalation {
  /** 0: nobody. */
  readonly handledBy: number;
  readonly response: string;
}

export interface ContextParts {
  readonly port: KernelPort;
  readonly init: wire.InitRequest;
  /** Fires when the process is to end. */
  readonly signal: AbortSignal;
  readonly onExit: OnExit;
  /** Of the whole process. */
  readonly quiet: QuietTimes;
  /** Of the whole process. */
  readonly desk: MailDesk;
}

const STATE_METADATA = 'hivekernel.state';
/** Half of what a task may be without progress by default. */
const QUIET_FROM_MS = 30_000;
const QUIET_MS_MAX = 24 * 3_600_000;

export class Context extends TopicCalls {
  readonly pid: number;
  readonly ppid: number;
  readonly user: string;
  readonly role: Role;
  readonly tier: Tier;
  readonly name: string;
  /** Durable name in the tree: `/king/queen/lead-1`. */
  readonly address: string;
  readonly model: string;
  readonly config: AgentConfig;
  readonly limits: Limits;
  readonly tools: readonly Tool[];
  /** What the spawn request put into the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Fires when the process is to end; in a task also when the task is to stop. */
  readonly signal: AbortSignal;
  readonly artifacts: Artifacts;
  readonly log: Log;
  protected readonly quiet: QuietTimes;
  readonly #taskId: string;

  constructor(parts: ContextParts, task?: { readonly id: string; readonly signal: AbortSignal }) {
    const { init, onExit, desk } = parts;
    super(new Caller(parts.port, task), { pid: init.pid, onExit, desk });
    this.pid = init.pid;
    this.ppid = init.ppid;
    this.user = init.user;
    this.role = wordOf(ROLES, init.role);
    this.tier = wordOf(TIERS, init.cognitiveTier);
    this.config = init.config ?? { name: '', systemPrompt: '', model: '', metadata: {} };
    this.name = this.config.name;
    this.address = this.config.metadata['address'] ?? '';
    this.model = this.config.model;
    this.limits = limitsFromWire(init.limits);
    this.tools = init.tools.map(toolFromWire);
    this.env = init.env;
    this.signal = task?.signal ?? parts.signal;
    this.quiet = parts.quiet;
    this.#taskId = task?.id ?? '';
    this.artifacts = new Artifacts(this.caller);
    this.log = new Log(this.caller);
  }

  /**
   * What the incarnation before this one left: its last `checkpoint`, or what its `onShutdown`
   * returned. Bytes as they were, text as UTF-8, other values as JSON. `undefined`: it left none.
   */
  get savedState(): Uint8Array | undefined {
    const base64 = this.config.metadata[STATE_METADATA];
    return base64 === undefined ? undefined : new Uint8Array(Buffer.from(base64, 'base64'));
  }

  /** The saved state read as UTF-8. */
  savedText(): string | undefined {
    const state = this.savedState;
    return state === undefined ? undefined : new TextDecoder().decode(state);
  }

  /**
   * The saved state read as JSON; it is not checked against the type that you name. Throws
   * `SyntaxError` when it is none.
   */
  savedJson<State = unknown>(): State | undefined {
    const text = this.savedText();
    return text === undefined ? undefined : (JSON.parse(text) as State);
  }

  /**
   * Runs a task on a child and resolves to its result, whose exit code may be non-zero. Throws what
   * the child's failure says, with the result that there is on the error. Cancelling stops it.
   */
  async executeOn(pid: number, task: TaskOptions, options?: CallOptions): Promise<TaskResult> {
    const value = { targetPid: pid, task: taskToWire(task, this.#taskId) };
    const reply = await this.caller.call('executeOn', value, { ...options, follows: 'always' });
    const result = resultFromWire(reply.result);
    if (reply.success) return result;
    // Without a code no rule was broken: the agent said itself that it failed.
    const code = reply.errorCode === '' ? 'task_failed' : reply.errorCode;
    const message = reply.error === '' ? `The task failed on process ${pid}.` : reply.error;
    throw new HiveError(code, message, { result: reply.result && result });
  }

  /** Tells the parent of what this agent cannot solve; resolves when somebody took it. */
  async escalate(issue: string, options: EscalateOptions & CallOptions = {}): Promise<Escalation> {
    const value = escalateToWire(issue, options);
    const follows = 'always';
    const reply = await this.caller.call('escalate', value, { ...patience(options), follows });
    refuseIf(!reply.received, { error: reply.response, errorCode: reply.errorCode });
    return { handledBy: reply.handledByPid, response: reply.response };
  }

  /**
   * Opens this side of the pipe to a child, or to the parent (`ctx.ppid`): bytes both ways, in
   * order, and a slow reader slows the writer. Close it, or declare it with `await using`. Throws
   * `permission_denied` for anybody else, `wrong_state` for one that does not run, and `conflict`
   * where it is open already.
   */
  pipe(pid: number, options: PipeOptions = {}): Promise<Pipe> {
    const { caller, signal } = this;
    const patiently = (work: () => Promise<void>): Promise<void> => this.patiently(undefined, work);
    return Pipe.open({ caller, signal, patiently }, pid, options);
  }

  async usage(options?: CallOptions): Promise<Usage> {
    return usageFromWire(await this.caller.call('usage', {}, options));
  }

  /**
   * Moves so many tokens of this process's tier from its parent's budget to its own, in full.
   * Rejects with `budget_exhausted` where the parent has less.
   */
  async requestTokens(amount: number, why: string, options?: CallOptions): Promise<void> {
    await this.requestResources({ resource: 'tokens', amount, why }, options);
  }

  /** The same of tokens, or of US dollars down to a millionth. */
  async requestResources(
    wish: { readonly resource: 'tokens' | 'usd'; readonly amount: number; readonly why: string },
    options?: CallOptions,
  ): Promise<void> {
    const isUsd = wish.resource === 'usd';
    const value = {
      resourceType: isUsd ? 'usd_micros' : 'tokens',
      amount: isUsd ? Math.round(wish.amount * USD_MICROS) : wish.amount,
      justification: wish.why,
    };
    const reply = await this.caller.call('requestResources', value, options);
    refuseIf(!reply.granted, { error: reply.reason, errorCode: reply.errorCode });
  }

  /** Reports a figure; `tokens_consumed` is charged to this process. */
  async metric(
    name: string,
    value: number,
    options: { readonly labels?: Readonly<Record<string, string>> } & CallOptions = {},
  ): Promise<void> {
    const labels = textValues(options.labels);
    await this.caller.call('metric', { name, value, labels }, patience(options));
  }

  /** Stops a task of a child (or one's own), not its process; without `taskId` all of them. */
  async interrupt(
    pid: number,
    options: { readonly taskId?: string; readonly reason?: string } & CallOptions = {},
  ): Promise<void> {
    const { taskId = '', reason = '' } = options;
    await this.caller.call('interrupt', { targetPid: pid, taskId, reason }, patience(options));
  }

  /**
   * Says how far the work is: 0 to 100, `undefined` for unknown. Observers see it at once; it is
   * not kept, so it never rejects.
   */
  async progress(percent: number | undefined, message = '', options?: CallOptions): Promise<void> {
    try {
      await this.declareProgress({ percent, message }, options);
    } catch (error) {
      console.error(`progress refused (${messageOf(error)}): ${message}`);
    }
  }

  /** With the silence that is declared at this moment (C3). */
  protected async declareProgress(
    { percent = -1, message = '' }: { percent?: number | undefined; message?: string },
    options?: CallOptions,
  ): Promise<void> {
    const value = { percent, message, quietMs: this.quiet.remainingMs };
    await this.caller.call('progress', value, options);
  }
}

/** The context of one task: its calls carry the task's id, and end with it (C1). */
export class TaskContext extends Context {
  readonly task: Task;

  constructor(parts: ContextParts, task: Task, signal: AbortSignal) {
    super(parts, { id: task.id, signal });
    this.task = task;
  }

  /**
   * Runs work during which this task may show no progress for so long, and is not taken for hung
   * (S6): a compiler, a download, a long tool. At most a day; when the work is over, the silence is
   * too. Gives what the work gives; the time is a promise to the kernel, it ends nothing.
   */
  async quietly<T>(maxMs: number, work: () => T | Promise<T>, options?: CallOptions): Promise<T> {
    if (!(maxMs > 0)) {
      throw new HiveError('invalid_argument', `A silence of ${maxMs} ms is none.`);
    }
    const end = this.quiet.begin(maxMs);
    try {
      await this.declareProgress({}, options);
      return await work();
    } finally {
      end();
      await this.progress(undefined);
    }
  }

  /** C1: who waits for the task is told that it was cancelled. */
  protected override loopSignals(
    asked: AbortSignal | undefined,
  ): Pick<PullGround, 'ends' | 'cancels'> {
    return { ends: asked, cancels: this.waitSignal(undefined) };
  }

  /** S6: a short wait is no silence yet. */
  protected override async patiently<T>(
    maxMs: number | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    if (maxMs !== undefined && maxMs < QUIET_FROM_MS) return work();
    return this.quietly(Math.min(maxMs ?? QUIET_MS_MAX, QUIET_MS_MAX), work);
  }
}

// The context: who the agent is, and every syscall as a typed call. The same in onInit, onMessage
// and onShutdown; `TaskContext` adds the task that the calls are made for.
//   C1. What follows the cancelling of a task, and what does not: see caller.ts.
//   C2. A call resolves when its effect is durable; it rejects with a HiveError.
import type { agent as wire } from '@hivekernel/protocol';
import type { CallOptions } from '../deadline.ts';
import { wireSeconds } from '../deadline.ts';
import { HiveError, messageOf } from '../hive-error.ts';
import type { KernelPort } from '../kernel-port.ts';
import { resultFromWire, textValues } from '../task.ts';
import type { Task, TaskResult } from '../task.ts';
import { numberOf, ROLES, STATES, TIERS, wordOf } from '../words.ts';
import type { ProcessState, Role, Tier } from '../words.ts';
import { Artifacts } from './artifacts.ts';
import { Caller, refuseIf } from './caller.ts';
import { Log } from './log.ts';
import { Message } from './message.ts';
import {
  infoFromWire,
  limitsFromWire,
  siblingFromWire,
  toolFromWire,
  usageFromWire,
} from './process-info.ts';
import type { Limits, ProcessInfo, Sibling, Tool, Usage } from './process-info.ts';
import { escalateToWire, killToWire, sendToWire, spawnToWire, taskToWire } from './requests.ts';
import type {
  EscalateOptions,
  KillOptions,
  SendOptions,
  SpawnOptions,
  TaskOptions,
} from './requests.ts';

export interface AgentConfig {
  readonly name: string;
  readonly systemPrompt: string;
  readonly model: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** How a child ended. */
export interface ChildExit {
  readonly pid: number;
  /** -1: killed. */
  readonly exitCode: number;
  readonly output: string;
  readonly cause: string;
}

export interface Inbox {
  readonly messages: readonly Message[];
  /** How many wait in all. */
  readonly total: number;
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
  /** Ends the process after the kernel has taken its result. */
  readonly onExit: (exitCode: number) => void;
}

export interface ChildrenOptions extends CallOptions {
  readonly recursive?: boolean | undefined;
  readonly state?: ProcessState | undefined;
}

const STATE_METADATA = 'hivekernel.state';

export class Context {
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
  readonly #onExit: ContextParts['onExit'];
  readonly #caller: Caller;
  readonly #taskId: string;

  constructor(parts: ContextParts, task?: { readonly id: string; readonly signal: AbortSignal }) {
    const { init } = parts;
    this.#onExit = parts.onExit;
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
    this.#taskId = task?.id ?? '';
    this.#caller = new Caller(parts.port, task);
    this.artifacts = new Artifacts(this.#caller);
    this.log = new Log(this.#caller);
  }

  /** What `onShutdown` of the process before this one returned, if the kernel kept it. */
  get savedState(): Uint8Array | undefined {
    const base64 = this.config.metadata[STATE_METADATA];
    return base64 === undefined ? undefined : new Uint8Array(Buffer.from(base64, 'base64'));
  }

  /** Starts a child; resolves to its pid once it is ready. Throws `start_failed` when it is not. */
  async spawn(spawn: SpawnOptions, options?: CallOptions): Promise<number> {
    const follows = 'always';
    const reply = await this.#caller.call('spawn', spawnToWire(spawn), { ...options, follows });
    refuseIf(!reply.success, reply);
    return reply.childPid;
  }

  /** Resolves to the pids that it killed, the target last. A dead target is no error. */
  async kill(pid: number, options: KillOptions & CallOptions = {}): Promise<readonly number[]> {
    const reply = await this.#caller.call('kill', killToWire(pid, options), patience(options));
    refuseIf(!reply.success, reply);
    return reply.killedPids;
  }

  /** Ends this process with a result. Never returns: the process is gone. */
  async exit(
    result: { readonly exitCode?: number; readonly output?: string } = {},
    options?: CallOptions,
  ): Promise<never> {
    const { exitCode = 0, output = '' } = result;
    await this.#caller.call('exit', { exitCode, output }, options);
    this.#onExit(exitCode);
    return new Promise<never>(() => {});
  }

  /**
   * Waits for a child's end and collects it. Throws `timed_out`; without `timeoutMs` the kernel
   * waits for its own default, 60 s.
   */
  async waitChild(pid: number, options: CallOptions = {}): Promise<ChildExit> {
    const value = { targetPid: pid, timeoutSeconds: wireSeconds(options.timeoutMs) };
    const follows = 'unless-cancelled-before';
    const reply = await this.#caller.call('waitChild', value, { ...options, follows });
    refuseIf(!reply.success, reply);
    const { exitCode, output, cause } = reply;
    return { pid: reply.pid, exitCode, output, cause };
  }

  /** Of this process by default. Throws `not_found`, `permission_denied`. */
  async info(pid = 0, options?: CallOptions): Promise<ProcessInfo> {
    return infoFromWire(await this.#caller.call('info', { pid }, options));
  }

  /** Those of this process; with `recursive` all its descendants. */
  async children(options: ChildrenOptions = {}): Promise<readonly ProcessInfo[]> {
    const { recursive = false, state } = options;
    // On the wire 0 (idle) means every state, so the filter is applied here as well.
    const filterState = state === undefined ? 0 : numberOf(STATES, state);
    const value = { recursive, filterState };
    const reply = await this.#caller.call('listChildren', value, patience(options));
    const all = reply.children.map(infoFromWire);
    return state === undefined ? all : all.filter((child) => child.state === state);
  }

  async siblings(options?: CallOptions): Promise<readonly Sibling[]> {
    const reply = await this.#caller.call('listSiblings', {}, options);
    return reply.siblings.map(siblingFromWire);
  }

  /** Resolves to the message's id once it is durable: it will not be lost. */
  async send(message: SendOptions, options?: CallOptions): Promise<string> {
    const reply = await this.#caller.call('send', sendToWire(message), options);
    refuseIf(!reply.delivered, reply);
    return reply.messageId;
  }

  /** What waits in an inbox, in the order of delivery, without taking it. */
  async inbox(pid = 0, options?: CallOptions): Promise<Inbox> {
    const reply = await this.#caller.call('listInbox', { pid }, options);
    const messages = reply.messages.map((message) => this.messageFromWire(message));
    return { messages, total: reply.total };
  }

  /**
   * Runs a task on a child and resolves to its result, whose exit code may be non-zero. Throws what
   * the child's failure says, with the result that there is on the error. Cancelling stops it.
   */
  async executeOn(pid: number, task: TaskOptions, options?: CallOptions): Promise<TaskResult> {
    const value = { targetPid: pid, task: taskToWire(task, this.#taskId) };
    const reply = await this.#caller.call('executeOn', value, { ...options, follows: 'always' });
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
    const reply = await this.#caller.call('escalate', value, { ...patience(options), follows });
    refuseIf(!reply.received, { error: reply.response, errorCode: reply.errorCode });
    return { handledBy: reply.handledByPid, response: reply.response };
  }

  async usage(options?: CallOptions): Promise<Usage> {
    return usageFromWire(await this.#caller.call('usage', {}, options));
  }

  /** Reports a figure; `tokens_consumed` is charged to this process. */
  async metric(
    name: string,
    value: number,
    options: { readonly labels?: Readonly<Record<string, string>> } & CallOptions = {},
  ): Promise<void> {
    const labels = textValues(options.labels);
    await this.#caller.call('metric', { name, value, labels }, patience(options));
  }

  /** Stops a task of a child (or one's own), not its process; without `taskId` all of them. */
  async interrupt(
    pid: number,
    options: { readonly taskId?: string; readonly reason?: string } & CallOptions = {},
  ): Promise<void> {
    const { taskId = '', reason = '' } = options;
    await this.#caller.call('interrupt', { targetPid: pid, taskId, reason }, patience(options));
  }

  /**
   * Says how far the work is: 0 to 100, `undefined` for unknown. Observers see it at once; it is
   * not kept, so it never rejects.
   */
  async progress(percent: number | undefined, message = '', options?: CallOptions): Promise<void> {
    try {
      await this.#caller.call('progress', { percent: percent ?? -1, message }, options);
    } catch (error) {
      console.error(`progress refused (${messageOf(error)}): ${message}`);
    }
  }

  /** For the runner: a wire message with its way back. */
  messageFromWire(message: wire.AgentMessage): Message {
    return new Message(message, (reply) => this.send({ ...reply, type: 'reply' }));
  }
}

/** The context of one task: its calls carry the task's id, and end with it (C1). */
export class TaskContext extends Context {
  readonly task: Task;

  constructor(parts: ContextParts, task: Task, signal: AbortSignal) {
    super(parts, { id: task.id, signal });
    this.task = task;
  }
}

/** The waiting part of options that hold more. */
function patience({ signal, timeoutMs }: CallOptions): CallOptions {
  return { signal, timeoutMs };
}

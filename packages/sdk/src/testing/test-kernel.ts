// TestKernel: runs agents in memory, for unit tests of agents. The link and the host are the real
// ones; the kernel behind them is a table that answers every call and keeps no rules: no rights, no
// budgets, no limits, no journal. What depends on those is tested against a daemon.
//   The test itself acts as the king, pid 1.
import type { agent as wire } from '@hivekernel/protocol';
import type { IncomingCall, ReplyBody } from '@hivekernel/protocol/link';
import type { AgentClass, AgentHandlers } from '../agent.ts';
import type { ChildExit } from '../context/context.ts';
import { spawnToWire, taskToWire } from '../context/requests.ts';
import type { SpawnOptions, TaskOptions } from '../context/requests.ts';
import { asHiveError, HiveError } from '../hive-error.ts';
import { loadAgent } from '../image.ts';
import { resultFromWire } from '../task.ts';
import type { TaskResult } from '../task.ts';
import { numberOf, RELATIONS, SHUTDOWN_REASONS } from '../words.ts';
import { ArtifactShelf } from './artifact-shelf.ts';
import { TestProcess } from './test-process.ts';

export interface TestKernelOptions {
  /** Images of the test; others are loaded as the runner would. */
  readonly images?: Readonly<Record<string, AgentClass | AgentHandlers>>;
  /** Put into every process's environment: `OPENAI_BASE_URL` and the like. */
  readonly env?: Readonly<Record<string, string>>;
  /** Against which relative images are resolved. Default: the current directory. */
  readonly projectDir?: string;
}

export interface SeenCall {
  readonly pid: number;
  readonly taskId: string;
  readonly kind: string;
  readonly value: unknown;
}

export interface SeenMessage {
  readonly to: number;
  readonly from: number;
  readonly type: string;
  readonly text: string;
  readonly replyTo: string;
}

const KING = 1;
const DONE: ReplyBody = { $case: 'done', value: {} };

export class TestKernel {
  readonly artifacts = new ArtifactShelf();
  /** Every call, in the order of arrival. */
  readonly calls: SeenCall[] = [];
  /** What reached the king. */
  readonly toKing: SeenMessage[] = [];
  readonly #options: TestKernelOptions;
  readonly #processes = new Map<number, TestProcess>();
  /** Aborts what an open call waits for. */
  readonly #cancels = new WeakMap<IncomingCall, AbortController>();
  #lastPid = KING;
  #lastId = 0;

  constructor(options: TestKernelOptions = {}) {
    this.#options = options;
  }

  get processes(): readonly TestProcess[] {
    return [...this.#processes.values()];
  }

  /** Throws `start_failed` with what the agent said. */
  async spawn(options: SpawnOptions, parent = KING): Promise<number> {
    return this.#spawn(spawnToWire(options), parent);
  }

  /** Throws what the task failed with, the result on the error. */
  async execute(pid: number, task: TaskOptions | string): Promise<TaskResult> {
    const options = typeof task === 'string' ? { description: task } : task;
    const answer = await this.#execute(pid, taskToWire(options, ''));
    const result = resultFromWire(answer.result);
    if (!answer.completed) throw new HiveError('task_failed', answer.error, { result });
    return result;
  }

  /** Resolves to the receiver's acknowledgement. */
  deliver(pid: number, message: Partial<wire.AgentMessage>): Promise<wire.MessageAck> {
    const full = {
      messageId: this.#id('m'),
      fromPid: KING,
      fromName: 'king',
      relation: numberOf(RELATIONS, 'parent'),
      type: 'message',
      priority: 2,
      payload: new Uint8Array(),
      timestamp: 0,
      requiresAck: false,
      replyTo: '',
      ...message,
    } as const;
    return this.process(pid).session.request('deliver', full, { pid });
  }

  process(pid: number): TestProcess {
    const process = this.#processes.get(pid);
    if (process === undefined) throw new HiveError('not_found', `There is no process ${pid}.`);
    return process;
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.#killAll(this.processes.filter(({ ppid }) => ppid === KING).map(({ pid }) => pid));
  }

  async #spawn(spawn: wire.SpawnRequest, ppid: number): Promise<number> {
    this.#lastPid += 1;
    const pid = this.#lastPid;
    const { env = {} } = this.#options;
    const process = new TestProcess({
      pid,
      ppid,
      spawn,
      env,
      agent: this.#load(spawn.runtimeImage),
      onCall: (call) => void this.#answer(call), // answers its own errors
      onCancel: (call) => this.#cancels.get(call)?.abort(),
    });
    this.#processes.set(pid, process);
    const init = await process.start();
    if (init.ready) return pid;
    this.#processes.delete(pid);
    throw new HiveError('start_failed', init.error);
  }

  async #load(image: string): Promise<AgentHandlers> {
    const given = this.#options.images?.[image];
    if (given === undefined) return loadAgent(image, this.#options.projectDir ?? process.cwd());
    return typeof given === 'function' ? new given() : given;
  }

  #execute(pid: number, task: wire.TaskRequest) {
    const target = this.process(pid);
    if (!target.isAlive) throw new HiveError('wrong_state', `Process ${pid} has ended.`);
    const died = target.ended.then(() => {
      throw new HiveError('unavailable', `Process ${pid} ended in the middle of its task.`);
    });
    return Promise.race([target.execute({ ...task, taskId: task.taskId || this.#id('t') }), died]);
  }

  #id(prefix: string): string {
    this.#lastId += 1;
    return `${prefix}${this.#lastId}`;
  }

  async #answer(call: IncomingCall): Promise<void> {
    const { pid, taskId, body } = call;
    this.calls.push({ pid, taskId, kind: body.$case, value: body.value });
    const cancel = new AbortController();
    this.#cancels.set(call, cancel);
    try {
      call.reply(await this.#run(call, cancel.signal));
    } catch (error) {
      const { code, message } = asHiveError(error);
      call.fail(code, message);
    }
  }

  async #run({ pid, body }: IncomingCall, cancelled: AbortSignal): Promise<ReplyBody> {
    switch (body.$case) {
      case 'spawn': {
        const childPid = await this.#spawn(body.value, pid);
        return { $case: 'spawn', value: { success: true, childPid, error: '', errorCode: '' } };
      }
      case 'kill': {
        const { targetPid, recursive, reason } = body.value;
        const killedPids = await this.#kill(targetPid, { recursive, reason });
        return { $case: 'kill', value: { success: true, killedPids, error: '', errorCode: '' } };
      }
      case 'exit': {
        const process = this.process(pid);
        process.output = body.value.output;
        return DONE;
      }
      case 'waitChild': {
        const exit = await untilAborted(this.process(body.value.targetPid).ended, cancelled);
        return { $case: 'waitChild', value: { ...waitReply(exit), success: true } };
      }
      case 'info':
        return { $case: 'info', value: this.#info(body.value.pid || pid) };
      case 'listChildren': {
        const pids = this.#descendants(pid, body.value.recursive);
        return { $case: 'listChildren', value: { children: pids.map((one) => this.#info(one)) } };
      }
      case 'listSiblings': {
        const { ppid } = this.process(pid);
        const others = this.processes.filter((one) => one.ppid === ppid && one.pid !== pid);
        return { $case: 'listSiblings', value: { siblings: others.map((one) => one.sibling()) } };
      }
      case 'send':
        return { $case: 'send', value: this.#send(body.value, pid) };
      case 'listInbox': {
        const { inbox } = this.process(body.value.pid || pid);
        return { $case: 'listInbox', value: { messages: inbox, total: inbox.length } };
      }
      case 'store':
        return { $case: 'store', value: this.artifacts.put(body.value, pid) };
      case 'getArtifact':
        return { $case: 'getArtifact', value: this.artifacts.get(body.value) };
      case 'listArtifacts':
        return { $case: 'listArtifacts', value: { artifacts: this.artifacts.list(body.value) } };
      case 'executeOn':
        return { $case: 'executeOn', value: await this.#executeOn(body.value, cancelled) };
      case 'escalate': {
        const value = { received: true, handledByPid: KING, response: '', errorCode: '' };
        return { $case: 'escalate', value };
      }
      case 'usage':
        return { $case: 'usage', value: NO_USAGE };
      case 'interrupt': {
        const { targetPid, ...request } = body.value;
        await this.process(targetPid).session.request('interrupt', request, { pid: targetPid });
        return DONE;
      }
      case 'log':
      case 'progress':
      case 'metric':
        return DONE;
      default:
        throw new HiveError('unimplemented', `The test kernel does not know ${body.$case}.`);
    }
  }

  async #executeOn(
    request: wire.ExecuteOnRequest,
    cancelled: AbortSignal,
  ): Promise<wire.ExecuteOnResponse> {
    const task = {
      ...(request.task ?? taskToWire({ description: '' }, '')),
      taskId: this.#id('t'),
    };
    const pid = request.targetPid;
    const onCancel = (): void => {
      const { session } = this.process(pid);
      const interrupt = { taskId: task.taskId, reason: 'the caller gave it up' };
      session.request('interrupt', interrupt, { pid }).catch(() => undefined);
    };
    cancelled.addEventListener('abort', onCancel, { once: true });
    const { completed, result, error } = await this.#execute(pid, task);
    return { success: completed, result, error, errorCode: '' };
  }

  #send(request: wire.SendMessageRequest, from: number): wire.SendMessageResponse {
    const messageId = this.#id('m');
    const { toPid: to, type, payload, replyTo, priority, requiresAck } = request;
    if (to === KING) {
      this.toKing.push({ to, from, type, text: new TextDecoder().decode(payload), replyTo });
    } else {
      const fromName = this.process(from).spawn.name;
      const message = { messageId, fromPid: from, fromName, type, payload, replyTo };
      const target = this.process(to);
      if (!target.isAlive) throw new HiveError('wrong_state', `Process ${to} has ended.`);
      // Nothing is tried again here.
      void this.deliver(to, { ...message, priority, requiresAck }).catch(() => undefined);
    }
    return { delivered: true, messageId, error: '', errorCode: '' };
  }

  #info(pid: number) {
    return this.process(pid).info(this.#descendants(pid, false).length);
  }

  #descendants(pid: number, isRecursive: boolean): number[] {
    const own = this.processes.filter((one) => one.ppid === pid).map((one) => one.pid);
    return isRecursive ? own.flatMap((one) => [one, ...this.#descendants(one, true)]) : own;
  }

  async #kill(
    pid: number,
    how: { recursive: boolean; reason: wire.ShutdownReason },
  ): Promise<number[]> {
    const target = this.process(pid);
    const below = how.recursive ? this.#descendants(pid, true).toReversed() : [];
    for (const one of below) await this.process(one).kill(how.reason);
    await target.kill(how.reason);
    return [...below, pid];
  }

  async #killAll(pids: readonly number[]): Promise<void> {
    const reason = numberOf(SHUTDOWN_REASONS, 'normal');
    await Promise.all(pids.map((pid) => this.#kill(pid, { recursive: true, reason })));
  }
}

const NO_USAGE = {
  tokensConsumed: 0,
  tokensRemaining: 0,
  childrenActive: 0,
  childrenMax: 0,
  contextUsagePercent: 0,
  uptimeSeconds: 0,
};

function waitReply(exit: ChildExit): Omit<wire.WaitChildResponse, 'success'> {
  return { ...exit, error: '', errorCode: '' };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new HiveError('cancelled', 'The call was given up.'));
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject);
  });
}

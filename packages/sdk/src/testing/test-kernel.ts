// TestKernel: runs agents in memory, for unit tests of agents. The link and the host are the real
// ones; the kernel behind them is a table that answers every call and keeps no rules: no rights, no
// budgets, no limits, no restart policies, no watchdog, no journal. What depends on those is tested
// against a daemon. Only pipes, queues and topics have their rules here too (test-pipes.ts,
// test-exchange.ts).
//   The test itself acts as the king, pid 1.
import type { agent as wire } from '@hivekernel/protocol';
import type { IncomingCall } from '@hivekernel/protocol/link';
import type { AgentClass, AgentHandlers } from '../agent.ts';
import { signalToWire, spawnToWire, taskToWire } from '../context/requests.ts';
import type { SignalOptions, SpawnOptions, TaskOptions } from '../context/requests.ts';
import { Caller } from '../context/caller.ts';
import { Pipe } from '../context/pipe.ts';
import type { PipeOptions } from '../context/pipe.ts';
import { asHiveError, HiveError } from '../hive-error.ts';
import type { HiveErrorDetails } from '../hive-error.ts';
import type { CallValue, KernelCallOptions, PlainCase, ReplyValueOf } from '../kernel-port.ts';
import { loadAgent } from '../image.ts';
import { resultFromWire } from '../task.ts';
import type { TaskResult } from '../task.ts';
import type { SignalName } from '../words.ts';
import { ArtifactShelf } from './artifact-shelf.ts';
import { answerCall } from './test-answers.ts';
import type { SeenMessage, TestGround } from './test-answers.ts';
import type { TestProcess } from './test-process.ts';
import { TestKing } from './test-king.ts';
import { KING, TestTable } from './test-table.ts';
import type { TestMessage } from './test-table.ts';

export type { SeenMessage } from './test-answers.ts';

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

export class TestKernel {
  readonly artifacts = new ArtifactShelf();
  /** Every call, in the order of arrival. */
  readonly calls: SeenCall[] = [];
  /** What reached the king. */
  readonly toKing: SeenMessage[] = [];
  /** The calls of a context, as the king: `kernel.king.queue('jobs').send('…')`. */
  readonly king = new TestKing({
    call: (kind, value, how) => this.#callAsKing(kind, value, how),
  });
  readonly #options: TestKernelOptions;
  readonly #table: TestTable;
  /** Aborts what an open call waits for. */
  readonly #cancels = new WeakMap<IncomingCall, AbortController>();

  constructor(options: TestKernelOptions = {}) {
    this.#options = options;
    this.#table = new TestTable({
      env: options.env ?? {},
      load: (image) => this.#load(image),
      onCall: (call) => void this.#answer(call), // answers its own errors
      onCancel: (call) => this.#cancels.get(call)?.abort(),
      onKingsMail: (message) => this.#onKingsMail(message),
    });
  }

  get processes(): readonly TestProcess[] {
    return this.#table.all;
  }

  /** Throws `start_failed` with what the agent said. */
  async spawn(options: SpawnOptions, parent = KING): Promise<number> {
    return this.#table.spawn(spawnToWire(options), parent);
  }

  /** Throws what the task failed with, the result on the error. */
  async execute(pid: number, task: TaskOptions | string): Promise<TaskResult> {
    const options = typeof task === 'string' ? { description: task } : task;
    const taskId = this.#table.id('t');
    const answer = await this.#table.execute(pid, { ...taskToWire(options, ''), taskId });
    const result = resultFromWire(answer.result);
    if (!answer.completed) throw new HiveError('task_failed', answer.error, { result });
    return result;
  }

  /** Resolves to the receiver's acknowledgement. */
  deliver(pid: number, message: Partial<wire.AgentMessage>): Promise<wire.MessageAck> {
    return this.#table.deliver(pid, message);
  }

  /** As `ctx.pipe` of the king: the other end of what its child opens to `ctx.ppid`. */
  pipe(pid: number, options: PipeOptions = {}): Promise<Pipe> {
    const caller = new Caller({ call: (kind, value, how) => this.#callAsKing(kind, value, how) });
    const { signal } = new AbortController();
    return Pipe.open({ caller, signal, patiently: (work) => work() }, pid, options);
  }

  /** As `ctx.sendSignal` of the king. USR1: see `dump`. */
  async signal(pid: number, signal: SignalName, options: SignalOptions = {}): Promise<void> {
    await this.#table.signal(pid, signalToWire(pid, signal, options));
  }

  /** What a process knows of itself, as USR1 would write it. */
  async dump(pid: number): Promise<unknown> {
    return JSON.parse(await this.#table.dump(pid)) as unknown;
  }

  process(pid: number): TestProcess {
    return this.#table.find(pid);
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    this.king.stop();
    await this.#table.stop();
  }

  async #callAsKing<Case extends PlainCase>(
    kind: Case,
    value: CallValue<Case>,
    { signal }: KernelCallOptions = {},
  ): Promise<ReplyValueOf<Case>> {
    const cancelled = signal ?? new AbortController().signal;
    const by = { pid: KING, taskId: '', cancelled };
    const reply = await answerCall(this.#ground, { $case: kind, value }, by);
    return reply.value as ReplyValueOf<Case>;
  }

  get #ground(): TestGround {
    return { table: this.#table, artifacts: this.artifacts };
  }

  #onKingsMail({ fromPid: from = 0, type = '', payload, replyTo = '' }: TestMessage): void {
    const text = new TextDecoder().decode(payload);
    this.toKing.push({ to: KING, from, type, text, replyTo });
  }

  async #load(image: string): Promise<AgentHandlers> {
    const given = this.#options.images?.[image];
    if (given === undefined) return loadAgent(image, this.#options.projectDir ?? process.cwd());
    return typeof given === 'function' ? new given() : given;
  }

  async #answer(call: IncomingCall): Promise<void> {
    const { pid, taskId, body } = call;
    this.calls.push({ pid, taskId, kind: body.$case, value: body.value });
    const cancel = new AbortController();
    this.#cancels.set(call, cancel);
    try {
      call.reply(await answerCall(this.#ground, body, { pid, taskId, cancelled: cancel.signal }));
    } catch (error) {
      const { code, message, details } = asHiveError(error);
      call.fail(code, message, textsOf(details));
    }
  }
}

const textsOf = (details: HiveErrorDetails): Record<string, string> =>
  Object.fromEntries(Object.entries(details).map(([key, value]) => [key, String(value)]));

// HiveClient: every call of the kernel as a typed method, over the operator's socket.
//   1. Refusals are `HiveClientError`s with a code of the kernel's closed list.
//   2. A lost connection fails the calls under way with `unavailable`; none is sent twice. The next
//      call dials again.
//   3. Aborting `signal` gives a call up at the kernel too: a wait ends, a task is cancelled.
//      Closing the client does not: what it started goes on.

import type {
  CallOptions,
  CallValue,
  LinkCaller,
  PlainCase,
  ReplyValueOf,
} from '@hivekernel/protocol/link-client';
import { agent, make } from '@hivekernel/protocol/messages';
import type { link } from '@hivekernel/protocol/messages';
import { toAgentView } from './agents.ts';
import type { AgentView } from './agents.ts';
import {
  toArtifact,
  toInboxMessage,
  toListedArtifact,
  toTaskReport,
  toUsageReport,
} from './answers.ts';
import type {
  Artifact,
  ExitReport,
  Inbox,
  ListedArtifact,
  StoredArtifact,
  TaskReport,
  UsageReport,
} from './answers.ts';
import { asClientError } from './client-error.ts';
import { dial } from './dial.ts';
import type { Dialled, Greeting, KernelPlace } from './dial.ts';
import { followEvents } from './events.ts';
import type { FollowRequest, KernelEvent } from './events.ts';
import {
  toKillRequest,
  toSeconds,
  toSendRequest,
  toSpawnRequest,
  toStoreRequest,
} from './orders.ts';
import type { KillOrder, MessageOrder, SpawnOrder, StoreOrder, TaskOrder } from './orders.ts';
import { LOG_LEVEL, PRIORITY, SEVERITY } from './words.ts';
import type { LogLevel, Priority, Severity } from './words.ts';

export interface CallPatience {
  readonly signal?: AbortSignal;
  /** Default: none; the call waits as long as the kernel does. */
  readonly timeoutMs?: number;
  /** In whose name; left out: the king's. */
  readonly as?: number;
}

export type KernelStatus = link.KernelStatus;

export type ConnectOptions = KernelPlace & {
  /** Who is there, for the journal. Default "client". */
  readonly client?: string;
  /** Of each dial. Default 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
};

/** Dials and says Hello. Throws `unavailable` when no kernel is there. */
export async function connect(options: ConnectOptions): Promise<HiveClient> {
  const { client = 'client', timeoutMs } = options;
  const place: KernelPlace =
    'socketPath' in options ? { socketPath: options.socketPath } : { dataDir: options.dataDir };
  const request = { place, client, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  const { signal } = options;
  const first = await dial(signal ? { ...request, signal } : request);
  return new HiveClient(first, () => dial(request));
}

type Redial = () => Promise<Dialled>;

export class HiveClient {
  readonly artifacts: Artifacts;
  readonly #redial: Redial;
  #dialled: Dialled;
  #dialling: Promise<Dialled> | undefined;
  #isClosed = false;

  /** Of a connection that is ready; use `connect`. */
  constructor(dialled: Dialled, redial: Redial) {
    this.#dialled = dialled;
    this.#redial = redial;
    this.artifacts = new Artifacts((kind, value, how) => this.#call(kind, value, how));
  }

  /** Which kernel answered last. */
  get kernel(): Greeting {
    return this.#dialled.kernel;
  }

  get isConnected(): boolean {
    return this.#dialled.caller.isReady;
  }

  /** For good. What was started goes on. */
  close(): void {
    this.#isClosed = true;
    this.#dialled.caller.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  async status(how?: CallPatience): Promise<KernelStatus> {
    return this.#call('kernelStatus', {}, how);
  }

  /** Parents before their children; `seq` is the last event that the list includes. */
  async processes(
    query: { root?: number; includeDead?: boolean } = {},
    how?: CallPatience,
  ): Promise<{ agents: AgentView[]; seq: number }> {
    const { root: rootPid = 0, includeDead = false } = query;
    const reply = await this.#call('listProcesses', { rootPid, includeDead }, how);
    return { agents: reply.processes.map(toAgentView), seq: reply.seq };
  }

  async info(pid: number, how?: CallPatience): Promise<AgentView> {
    return toAgentView(await this.#call('info', { pid }, how));
  }

  /** Of the caller (`as`). */
  async children(
    query: { isRecursive?: boolean } = {},
    how?: CallPatience,
  ): Promise<readonly AgentView[]> {
    const value = { recursive: query.isRecursive ?? false, filterState: 0 as const };
    return (await this.#call('listChildren', value, how)).children.map(toAgentView);
  }

  /** Under the caller (`as`); answered once the agent is ready. */
  async spawn(order: SpawnOrder, how?: CallPatience): Promise<number> {
    return (await this.#call('spawn', toSpawnRequest(order), how)).childPid;
  }

  /** The pids that are gone, leaves before their parents, the target last. */
  async kill(pid: number, order: KillOrder = {}, how?: CallPatience): Promise<readonly number[]> {
    return (await this.#call('kill', toKillRequest(pid, order), how)).killedPids;
  }

  /** Waits for the end of a child of the caller (`as`) and collects it. Default 60 s. */
  async waitChild(
    child: { pid: number; timeoutMs?: number },
    how?: CallPatience,
  ): Promise<ExitReport> {
    const value = { targetPid: child.pid, timeoutSeconds: toSeconds(child.timeoutMs) };
    const { pid, exitCode, output, cause } = await this.#call('waitChild', value, how);
    return { pid, exitCode, output, cause };
  }

  /** Ends the caller (`as`), which must be a process without a runtime, or one that agrees. */
  async exit(result: { exitCode?: number; output?: string }, how?: CallPatience): Promise<void> {
    const { exitCode = 0, output = '' } = result;
    await this.#call('exit', { exitCode, output }, how);
  }

  /** The message's id, once it is durable. */
  async send(order: MessageOrder, how?: CallPatience): Promise<string> {
    return (await this.#call('send', toSendRequest(order), how)).messageId;
  }

  /** What waits at a process, without taking it. pid 0: the king. */
  async inbox(pid = 0, how?: CallPatience): Promise<Inbox> {
    const { messages, total } = await this.#call('listInbox', { pid }, how);
    return { messages: messages.map(toInboxMessage), total };
  }

  /** Runs a task and waits for its end. A task that fails is a report, not a throw. */
  async executeTask(order: TaskOrder, how?: CallPatience): Promise<TaskReport> {
    const { pid: targetPid, description, params = {}, timeoutMs } = order;
    const timeoutSeconds = toSeconds(timeoutMs);
    const value = { targetPid, description, params: { ...params }, timeoutSeconds };
    return toTaskReport(await this.#call('executeTask', value, how));
  }

  /** The same as the parent (`as`) would do it, with priority. */
  async executeOn(
    order: TaskOrder & { readonly priority?: Priority },
    how?: CallPatience,
  ): Promise<TaskReport> {
    const task = make(agent.TaskRequest, {
      description: order.description,
      params: { ...order.params },
      priority: PRIORITY.toWire(order.priority ?? 'normal', 'priority'),
      timeoutSeconds: toSeconds(order.timeoutMs),
    });
    return toTaskReport(await this.#call('executeOn', { targetPid: order.pid, task }, how));
  }

  /** Stops a task, or all tasks, of a process; the process lives on. */
  async interrupt(
    target: { pid: number; task?: string; reason?: string },
    how?: CallPatience,
  ): Promise<void> {
    const { pid: targetPid, task: taskId = '', reason = '' } = target;
    await this.#call('interrupt', { targetPid, taskId, reason }, how);
  }

  async log(
    line: { level: LogLevel; message: string; fields?: Readonly<Record<string, string>> },
    how?: CallPatience,
  ): Promise<void> {
    const level = LOG_LEVEL.toWire(line.level, 'level');
    await this.#call('log', { level, message: line.message, fields: { ...line.fields } }, how);
  }

  /** To the parent of the caller (`as`). */
  async escalate(
    matter: { issue: string; severity?: Severity; autoPropagate?: boolean },
    how?: CallPatience,
  ): Promise<{ handledByPid: number; response: string }> {
    const { issue, severity = 'warning', autoPropagate = false } = matter;
    const wire = SEVERITY.toWire(severity, 'severity');
    const value = { issue, severity: wire, context: {}, autoPropagate };
    const { handledByPid, response } = await this.#call('escalate', value, how);
    return { handledByPid, response };
  }

  async usage(how?: CallPatience): Promise<UsageReport> {
    return toUsageReport(await this.#call('usage', {}, how));
  }

  async metric(
    point: { name: string; value: number; labels?: Readonly<Record<string, string>> },
    how?: CallPatience,
  ): Promise<void> {
    const { name, value, labels = {} } = point;
    await this.#call('metric', { name, value, labels: { ...labels } }, how);
  }

  /** Over lost connections too, without a gap and nothing twice; see events.ts. */
  followEvents(request: FollowRequest = {}): AsyncGenerator<KernelEvent, void, undefined> {
    return followEvents(() => this.#ready(), request);
  }

  /** Asks the kernel to stop; it answers before it does. */
  async stop(reason = 'asked by the operator', how?: CallPatience): Promise<void> {
    await this.#call('stopKernel', { reason }, how);
  }

  #call<Case extends PlainCase>(
    kind: Case,
    value: CallValue<Case>,
    how: CallPatience = {},
  ): Promise<ReplyValueOf<Case>> {
    return this.#ready()
      .then((caller) => caller.call(kind, value, toCallOptions(how)))
      .catch((error: unknown) => {
        throw asClientError(error);
      });
  }

  /** Dials again where the connection is lost; the dial has a deadline of its own. */
  async #ready(): Promise<LinkCaller> {
    const { caller } = this.#dialled;
    if (!caller.isClosed || this.#isClosed) return caller;
    this.#dialling ??= this.#redial().finally(() => (this.#dialling = undefined));
    this.#dialled = await this.#dialling;
    if (this.#isClosed) this.#dialled.caller.close();
    return this.#dialled.caller;
  }
}

function toCallOptions(how: CallPatience): CallOptions {
  const { signal, timeoutMs, as: pid } = how;
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(pid === undefined ? {} : { pid }),
  };
}

type Caller = <Case extends PlainCase>(
  kind: Case,
  value: CallValue<Case>,
  how?: CallPatience,
) => Promise<ReplyValueOf<Case>>;

/** Named, versioned content. */
class Artifacts {
  readonly #call: Caller;

  constructor(call: Caller) {
    this.#call = call;
  }

  async put(order: StoreOrder, how?: CallPatience): Promise<StoredArtifact> {
    const {
      artifactId: id,
      version,
      sha256,
    } = await this.#call('store', toStoreRequest(order), how);
    return { id, key: order.key, version, sha256 };
  }

  /** Throws `not_found`. Version 0 or left out: the newest. */
  async get(
    which: { key: string; version?: number } | { id: string; version?: number },
    how?: CallPatience,
  ): Promise<Artifact> {
    const key = 'key' in which ? which.key : '';
    const artifactId = 'id' in which ? which.id : '';
    const value = { artifactId, key, version: which.version ?? 0 };
    return toArtifact(await this.#call('getArtifact', value, how));
  }

  /** The newest version of each key. */
  async list(
    query: { prefix?: string; storedBy?: number } = {},
    how?: CallPatience,
  ): Promise<readonly ListedArtifact[]> {
    const value = { prefix: query.prefix ?? '', storedByPid: query.storedBy ?? 0 };
    return (await this.#call('listArtifacts', value, how)).artifacts.map(toListedArtifact);
  }
}

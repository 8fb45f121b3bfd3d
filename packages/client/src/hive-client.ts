// HiveClient: every call of the kernel as a typed method, over the operator's socket. The calls
// about processes are in process-calls.ts, about budgets in budget-calls.ts, about messages in
// mail.ts and topic-calls.ts.
//   1. Refusals are `HiveClientError`s with a code of the kernel's closed list.
//   2. A lost connection fails the calls under way with `unavailable`; none is sent twice. The next
//      call dials again.
//   3. Aborting `signal` gives a call up at the kernel too: a wait ends, a task is cancelled.
//      Closing the client does not: what it started goes on.

import { agent, make } from '@hivekernel/protocol/messages';
import type { link } from '@hivekernel/protocol/messages';
import { toTaskReport, toUsageReport } from './answers.ts';
import type { TaskReport, UsageReport } from './answers.ts';
import { Artifacts } from './artifacts.ts';
import type { CallPatience } from './client-link.ts';
import { dial } from './dial.ts';
import type { KernelPlace } from './dial.ts';
import { followEvents, wireEvents } from './events.ts';
import type { FollowRequest, KernelEvent, WireEvent, WireRequest } from './events.ts';
import { toSeconds } from './orders.ts';
import type { TaskOrder } from './orders.ts';
import { TopicCalls } from './topic-calls.ts';
import { LOG_LEVEL, PRIORITY, SEVERITY } from './words.ts';
import type { LogLevel, Priority, Severity } from './words.ts';

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

export class HiveClient extends TopicCalls {
  /** Of a connection that is ready; use `connect`. */
  readonly artifacts = new Artifacts((kind, value, how) => this.call(kind, value, how));

  async status(how?: CallPatience): Promise<KernelStatus> {
    return this.call('kernelStatus', {}, how);
  }

  /** Runs a task and waits for its end. A task that fails is a report, not a throw. */
  async executeTask(order: TaskOrder, how?: CallPatience): Promise<TaskReport> {
    const { pid: targetPid, description, params = {}, timeoutMs, retries = 0 } = order;
    const timeoutSeconds = toSeconds(timeoutMs);
    const task = { description, params: { ...params }, timeoutSeconds, retriesMax: retries };
    const value = { targetPid, ...task };
    return toTaskReport(await this.call('executeTask', value, how));
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
      retriesMax: order.retries ?? 0,
    });
    return toTaskReport(await this.call('executeOn', { targetPid: order.pid, task }, how));
  }

  /** Stops a task, or all tasks, of a process; the process lives on. */
  async interrupt(
    target: { pid: number; task?: string; reason?: string },
    how?: CallPatience,
  ): Promise<void> {
    const { pid: targetPid, task: taskId = '', reason = '' } = target;
    await this.call('interrupt', { targetPid, taskId, reason }, how);
  }

  async log(
    line: { level: LogLevel; message: string; fields?: Readonly<Record<string, string>> },
    how?: CallPatience,
  ): Promise<void> {
    const level = LOG_LEVEL.toWire(line.level, 'level');
    await this.call('log', { level, message: line.message, fields: { ...line.fields } }, how);
  }

  /** To the parent of the caller (`as`). */
  async escalate(
    matter: { issue: string; severity?: Severity; autoPropagate?: boolean },
    how?: CallPatience,
  ): Promise<{ handledByPid: number; response: string }> {
    const { issue, severity = 'warning', autoPropagate = false } = matter;
    const wire = SEVERITY.toWire(severity, 'severity');
    const value = { issue, severity: wire, context: {}, autoPropagate };
    const { handledByPid, response } = await this.call('escalate', value, how);
    return { handledByPid, response };
  }

  async usage(how?: CallPatience): Promise<UsageReport> {
    return toUsageReport(await this.call('usage', {}, how));
  }

  async metric(
    point: { name: string; value: number; labels?: Readonly<Record<string, string>> },
    how?: CallPatience,
  ): Promise<void> {
    const { name, value, labels = {} } = point;
    await this.call('metric', { name, value, labels: { ...labels } }, how);
  }

  /** Over lost connections too, without a gap and nothing twice; see events.ts. */
  followEvents(request: FollowRequest = {}): AsyncGenerator<KernelEvent, void, undefined> {
    return followEvents(() => this.ready(), request);
  }

  /** Likewise, all that the wire tells of each event, as HTTP and gRPC give it. */
  wireEvents(request: WireRequest = {}): AsyncGenerator<WireEvent, void, undefined> {
    return wireEvents(() => this.ready(), request);
  }

  /** Asks the kernel to stop; it answers before it does. */
  async stop(reason = 'asked by the operator', how?: CallPatience): Promise<void> {
    await this.call('stopKernel', { reason }, how);
  }
}

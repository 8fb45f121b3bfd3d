// The process table of the test kernel: starts, finds and ends processes, and carries to them what
// is asked of them. It keeps no rules; what a call is answered with is test-answers.ts.
//   The king has no process: the test acts as it.
import type { agent as wire, core, link } from '@hivekernel/protocol';
import type { IncomingCall } from '@hivekernel/protocol/link';
import type { AgentHandlers } from '../agent.ts';
import type { ChildExit } from '../context/lifecycle.ts';
import { HiveError } from '../hive-error.ts';
import { numberOf, RELATIONS, SHUTDOWN_REASONS, SIGNALS } from '../words.ts';
import type { ProcessState, SignalName } from '../words.ts';
import { emptyInfo } from './empty-info.ts';
import { TestExchange } from './test-exchange.ts';
import { TestPipes } from './test-pipes.ts';
import { TestProcess } from './test-process.ts';

export interface TestTableOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly load: (image: string) => Promise<AgentHandlers>;
  readonly onCall: (call: IncomingCall) => void;
  readonly onCancel: (call: IncomingCall) => void;
  /** What reaches the king. */
  readonly onKingsMail: (message: TestMessage) => void;
}

export const KING = 1;
const KING_INFO = emptyInfo({ pid: KING, name: 'king', address: '/king' });
const AT_REST: readonly ProcessState[] = ['sleeping', 'zombie', 'dead'];
const NORMAL = numberOf(SHUTDOWN_REASONS, 'normal');

/** From whom a message comes; left out: from the king. */
export type TestMessage = Partial<wire.AgentMessage>;

export class TestTable {
  readonly pipes = new TestPipes({
    parentOf: (pid) => (pid === KING ? 0 : this.find(pid).ppid),
    isRunning: (pid) => pid === KING || AT_REST.every((state) => this.find(pid).state !== state),
  });
  readonly exchange = new TestExchange({
    id: (prefix) => this.id(prefix),
    nameOf: (pid) => this.nameOf(pid),
    post: (to, message) => this.post(to, message),
  });
  readonly #options: TestTableOptions;
  readonly #processes = new Map<number, TestProcess>();
  #lastPid = KING;
  #lastId = 0;
  #isStopping = false;

  constructor(options: TestTableOptions) {
    this.#options = options;
  }

  get all(): readonly TestProcess[] {
    return [...this.#processes.values()];
  }

  /** Throws `not_found`; also for the king. */
  find(pid: number): TestProcess {
    const process = this.#processes.get(pid);
    if (process === undefined) throw new HiveError('not_found', `There is no process ${pid}.`);
    return process;
  }

  nameOf(pid: number): string {
    return pid === KING ? KING_INFO.name : this.find(pid).spawn.name;
  }

  id(prefix: string): string {
    this.#lastId += 1;
    return `${prefix}${this.#lastId}`;
  }

  /** Throws `start_failed` with what the agent said. */
  async spawn(spawn: wire.SpawnRequest, ppid: number): Promise<number> {
    this.#lastPid += 1;
    const pid = this.#lastPid;
    const { env, load, onCall, onCancel } = this.#options;
    const process: TestProcess = new TestProcess({
      pid,
      ppid,
      spawn,
      env,
      load: () => load(spawn.runtimeImage),
      onCall,
      onCancel,
      onRunEnd: () => {
        this.pipes.endAllOf(pid);
        this.exchange.endAllOf(pid);
      },
      onExit: (exit) => this.#mourn(process, exit),
    });
    this.#processes.set(pid, process);
    const init = await process.start();
    if (init.ready) return pid;
    this.#processes.delete(pid);
    throw new HiveError('start_failed', init.error);
  }

  /** Tried again, as often as the task says, when the process was restarted under it. */
  async execute(pid: number, task: wire.TaskRequest): Promise<link.ExecuteAnswer> {
    const target = this.find(pid);
    for (let triesLeft = task.retriesMax; ; triesLeft -= 1) {
      try {
        return await target.execute(task);
      } catch (error) {
        const isLost = error instanceof HiveError && error.code === 'unavailable';
        if (!isLost || triesLeft <= 0 || !target.isAlive) throw error;
      }
    }
  }

  /** By the address that the test kernel gives it. Throws `not_found`. */
  at(address: string): number {
    const name = address.replace(/^(\/king)?\/?/, '');
    if (name === '') return KING;
    const found = this.all.findLast((one) => one.spawn.name === name && one.isAlive);
    if (found !== undefined) return found.pid;
    throw new HiveError('not_found', `There is no process at ${address}.`);
  }

  deliver(pid: number, message: TestMessage): Promise<wire.MessageAck> {
    return this.find(pid).deliver({
      messageId: this.id('m'),
      fromPid: KING,
      fromName: 'king',
      relation: numberOf(RELATIONS, 'parent'),
      type: 'message',
      priority: 2,
      payload: new Uint8Array(),
      timestamp: 0,
      requiresAck: false,
      replyTo: '',
      deadlineMs: 0,
      fromAddress: '/king',
      whyDead: '',
      queue: '',
      topic: '',
      retained: false,
      missed: 0,
      tries: 0,
      ...message,
    });
  }

  /** What becomes of it is nobody's to know. */
  post(to: number, message: TestMessage): void {
    if (to === KING) this.#options.onKingsMail(message);
    else if (this.#processes.has(to)) this.deliver(to, message).catch(() => undefined);
  }

  /** As the kernel itself says it. What becomes of it is nobody's to know. */
  tell(pid: number, signal: Readonly<Record<string, string | number>>): void {
    const payload = new TextEncoder().encode(JSON.stringify(signal));
    const relation = numberOf(RELATIONS, 'system');
    const message = { type: 'signal', relation, priority: 0, payload } as const;
    this.deliver(pid, message).catch(() => undefined);
  }

  /** With its children counted. */
  info(pid: number): core.ProcessInfo {
    const childCount = this.below(pid, { isRecursive: false }).length;
    return pid === KING ? { ...KING_INFO, childCount } : this.find(pid).info(childCount);
  }

  /** Parents before their children. */
  below(pid: number, { isRecursive }: { readonly isRecursive: boolean }): number[] {
    const own = this.all.filter((one) => one.ppid === pid).map((one) => one.pid);
    if (!isRecursive) return own;
    return own.flatMap((one) => [one, ...this.below(one, { isRecursive })]);
  }

  /** From the parent up to the king. */
  above(pid: number): number[] {
    if (pid === KING) return [];
    const { ppid } = this.find(pid);
    return [ppid, ...this.above(ppid)];
  }

  commonAncestor(a: number, b: number): number {
    const ofB = new Set([b, ...this.above(b)]);
    return [a, ...this.above(a)].find((pid) => ofB.has(pid)) ?? KING;
  }

  async kill(
    pid: number,
    how: { readonly isRecursive: boolean; readonly reason: wire.ShutdownReason },
  ): Promise<number[]> {
    const target = this.find(pid);
    const below = how.isRecursive ? this.below(pid, { isRecursive: true }).toReversed() : [];
    for (const one of below) await this.find(one).kill(how.reason);
    await target.kill(how.reason);
    return [...below, pid];
  }

  /** Ends all below a process, leaves first; a killed one has no result of its own. */
  async collapse(pid: number, reason: wire.ShutdownReason): Promise<ChildExit[]> {
    const results: ChildExit[] = [];
    for (const one of this.below(pid, { isRecursive: true }).toReversed()) {
      const process = this.find(one);
      await process.kill(reason);
      if (process.result === undefined) continue;
      const exit = process.collect();
      results.push(exit.cause === 'killed' ? { ...exit, output: 'branch collapsed' } : exit);
    }
    return results;
  }

  /** Of the children of a process. */
  pendingResults(pid: number): ChildExit[] {
    return this.below(pid, { isRecursive: false }).flatMap((one) => this.find(one).result ?? []);
  }

  reparent(pid: number, parent: number): void {
    if (parent !== KING) this.find(parent);
    if ([parent, ...this.above(parent)].includes(pid)) {
      throw new HiveError('invalid_argument', `Process ${parent} is below process ${pid}.`);
    }
    const moved = this.find(pid);
    this.pipes.endBetween(pid, moved.ppid);
    moved.ppid = parent;
    this.tell(pid, { signal: 'HUP', ppid: parent });
  }

  /** All but USR1, whose answer is an artifact. */
  async signal(pid: number, signal: link.SignalCall): Promise<link.SignalReply> {
    const { recursive: isRecursive, reason } = signal;
    const word = signalOf(signal.signal);
    if (word === 'TERM') {
      const killedPids = await this.kill(pid, { isRecursive, reason: NORMAL });
      return { killedPids, signalledPids: [], artifactKey: '' };
    }
    const pids = isRecursive ? [pid, ...this.below(pid, { isRecursive })] : [pid];
    if (word === 'KILL') {
      for (const one of pids.toReversed()) this.find(one).killNow();
      return { killedPids: pids.toReversed(), signalledPids: [], artifactKey: '' };
    }
    for (const one of pids) await this.#pass(this.find(one), word, reason);
    return { killedPids: [], signalledPids: pids, artifactKey: '' };
  }

  /** What a process knows of itself, JSON. */
  async dump(pid: number): Promise<string> {
    return (await this.find(pid).session.request('dump', {}, { pid })).json;
  }

  /** Ends everything; nobody is told. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const own = this.below(KING, { isRecursive: false });
    await Promise.all(own.map((pid) => this.kill(pid, { isRecursive: true, reason: NORMAL })));
  }

  async #pass(target: TestProcess, signal: SignalName, reason: string): Promise<void> {
    const { pid } = target;
    if (signal === 'STOP') target.pause();
    else if (signal === 'CONT') target.resume();
    else if (signal === 'HUP') this.tell(pid, { signal, reason });
    else if (target.isAwake) {
      await target.session.request('interrupt', { taskId: '', reason }, { pid });
    }
  }

  /** P8, in the parent's inbox. */
  #mourn(process: TestProcess, exit: ChildExit & { readonly durationMs: number }): void {
    const { ppid } = process;
    if (this.#isStopping || ppid === KING || !this.find(ppid).isAlive) return;
    this.tell(ppid, { signal: 'CHLD', address: `/king/${exit.name}`, ...exit });
  }
}

export function signalOf(number: link.Signal): SignalName {
  const words = Object.keys(SIGNALS) as SignalName[];
  const word = words.find((one) => SIGNALS[one] === number);
  if (word === undefined) throw new HiveError('invalid_argument', `${number} is no signal.`);
  return word;
}

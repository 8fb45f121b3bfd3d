// One incarnation of a process on our own runtime: from its start to the report of its end.
//   P10. Its end is reported when its whole process group is gone, and not before.
//   1. Exactly one of these is reported, last: `start_failed`, or `exited`. Before it, in order:
//      `started`, then `ready`.
//   2. Whoever first gives a reason for the end names its cause: a stop asked for, nonsense on the
//      link, a link that did not come back, or the process itself.
//   3. It begins when the incarnation before it is buried.
//   S1. A paused one owes nothing: no heartbeat, no return to its link. A stop lets it go on first.

import type { Effect, ExitCause, Pid } from '@hivekernel/kernel';
import { KernelError } from '@hivekernel/kernel';
import { GRACE_MS_MAX } from '../api/wire/bounds.ts';
import { REASON } from '../api/wire/words.ts';
import { Pulse } from './heartbeat.ts';
import type { Refusal } from './link/agent-link.ts';
import { AgentLink } from './link/agent-link.ts';
import { initRequest, wireSeconds } from './link/wire-requests.ts';
import type { AgentCommand, OsExit } from './os/agent-command.ts';
import { describeExit } from './os/agent-command.ts';
import { Freezer } from './os/freezer.ts';
import { endStrays } from './os/strays.ts';
import { AgentOutput } from './output/agent-output.ts';
import type { ProcessSurroundings } from './process-surroundings.ts';
import { isDoneWithin, raceSignal } from './race-signal.ts';
import { RUNTIME_LIMITS } from './runtime-limits.ts';
import { Warnings } from './warnings.ts';
import { keepCheckpoint, readCheckpoint } from './work/checkpoint.ts';
import { Deliveries } from './work/deliveries.ts';
import { DumpDesk, noDump } from './work/dump-desk.ts';
import { TaskDesk } from './work/task-desk.ts';

type EffectOf<D extends Effect['do']> = Extract<Effect, { do: D }>;

interface Ending {
  readonly cause: ExitCause;
  /** Beside what the OS says of the exit. */
  readonly why: string;
}

type Phase = 'starting' | 'ready' | 'ended';

export interface Birth {
  readonly effect: EffectOf<'start'>;
  /** Resolves when nothing of the incarnation before it is left. */
  readonly after: Promise<void>;
}

const MS_PER_SECOND = 1_000;

export class AgentProcess {
  readonly pid: Pid;
  readonly incarnation: number;
  /** Resolves after the last report. */
  readonly ended: Promise<void>;
  readonly tasks: TaskDesk;
  readonly deliveries: Deliveries;
  readonly #effect: EffectOf<'start'>;
  readonly #after: Promise<void>;
  readonly #around: ProcessSurroundings;
  readonly #link: AgentLink;
  readonly #output: AgentOutput;
  readonly #warnings: Warnings;
  readonly #pulse: Pulse;
  readonly #dumps: DumpDesk;
  /** Aborted with the reason, when the start cannot succeed any more. */
  readonly #starting = new AbortController();
  readonly #linked = Promise.withResolvers<void>();
  #lost = Promise.resolve();
  #onLostResolved: () => void = () => undefined;
  #wasLinked = false;
  #phase: Phase = 'starting';
  #ending: Ending | undefined;
  #command: AgentCommand | undefined;
  #freezer: Freezer | undefined;
  #exit: OsExit | undefined;
  #startTimer: NodeJS.Timeout | undefined;
  #reconnectTimer: NodeJS.Timeout | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #killAtMs = Infinity;

  constructor({ effect, after }: Birth, around: ProcessSurroundings) {
    const { pid, incarnation } = effect;
    const { host } = around;
    this.pid = pid;
    this.incarnation = incarnation;
    this.#effect = effect;
    this.#after = after;
    this.#around = around;
    this.#warnings = new Warnings({ host, pid });
    this.#link = this.#makeLink();
    this.#output = new AgentOutput({
      path: around.logPathOf(pid),
      onLine: (stream, line) => host.observe({ type: 'output', pid, stream, line }),
    });
    this.#pulse = new Pulse({
      link: this.#link,
      onResponsive: (isResponsive) => this.#onResponsive(isResponsive),
    });
    this.#dumps = new DumpDesk({ link: this.#link });
    this.tasks = new TaskDesk({ pid, host, link: this.#link });
    const { ackTimeoutMs } = around;
    const link = this.#link;
    this.deliveries = new Deliveries({ pid, host, link, warnings: this.#warnings, ackTimeoutMs });
    this.ended = this.#run();
  }

  /** Its end has begun; what follows it may be started, and waits for it. */
  get isEnding(): boolean {
    const { aborted } = this.#starting.signal;
    return this.#phase === 'ended' || this.#ending !== undefined || aborted;
  }

  /** Nothing of it runs until `resume`. */
  pause(): void {
    if (this.#phase !== 'ready' || this.isEnding) return;
    clearTimeout(this.#reconnectTimer);
    this.#pulse.pause();
    this.#freezer?.freeze();
  }

  resume(): void {
    if (this.#freezer?.isFrozen !== true) return;
    this.#freezer.thaw();
    this.#pulse.resume();
    if (!this.#link.isAttached) this.#awaitReturn();
  }

  /** What it knows of itself, or why it cannot say: JSON. Never rejects. */
  async dump(): Promise<string> {
    if (this.#phase === 'starting') return noDump('it is starting');
    if (this.#phase === 'ended') return noDump('it is at its end');
    if (this.#freezer?.isFrozen === true) return noDump('it is paused');
    return this.#dumps.ask();
  }

  /** TERM, and KILL after the grace. Again with a shorter grace: the shorter holds. */
  stop(order: Pick<EffectOf<'stop'>, 'reason' | 'graceMs'>): void {
    if (this.#phase === 'ended') return;
    const isFirst = this.#killAtMs === Infinity;
    this.#ending ??= { cause: 'killed', why: '' };
    if (this.#phase === 'starting') {
      this.#starting.abort(new KernelError('cancelled', 'it was stopped as it started'));
      return;
    }
    // A timer that is set for longer than it takes fires at once.
    const graceMs = Math.min(order.graceMs, GRACE_MS_MAX);
    if (graceMs > 0) this.resume(); // What stands still could not answer.
    this.#killWithin(graceMs);
    if (isFirst && graceMs > 0) this.#askToEnd({ reason: order.reason, graceMs });
  }

  async #run(): Promise<void> {
    const failure = await this.#start();
    if (failure === undefined) await this.#live();
    this.#phase = 'ended';
    await this.#bury();
    this.#report(failure);
  }

  /** Resolves with why it failed. */
  async #start(): Promise<Error | undefined> {
    const { signal } = this.#starting;
    try {
      await raceSignal(this.#after, signal);
      const leave = await this.#around.gate.enter(signal);
      // Waiting in line does not count.
      this.#restartDeadline();
      const state = await this.#launch(signal).finally(leave);
      this.#restartDeadline();
      await this.#initialise(state, signal);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      clearTimeout(this.#startTimer);
    }
  }

  /** Resolves with the state to go on from, when it is linked. */
  async #launch(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const { checkpoint } = this.#effect;
    const state = await raceSignal(readCheckpoint(checkpoint, this.#around.host), signal);
    await this.#link.listen();
    signal.throwIfAborted();
    await this.#startCommand();
    await raceSignal(this.#linked.promise, signal);
    return state;
  }

  /** For each half of the start: up to the link, and up to the answer to Init. */
  #restartDeadline(): void {
    clearTimeout(this.#startTimer);
    this.#startTimer = setTimeout(() => this.#onStartTimeout(), this.#around.startTimeoutMs);
  }

  async #startCommand(): Promise<void> {
    const { host, starter } = this.#around;
    const { path, startToken } = this.#link;
    const command = await starter.start({
      pid: this.pid,
      spec: this.#effect.spec,
      linkPath: path,
      startToken,
      onIgnored: (names) => {
        const what = `names of the environment that are the kernel's: ${names.join(', ')}`;
        this.#warnings.warn('environment', `ignored ${what}`);
      },
    });
    this.#command = command;
    this.#freezer = new Freezer({ command, linkPath: path });
    this.#output.drain('stdout', command.stdout);
    this.#output.drain('stderr', command.stderr);
    void command.exited.then((exit) => this.#onExit(exit)); // Never rejects.
    const osStarted = await starter.record(command.osPid);
    const { pid, incarnation } = this;
    host.fact({ fact: 'started', pid, incarnation, osPid: command.osPid, osStarted });
  }

  async #initialise(state: Uint8Array | undefined, signal: AbortSignal): Promise<void> {
    const request = initRequest(this.#effect, state);
    const answer = await raceSignal(this.#link.request('init', request), signal);
    signal.throwIfAborted();
    if (!answer.ready) throw new ToldFailure(answer.error || 'Init was answered with "not ready"');
    this.#phase = 'ready';
    this.#around.heartbeats.add(this.#pulse);
    this.#around.host.fact({ fact: 'ready', pid: this.pid, incarnation: this.incarnation });
  }

  async #live(): Promise<void> {
    await this.#command?.exited;
  }

  /** Resolves when nothing of it is left: processes, socket, pipes, key. */
  async #bury(): Promise<void> {
    clearTimeout(this.#killTimer);
    clearTimeout(this.#reconnectTimer);
    this.#around.heartbeats.delete(this.#pulse);
    this.#freezer?.release();
    if (this.#command !== undefined) await this.#buryCommand(this.#command);
    this.tasks.close();
    this.deliveries.close();
    await this.#link.close();
    await this.#after; // Of a start that was called off in line.
    this.#around.starter.forget(this.pid);
  }

  async #buryCommand(command: AgentCommand): Promise<void> {
    command.kill();
    const withinMs = RUNTIME_LIMITS.lastWordsMs;
    const hasExited = await isDoneWithin(command.exited, RUNTIME_LIMITS.groupGoneMs);
    const isGone = hasExited && (await command.groupGone());
    // After the group: who is in it could fork more of them.
    const areStraysGone = await endStrays(
      { link: this.#link.path },
      { withinMs: RUNTIME_LIMITS.groupGoneMs },
    );
    const output = { silenceMs: withinMs, withinMs: RUNTIME_LIMITS.lastOutputMs };
    await Promise.all([isDoneWithin(this.#lost, withinMs), this.#output.finish(output)]);
    if (isGone) this.#around.starter.unrecord(command.osPid);
    if (isGone && areStraysGone) return;
    this.#warnings.error(
      `something of process group ${command.osPid} withstands SIGKILL ` +
        `for ${RUNTIME_LIMITS.groupGoneMs} ms`,
    );
  }

  #report(failure: Error | undefined): void {
    this.#warnings.flush();
    const { pid, incarnation } = this;
    const { host } = this.#around;
    if (failure !== undefined && this.#ending?.cause !== 'killed') {
      const error = this.#describeFailure(failure);
      host.fact({ fact: 'start_failed', pid, incarnation, error });
      return;
    }
    const { cause, why } = this.#ending ?? { cause: 'killed', why: '' };
    const exit = this.#exit ?? { exitCode: -1, signal: null };
    const how = failure === undefined ? describeExit(exit) : 'it was stopped as it started';
    const lines = cause === 'crashed' ? lastLines(this.#output.lastLines) : '';
    const detail = (why === '' ? how : `${why}; ${how}`) + lines;
    host.fact({ fact: 'exited', pid, incarnation, exitCode: exit.exitCode, cause, detail });
  }

  #describeFailure(failure: Error): string {
    const isTold = failure instanceof ToldFailure;
    return isTold ? failure.message : failure.message + lastLines(this.#output.lastLines);
  }

  #onExit(exit: OsExit): void {
    this.#exit = exit;
    const isWell = exit.exitCode === 0 && exit.signal === null;
    if (this.#phase !== 'starting') {
      this.#ending ??= { cause: isWell ? 'done' : 'crashed', why: '' };
      return;
    }
    const when = this.#wasLinked ? 'before Init was answered' : 'before it connected';
    const what = exit.signal === null ? `exited with code ${exit.exitCode}` : describeExit(exit);
    // What it said before its end is read first: the answer to Init may be on its way.
    void isDoneWithin(this.#lost, RUNTIME_LIMITS.lastWordsMs).then(() =>
      this.#starting.abort(new KernelError('start_failed', `${what} ${when}`)),
    );
  }

  #onStartTimeout(): void {
    const seconds = this.#around.startTimeoutMs / MS_PER_SECOND;
    const what = this.#wasLinked ? 'Init was not answered' : 'it did not connect';
    this.#starting.abort(new KernelError('start_failed', `${what} within ${seconds} s`));
  }

  #makeLink(): AgentLink {
    const { pid } = this;
    return new AgentLink({
      path: this.#around.linkPathOf({ pid, incarnation: this.incarnation }),
      pid,
      greeting: this.#around.greeting,
      handlers: {
        ...this.#around.callHandlers({ pid, incarnation: this.incarnation }),
        onLinked: () => this.#onLinked(),
        onLost: () => this.#onLost(),
        onGarbage: (message) => this.#onGarbage(message),
        onRefused: (refusal) => this.#onRefused(refusal),
      },
    });
  }

  #onLinked(): void {
    this.#wasLinked = true;
    clearTimeout(this.#reconnectTimer);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#lost = promise;
    this.#onLostResolved = resolve;
    this.#linked.resolve();
  }

  #onLost(): void {
    this.#onLostResolved();
    if (this.#phase === 'ended' || this.#exit !== undefined) return;
    if (this.#freezer?.isFrozen !== true) this.#awaitReturn();
  }

  #awaitReturn(): void {
    clearTimeout(this.#reconnectTimer);
    this.#reconnectTimer = setTimeout(() => {
      this.#endBy({ cause: 'crashed', why: 'link lost' });
    }, this.#around.reconnectMs);
  }

  #onGarbage(message: string): void {
    this.tasks.close();
    this.deliveries.close();
    this.#onLostResolved();
    this.#endBy({ cause: 'protocol_error', why: `nonsense on the link: ${message}` });
  }

  #onRefused({ kind, message }: Refusal): void {
    this.#warnings.warn(`link.${kind}`, `refused on the link: ${message}`);
    // Before it is linked, nobody but the process itself is expected here.
    if (kind !== 'garbage' || this.#phase !== 'starting') return;
    const why = `nonsense on the link: ${message}`;
    this.#starting.abort(new KernelError('start_failed', why));
  }

  /** Kills it, in a later turn: what is to be said on the link leaves first. */
  #endBy(ending: Ending): void {
    this.#ending ??= ending;
    this.#starting.abort(new KernelError('start_failed', ending.why));
    setImmediate(() => this.#command?.kill());
  }

  #killWithin(graceMs: number): void {
    const killAtMs = performance.now() + graceMs;
    if (killAtMs >= this.#killAtMs) return;
    this.#killAtMs = killAtMs;
    clearTimeout(this.#killTimer);
    if (graceMs === 0) this.#command?.kill();
    else this.#killTimer = setTimeout(() => this.#onGraceOver(graceMs), graceMs);
  }

  #onGraceOver(graceMs: number): void {
    if (this.#ending?.cause === 'killed') {
      const why = `it did not end within ${graceMs / MS_PER_SECOND} s`;
      this.#ending = { cause: 'killed', why };
    }
    this.#command?.kill();
  }

  #askToEnd({ reason, graceMs }: Pick<EffectOf<'stop'>, 'reason' | 'graceMs'>): void {
    if (!this.#link.isAttached) {
      this.#command?.terminate();
      return;
    }
    const gracePeriodSeconds = wireSeconds(graceMs);
    const request = { reason: REASON.toWire(reason), gracePeriodSeconds };
    const { pid, incarnation } = this;
    const keeper = { pid, incarnation, host: this.#around.host, warnings: this.#warnings };
    this.#link.request('shutdown', request).then(
      ({ stateSnapshot }) => keepCheckpoint(stateSnapshot, keeper),
      // Who cannot answer is asked in the way of the OS; the grace goes on.
      () => this.#command?.terminate(),
    );
  }

  #onResponsive(isResponsive: boolean): void {
    if (this.#phase !== 'ready') return;
    this.#around.host.fact({ fact: 'responsive', pid: this.pid, isResponsive });
  }
}

/** The process said itself why it did not start. */
class ToldFailure extends Error {}

const lastLines = (lines: readonly string[]): string =>
  lines.length === 0 ? '' : `\n${lines.map((line) => `  ${line}`).join('\n')}`;

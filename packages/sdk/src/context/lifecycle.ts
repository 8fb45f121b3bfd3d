// What an agent does to processes: starting, ending, waiting for and supervising them, itself
// included. Part of the context; the work inside a process is in context.ts.
//   C1. What follows the cancelling of a task, and what does not: see caller.ts.
//   A pid of 0 is the caller. Who may do what to whom is the kernel's to say.
import type { agent as wire } from '@hivekernel/protocol';
import { patience, wireSeconds } from '../deadline.ts';
import type { CallOptions } from '../deadline.ts';
import { bytesOf } from '../payload.ts';
import type { Payload } from '../payload.ts';
import type { SignalName } from '../words.ts';
import { refuseIf } from './caller.ts';
import type { Caller } from './caller.ts';
import { collapseToWire, killToWire, signalToWire, spawnToWire } from './requests.ts';
import type {
  CollapseOptions,
  KillOptions,
  RestartOptions,
  SignalOptions,
  SpawnOptions,
} from './requests.ts';
import { RightsCalls } from './rights.ts';

/** How a child ended. */
export interface ChildExit {
  readonly pid: number;
  readonly name: string;
  /** -1: killed. */
  readonly exitCode: number;
  readonly output: string;
  /** In a word: `done`, `crashed`, `killed` … */
  readonly cause: string;
}

/** What a process ends with. */
export interface ExitResult {
  /** Default: 0. */
  readonly exitCode?: number | undefined;
  readonly output?: string | undefined;
}

/** What a signal led to. */
export interface SignalOutcome {
  /** TERM and KILL: who was ended, leaves before their parents. */
  readonly killed: readonly number[];
  /** The others: whom it reached. */
  readonly signalled: readonly number[];
  /** USR1: the key of the artifact that holds the dump; else empty. */
  readonly key: string;
}

/** Ends the process after the kernel has taken its result. */
export type OnExit = (exitCode: number) => void;

export class LifeCalls extends RightsCalls {
  readonly #pid: number;
  readonly #onExit: OnExit;

  constructor(caller: Caller, self: { readonly pid: number; readonly onExit: OnExit }) {
    super(caller);
    this.#pid = self.pid;
    this.#onExit = self.onExit;
  }

  /** Starts a child; resolves to its pid once it is ready. Throws `start_failed` when it is not. */
  async spawn(spawn: SpawnOptions, options?: CallOptions): Promise<number> {
    const follows = 'always';
    const reply = await this.caller.call('spawn', spawnToWire(spawn), { ...options, follows });
    refuseIf(!reply.success, reply);
    return reply.childPid;
  }

  /** Resolves to the pids that it killed, the target last. A dead target is no error. */
  async kill(pid: number, options: KillOptions & CallOptions = {}): Promise<readonly number[]> {
    const reply = await this.caller.call('kill', killToWire(pid, options), patience(options));
    refuseIf(!reply.success, reply);
    return reply.killedPids;
  }

  /** Ends this process with a result. Never returns: the process is gone. */
  async exit(result: ExitResult = {}, options?: CallOptions): Promise<never> {
    await this.#complete(0, result, options);
    this.#onExit(result.exitCode ?? 0);
    return new Promise<never>(() => {});
  }

  /**
   * Ends a child with a result, as the one who knows what it did: a virtual process, or one that
   * works elsewhere. Of the process itself it is `exit`.
   */
  async complete(child: number, result: ExitResult = {}, options?: CallOptions): Promise<void> {
    if (child === 0 || child === this.#pid) return this.exit(result, options);
    await this.#complete(child, result, options);
  }

  /**
   * Waits for a child's end and collects it. Throws `timed_out`; without `timeoutMs` the kernel
   * waits for its own default, 60 s.
   */
  async waitChild(pid: number, options: CallOptions = {}): Promise<ChildExit> {
    return this.#wait({ pid, peek: false }, options);
  }

  /** Like `waitChild`, but the result stays to be collected. */
  async peek(child: number, options: CallOptions = {}): Promise<ChildExit> {
    return this.#wait({ pid: child, peek: true }, options);
  }

  /** Results of children that nobody collected yet; they stay. */
  async pendingResults(pid = 0, options?: CallOptions): Promise<readonly ChildExit[]> {
    const reply = await this.caller.call('pendingResults', { targetPid: pid }, options);
    return reply.results.map(exitFromWire);
  }

  /**
   * Ends all descendants of a process, leaves first, and gives their results. One that had none
   * gets exit code -1 and the output "branch collapsed". The process itself lives on.
   */
  async collapse(
    pid = 0,
    options: CollapseOptions & CallOptions = {},
  ): Promise<readonly ChildExit[]> {
    const value = collapseToWire(pid, options);
    const reply = await this.caller.call('collapse', value, patience(options));
    return reply.results.map(exitFromWire);
  }

  /**
   * TERM asks a process to end, KILL ends it, INT stops its tasks, STOP and CONT pause and resume
   * it, HUP reaches its `onSignal`, USR1 writes what it knows of itself to an artifact.
   */
  async sendSignal(
    pid: number,
    signal: SignalName,
    options: SignalOptions & CallOptions = {},
  ): Promise<SignalOutcome> {
    const value = signalToWire(pid, signal, options);
    const reply = await this.caller.call('signal', value, patience(options));
    return {
      killed: reply.killedPids,
      signalled: reply.signalledPids,
      key: reply.artifactKey,
    };
  }

  /**
   * Stops a process and starts it again under its pid, with mailbox and last checkpoint; a child
   * that crashed and waits for a decision is started.
   */
  async restart(pid: number, options: RestartOptions & CallOptions = {}): Promise<void> {
    const { reason = '', graceMs } = options;
    const value = { targetPid: pid, reason, gracePeriodSeconds: wireSeconds(graceMs) };
    await this.caller.call('restart', value, { ...patience(options), follows: 'always' });
  }

  /**
   * Keeps the state of a process and stops its runtime; a message, a task or `wake` starts it
   * again. A process that asks for itself in a task sleeps after it. A sleeper stays as it is.
   */
  async sleep(pid = 0, options?: CallOptions): Promise<void> {
    await this.caller.call('sleep', { targetPid: pid }, options);
  }

  /** Throws `wrong_state` for a process that does not sleep. */
  async wake(pid: number, options?: CallOptions): Promise<void> {
    await this.caller.call('wake', { targetPid: pid }, { ...options, follows: 'always' });
  }

  /**
   * Keeps a state for the next incarnation of this process, in place of the one before: its
   * `ctx.savedState`. At most 8 MiB. What `onShutdown` returns takes its place.
   */
  async checkpoint(state: Payload, options?: CallOptions): Promise<void> {
    await this.caller.call('checkpoint', { state: bytesOf(state) }, options);
  }

  /** Moves a process, with all below it, under another parent. */
  async reparent(pid: number, parent: number, options?: CallOptions): Promise<void> {
    await this.caller.call('reparent', { targetPid: pid, parentPid: parent }, options);
  }

  async #complete(
    pid: number,
    result: ExitResult,
    options: CallOptions | undefined,
  ): Promise<void> {
    const { exitCode = 0, output = '' } = result;
    await this.caller.call('exit', { pid, exitCode, output }, options);
  }

  async #wait(
    { pid: targetPid, peek }: { readonly pid: number; readonly peek: boolean },
    options: CallOptions,
  ): Promise<ChildExit> {
    const value = { targetPid, timeoutSeconds: wireSeconds(options.timeoutMs), peek };
    const follows = 'unless-cancelled-before';
    const reply = await this.caller.call('waitChild', value, { ...options, follows });
    refuseIf(!reply.success, reply);
    return exitFromWire(reply);
  }
}

function exitFromWire(reply: wire.WaitChildResponse): ChildExit {
  const { pid, name, exitCode, output, cause } = reply;
  return { pid, name, exitCode, output, cause };
}

// The runtime of the process tier: carries out the kernel's effects on OS processes and reports
// what comes of them as facts. No rule of the kernel is here, and no state that outlives the
// daemon.
//   P10. A stop is always answered by a report, also for a process that is not there.
//   An effect for another incarnation than the one that runs is passed over: it came too late.
//   S5. A start waits for the burial of the incarnation before it.

import type { Effect, Fact, Pid } from '@hivekernel/kernel';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { World } from '../journal/host.ts';
import { AgentProcess } from './agent-process.ts';
import { callHandlers } from './call-handlers.ts';
import { Heartbeats } from './heartbeat.ts';
import { endStrays } from './os/strays.ts';
import { AgentStarter } from './os/agent-starter.ts';
import { compileCacheOf, prepareDirectories, socketName } from './directories.ts';
import type { ProcessSurroundings } from './process-surroundings.ts';
import { Reaper } from './reaper/reaper.ts';
import { RUNTIME_LIMITS } from './runtime-limits.ts';
import type { RuntimeOptions } from './runtime-options.ts';
import { StartGate } from './start-gate.ts';
import { noDump } from './work/dump-desk.ts';

type EffectOf<D extends Effect['do']> = Extract<Effect, { do: D }>;

export class Runtime implements World {
  readonly #options: RuntimeOptions;
  readonly #processes = new Map<Pid, AgentProcess>();
  readonly #reaper: Reaper;
  readonly #heartbeats: Heartbeats;
  readonly #around: ProcessSurroundings;
  #isRunning = false;
  /** Starts and stops of the service take their turns. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: RuntimeOptions) {
    this.#options = options;
    const { heartbeatIntervalMs: intervalMs, unresponsiveAfterMs } = options;
    this.#heartbeats = new Heartbeats({ intervalMs, unresponsiveAfterMs });
    this.#reaper = new Reaper({
      nodePath: options.nodePath,
      env: { NODE_COMPILE_CACHE: compileCacheOf(options.dataDir) },
      runtimeDir: options.runtimeDir,
      graceMs: Math.max(0, options.kernelDeathGraceMs - RUNTIME_LIMITS.reaperLeadMs),
      onDied: ({ message, isFinal }) => {
        const { logger } = options;
        if (isFinal) logger.error({}, `${message}; it is not started again`);
        else logger.warn({}, `${message}; another is started`);
      },
    });
    this.#around = this.#makeSurroundings();
  }

  /** How many processes have an OS process, or are about to. */
  get size(): number {
    return this.#processes.size;
  }

  /** Of the process that ends all agents when the daemon dies. */
  get reaperPid(): number | undefined {
    return this.#reaper.osPid;
  }

  /** Throws when its directories cannot be used, or the reaper not be started. */
  startService(): Promise<void> {
    return this.#takeTurn(async () => {
      if (this.#isRunning) return;
      await prepareDirectories(this.#options);
      await this.#endOldStrays();
      await this.#reaper.start();
      this.#heartbeats.start();
      this.#isRunning = true;
    });
  }

  /** Kills what still runs; resolves when all of it is gone and reported. */
  stopService(): Promise<void> {
    return this.#takeTurn(async () => {
      if (!this.#isRunning) return;
      this.#isRunning = false;
      const left = [...this.#processes.values()];
      for (const process of left) process.stop({ reason: 'normal', graceMs: 0 });
      await Promise.all(left.map(({ ended }) => ended));
      this.#heartbeats.stop();
      await this.#reaper.stop();
    });
  }

  start(effect: EffectOf<'start'>): void {
    const { pid, incarnation } = effect;
    const earlier = this.#processes.get(pid);
    const refusal = this.#refusalOf(earlier);
    if (refusal !== undefined) {
      this.#tellLater({ fact: 'start_failed', pid, incarnation, error: refusal });
      return;
    }
    const after = earlier?.ended ?? Promise.resolve();
    const started = new AgentProcess({ effect, after }, this.#around);
    this.#processes.set(pid, started);
    const forget = (): void => {
      if (this.#processes.get(pid) === started) this.#processes.delete(pid);
    };
    void started.ended.then(forget); // Never rejects.
  }

  stop(effect: EffectOf<'stop'>): void {
    const { pid, incarnation } = effect;
    const found = this.#find(effect);
    if (found !== undefined) {
      found.stop(effect);
      return;
    }
    const end = { exitCode: -1, cause: 'killed', detail: 'it did not run' } as const;
    this.#tellLater({ fact: 'exited', pid, incarnation, ...end });
  }

  execute(effect: EffectOf<'execute'>): void {
    this.#find(effect)?.tasks.execute(effect);
  }

  interrupt(effect: EffectOf<'interrupt'>): void {
    this.#find(effect)?.tasks.interrupt(effect);
  }

  deliver(effect: EffectOf<'deliver'>): void {
    this.#find(effect)?.deliveries.take(effect.messages);
  }

  pause(effect: EffectOf<'pause' | 'resume'>): void {
    this.#find(effect)?.pause();
  }

  resume(effect: EffectOf<'pause' | 'resume'>): void {
    this.#find(effect)?.resume();
  }

  dump(effect: EffectOf<'dump'>): void {
    const own = this.#find(effect)?.dump() ?? Promise.resolve(noDump('it has no OS process'));
    void own.then((agent) => this.#tellDump(effect, agent)); // Never rejects.
  }

  /** Both are JSON already. */
  #tellDump({ pid, to, key, known }: EffectOf<'dump'>, agent: string): void {
    const { host } = this.#options;
    const content = host.hashedContent(Buffer.from(`{"kernel":${known},"agent":${agent}}\n`));
    host.fact({ fact: 'dumped', to, pid, key, content });
  }

  /** Of a daemon before this one: nothing else carries a link of this directory now. */
  async #endOldStrays(): Promise<void> {
    const { runtimeDir, logger } = this.#options;
    const withinMs = RUNTIME_LIMITS.groupGoneMs;
    if (await endStrays({ directory: runtimeDir }, { withinMs })) return;
    logger.error({ runtimeDir }, 'processes that agents of an earlier run left withstand SIGKILL');
  }

  #find({ pid, incarnation }: { pid: Pid; incarnation: number }): AgentProcess | undefined {
    const found = this.#processes.get(pid);
    return found?.incarnation === incarnation ? found : undefined;
  }

  #refusalOf(earlier: AgentProcess | undefined): string | undefined {
    if (!this.#isRunning) return 'the kernel is stopping';
    if (earlier === undefined || earlier.isEnding) return undefined;
    return `process ${earlier.pid} still runs`;
  }

  /** Not in the turn of the effect: the kernel is in the middle of a pass. */
  #tellLater(fact: Fact): void {
    queueMicrotask(() => this.#options.host.fact(fact));
  }

  #takeTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #makeSurroundings(): ProcessSurroundings {
    const options = this.#options;
    const { host, runtimeDir, dataDir, startTimeoutMs, ackTimeoutMs, kernelVersion, bootId } =
      options;
    return {
      host,
      starter: new AgentStarter(options, this.#reaper),
      gate: new StartGate(RUNTIME_LIMITS.startsAtOncePerCore * availableParallelism()),
      heartbeats: this.#heartbeats,
      greeting: { kernelVersion, bootId },
      startTimeoutMs,
      ackTimeoutMs,
      reconnectMs: options.reconnectMs ?? RUNTIME_LIMITS.reconnectMs,
      linkPathOf: (who) => join(runtimeDir, socketName(who)),
      logPathOf: (pid) => join(dataDir, 'logs', `${pid}.log`),
      callHandlers: (who) => callHandlers(who, options),
    };
  }
}

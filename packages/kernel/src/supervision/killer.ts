// The killer: ends a process or a subtree, and answers when nothing of it is left.
//   P10. All of it is `stopping` first, so that nobody in it spawns any more; then leaves go
//        before their parents; the answer comes after the last OS process is gone.
//   P8. Killed means dead, result -1. Killing a dead one succeeds again.
//   S3, DESIGN §4. Groups and a clean stop of the kernel spare who comes back.

import { KernelError } from '../errors.ts';
import type { BodyOf, CallRef } from '../events/event.ts';
import type { EffectQueue } from '../events/effects.ts';
import type { Log } from '../events/log.ts';
import type { ShutdownReason } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import type { Guard } from '../permissions/guard.ts';
import type { ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { leavesFirst } from '../process/tree.ts';
import { move } from '../scheduler/activity.ts';
import { hasLeft, type KillRecord, type KillTable } from './kill-table.ts';
import type { Life, LifeListener } from './life.ts';
import { AFTERMATH, comesBack } from './restart-policy.ts';
import { resultOf, type WaitReport } from './results.ts';

export interface KillOrder {
  readonly reason: ShutdownReason;
  readonly graceMs: number;
}

type Begin = Omit<BodyOf<'kill.began'>, 'root' | 'targets'>;

export class Killer implements LifeListener {
  readonly #log: Log;
  readonly #guard: Guard;
  readonly #table: ProcessTable;
  readonly #kills: KillTable;
  readonly #effects: EffectQueue;
  readonly #life: Life;
  /** All of a group are down. */
  readonly #onGroupDown: (spared: readonly Pid[], delayMs: number) => void;
  /** Whose turn it is to be stopped; empty between inputs. */
  readonly #due: [KillRecord, ProcessRecord][] = [];
  #isStopping = false;

  constructor(options: {
    log: Log;
    guard: Guard;
    table: ProcessTable;
    kills: KillTable;
    effects: EffectQueue;
    life: Life;
    onGroupDown: (spared: readonly Pid[], delayMs: number) => void;
  }) {
    this.#log = options.log;
    this.#guard = options.guard;
    this.#table = options.table;
    this.#kills = options.kills;
    this.#effects = options.effects;
    this.#life = options.life;
    this.#onGroupDown = options.onGroupDown;
  }

  /** The pids at once when nothing had to be stopped; otherwise the reply is owed to `ref`. */
  kill(
    caller: ProcessRecord,
    target: ProcessRecord,
    order: KillOrder & { isRecursive: boolean; ref: CallRef | null },
  ): readonly Pid[] | undefined {
    this.check(caller, target);
    const all = order.isRecursive ? leavesFirst(target) : [target];
    const living = all.filter((record) => isLive(record.state));
    this.#buryZombies(all);
    if (living.length === 0) return [target.pid];
    const { reason, graceMs, ref } = order;
    this.begin(target, living, { reason, graceMs, owed: ref });
    return undefined;
  }

  /** Throws why the caller may not kill it. */
  check(caller: ProcessRecord, target: ProcessRecord): void {
    if (target.parent === undefined) {
      throw new KernelError('permission_denied', 'denied: the king cannot be killed (P2).');
    }
    if (caller === target) {
      throw new KernelError('invalid_argument', 'A process ends itself by exit, not by kill.');
    }
    this.#guard.requireAccess(caller, 'kill', target);
  }

  /**
   * S8: ends all below `target`, and gives their results, leaves first; owed to `ref` when
   * something had to be stopped.
   */
  collapse(
    target: ProcessRecord,
    order: KillOrder & { ref: CallRef },
  ): readonly WaitReport[] | undefined {
    const all = leavesFirst(target).filter((record) => record !== target);
    const living = all.filter((record) => isLive(record.state));
    const collapse = all.filter((record) => !record.isCollected).map(({ pid }) => pid);
    if (living.length === 0) return this.#takeResults(collapse, new Set());
    const { reason, graceMs, ref } = order;
    this.begin(target, living, { reason, graceMs, owed: ref, collapse });
    return undefined;
  }

  /** A clean stop of the kernel: what has a runtime loses it, leaves first. */
  stopAll(graceMs: number): void {
    const running = leavesFirst(this.#table.king).filter(
      (record) => record.isLaunched && isLive(record.state) && !this.#fallsAsleep(record),
    );
    if (running.length === 0) return;
    const back = running.filter((record) => this.#isSuspended(record));
    for (const record of back) this.#suspend(record);
    this.begin(this.#table.king, running, {
      reason: 'normal',
      graceMs,
      owed: null,
      spared: back.map(({ pid }) => pid),
      spareFor: 'next_boot',
    });
  }

  /** Who was on its way up, and would not come back by itself, sleeps until there is a kernel. */
  #suspend({ pid, spec, state, halting }: ProcessRecord): void {
    const next = state === 'starting' && !comesBack(spec.restart) ? 'sleep' : 'restart';
    const owed = halting?.owed;
    const halt = { cause: 'kernel_stopped', detail: 'the kernel stopped', next } as const;
    this.#log.emit('process.halting', { pid, ...halt, ...(owed && { owed }) });
  }

  /** It is on its way down already, and stays asleep over the stop (S7). */
  #fallsAsleep({ pid, halting, exiting }: ProcessRecord): boolean {
    return halting?.next === 'sleep' && exiting === undefined && !this.#kills.dooms(pid);
  }

  /**
   * Its end is the kernel's alone: neither itself nor a kill or a limit wants it. At the next boot
   * it comes back, or waits for its parent's decision, as after a crash of the kernel. Who is just
   * being woken or started again has something to do, whatever its policy.
   */
  #isSuspended({ pid, spec, state, wasReady, halting, exiting }: ProcessRecord): boolean {
    const isEnding = exiting !== undefined || halting?.next === 'end' || this.#kills.dooms(pid);
    const isMeantTo = AFTERMATH[spec.restart].crashed !== 'end' || state === 'starting';
    return wasReady && isMeantTo && !isEnding;
  }

  /** `living`: leaves first. Each is a target; who is spared has its halt already. */
  begin(root: ProcessRecord, living: readonly ProcessRecord[], how: Begin): void {
    for (let i = living.length - 1; i >= 0; i -= 1) {
      const record = living[i] as ProcessRecord;
      if (record.state !== 'stopping') move(this.#log, record, { event: 'stop' });
    }
    const targets = living.map((record) => record.pid);
    const kill = this.#log.emit('kill.began', { root: root.pid, targets, ...how });
    const record = this.#kills.byId.get(kill) as KillRecord;
    for (const one of living) if (!hasLeft(record, one)) this.#due.push([record, one]);
    this.#stopDue();
  }

  onExited(record: ProcessRecord): void {
    for (const kill of [...this.#kills.of(record.pid)]) this.#advance(kill, record);
  }

  /** A process of the kill is gone: its parent may be next, and the last one ends the kill. */
  #advance(kill: KillRecord, exited: ProcessRecord): void {
    if (kill.left.size === 0) {
      this.#end(kill);
      return;
    }
    const parent = exited.parent;
    if (parent === undefined || !kill.left.has(parent.pid)) return;
    if (!hasLeft(kill, parent)) this.#due.push([kill, parent]);
    this.#stopDue();
  }

  /**
   * A virtual process ends as it is stopped, which makes its parent due: one loop, however deep.
   */
  #stopDue(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    // It grows as it is walked.
    for (const [kill, record] of this.#due) {
      if (!isLive(record.state) || !kill.left.has(record.pid)) continue;
      this.#life.stop(record, { reason: kill.reason, graceMs: this.#graceLeft(kill) });
    }
    this.#due.length = 0;
    this.#isStopping = false;
  }

  /**
   * P10: one grace for the whole kill, however deep. Whose turn comes late still has a moment to
   * save its state, as long as the whole is not much later for it.
   */
  #graceLeft({ graceMs, beganMonoMs }: KillRecord): number {
    const leftMs = beganMonoMs + graceMs - this.#log.monoMs;
    if (leftMs >= LATE_GRACE_MS) return leftMs;
    return leftMs > -LATE_MS_MAX ? Math.min(graceMs, LATE_GRACE_MS) : 0;
  }

  #end(kill: KillRecord): void {
    if (!this.#kills.byId.has(kill.kill)) return;
    this.#log.emit('kill.ended', { kill: kill.kill, root: kill.root });
    if (kill.spareFor === 'restart') this.#onGroupDown(kill.spared ?? [], kill.delayMs ?? 0);
    if (kill.owed === null) return;
    const value =
      kill.collapse === undefined
        ? { killed: kill.targets }
        : { results: this.#takeResults(kill.collapse, new Set(kill.targets)) };
    this.#effects.push({ do: 'reply', to: kill.owed, result: { ok: true, value } });
  }

  #takeResults(pids: readonly Pid[], ended: ReadonlySet<Pid>): WaitReport[] {
    const results: WaitReport[] = [];
    for (const pid of pids) {
      const record = this.#table.find(pid);
      if (record === undefined || record.isCollected || isLive(record.state)) continue;
      const result = resultOf(record);
      const isCutOff = ended.has(pid) && result.cause !== 'done';
      results.push(isCutOff ? { ...result, exitCode: -1, output: COLLAPSED } : result);
      this.#life.collect(record, false);
    }
    return results;
  }

  #buryZombies(records: readonly ProcessRecord[]): void {
    for (const record of records) {
      if (record.state === 'zombie') this.#life.collect(record, false);
    }
  }
}

const COLLAPSED = 'branch collapsed';
const LATE_GRACE_MS = 100;
const LATE_MS_MAX = 400;

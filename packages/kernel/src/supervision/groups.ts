// Groups: the siblings that go down and come up with a process that is restarted (S3).
//   S3. one_for_all: all siblings that were ready once; rest_for_one: those spawned after it.
//       Virtual and sleeping ones have nothing that runs, and stay as they are; temporary ones end.
//   P9. What is below any of them is ended, not adopted: the group starts afresh.

import type { Log } from '../events/log.ts';
import { isVirtual, describeProcess, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import { leavesFirst } from '../process/tree.ts';
import type { KernelSettings } from '../settings.ts';
import type { Killer } from './killer.ts';

export class Groups {
  readonly #log: Log;
  readonly #killer: () => Killer;
  readonly #graceMs: number;

  constructor(options: { log: Log; killer: () => Killer; settings: KernelSettings }) {
    this.#log = options.log;
    this.#killer = options.killer;
    this.#graceMs = options.settings.termGraceMs;
  }

  /** Does its restart concern others? */
  wouldTakeDown(record: ProcessRecord): boolean {
    return fellowsOf(record).length > 0;
  }

  /** Stops them; when all are down, the killer says so, and they start `delayMs` later. */
  takeDown(trigger: ProcessRecord, delayMs: number): void {
    const fellows = fellowsOf(trigger);
    const spared = fellows.filter(({ spec }) => spec.restart !== 'temporary');
    const detail = `it restarts with ${describeProcess(trigger)}`;
    const halt = { cause: 'restarted', detail, next: 'restart' } as const;
    for (const { pid } of spared) this.#log.emit('process.halting', { pid, ...halt });
    const living = [trigger, ...fellows]
      .flatMap(leavesFirst)
      .filter((record) => record !== trigger && isLive(record.state));
    this.#killer().begin(trigger.parent as ProcessRecord, living, {
      reason: 'normal',
      graceMs: this.#graceMs,
      owed: null,
      spared: [...spared, trigger].map(({ pid }) => pid).sort((a, b) => a - b),
      spareFor: 'restart',
      delayMs,
    });
  }
}

function fellowsOf(record: ProcessRecord): ProcessRecord[] {
  const strategy = record.parent?.spec.strategy ?? 'one_for_one';
  if (strategy === 'one_for_one') return [];
  const siblings = [...(record.parent?.children.values() ?? [])];
  return siblings.filter(
    (sibling) =>
      sibling !== record &&
      isLive(sibling.state) &&
      sibling.state !== 'stopping' &&
      sibling.state !== 'sleeping' &&
      !isVirtual(sibling) &&
      sibling.wasReady &&
      (strategy === 'one_for_all' || sibling.pid > record.pid),
  );
}

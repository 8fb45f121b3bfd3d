// Mover: gives a process, with all below it, another parent.
//   P11. Needs `manage_tree` and the same user; never the king, never under itself or its own
//        descendant; tier, role and max_children are checked as at a spawn (P5); SIGHUP to the
//        moved one. Its address stays (P7); its budget stays its own and is accounted under the new
//        parent.
//   P9. At boot, who has a parent that is gone for good goes to the nearest living ancestor.

import { KernelError } from '../errors.ts';
import type { Log } from '../events/log.ts';
import type { Pid } from '../ids.ts';
import type { Broker } from '../ipc/broker.ts';
import type { Guard } from '../permissions/guard.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { checkChild } from '../process/spawn-rules.ts';
import { isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { heightOf, isAncestor } from '../process/tree.ts';
import type { KernelSettings } from '../settings.ts';
import type { Life } from './life.ts';

export class Mover {
  readonly #log: Log;
  readonly #guard: Guard;
  readonly #table: ProcessTable;
  readonly #broker: Broker;
  readonly #life: Life;
  readonly #settings: KernelSettings;
  /** Who were parent and child, and are not any more. */
  readonly #onMoved: (child: Pid, parent: Pid) => void;

  constructor(options: {
    log: Log;
    guard: Guard;
    table: ProcessTable;
    broker: Broker;
    life: Life;
    settings: KernelSettings;
    onMoved: (child: Pid, parent: Pid) => void;
  }) {
    this.#log = options.log;
    this.#guard = options.guard;
    this.#table = options.table;
    this.#broker = options.broker;
    this.#life = options.life;
    this.#settings = options.settings;
    this.#onMoved = options.onMoved;
  }

  /** Throws `permission_denied`, `invalid_argument`, `wrong_state` or `limit_exceeded`. */
  reparent(caller: ProcessRecord, target: ProcessRecord, parent: ProcessRecord): void {
    this.#guard.requireCapability(caller, 'manage_tree');
    requireUser(caller, target, parent);
    checkMove(target, parent);
    if (target.parent === parent) return;
    const mayOutrank = this.#settings.spawnOutrank === 'allow';
    const { role, tier } = target.spec;
    checkChild({ parent, role, tier, mayOutrank, below: heightOf(target), what: 'move' });
    this.#move(target, parent);
  }

  /** At boot. */
  adoptOrphans(): void {
    for (const record of this.#table.byPid.values()) {
      if (record.parent?.isGone !== true || record.isGone) continue;
      this.#move(record, this.#table.require(this.#life.heirOf(record)));
    }
  }

  #move(target: ProcessRecord, parent: ProcessRecord): void {
    const from = target.parent?.pid ?? this.#table.king.pid;
    this.#log.emit('process.reparented', { pid: target.pid, from, to: parent.pid });
    this.#onMoved(target.pid, from);
    this.#broker.signal(target, { signal: 'HUP', ppid: parent.pid });
  }
}

function requireUser(caller: ProcessRecord, target: ProcessRecord, parent: ProcessRecord): void {
  const isKing = caller.parent === undefined;
  const { user } = target.spec;
  const isSame = parent.parent === undefined || parent.spec.user === user;
  if ((isKing || caller.spec.user === user) && isSame) return;
  throw new KernelError(
    'permission_denied',
    `denied: ${describeProcess(target)} belongs to user "${user}"; a process moves only ` +
      'within its user, by the same user (P11).',
    { details: { pid: target.pid } },
  );
}

function checkMove(target: ProcessRecord, parent: ProcessRecord): void {
  if (target.parent === undefined) {
    throw new KernelError('permission_denied', 'denied: the king has no parent (P2, P11).');
  }
  if (target === parent || isAncestor(target, parent)) {
    throw new KernelError(
      'invalid_argument',
      `${describeProcess(parent)} is ${describeProcess(target)} or below it: ` +
        'that would be a circle (P11).',
      { details: { pid: target.pid, parent: parent.pid } },
    );
  }
  if (isLive(target.state) && target.state !== 'stopping') return;
  throw new KernelError(
    'wrong_state',
    `${describeProcess(target)} is ${target.state} and is not moved (P11).`,
    { details: { pid: target.pid, state: target.state } },
  );
}

// Grants and revocations (A3): the fold of who was given what, and who may give it.
//   A3. Both hold at once. An ancestor that holds a capability may hand it on, the operator any;
//       so what goes beyond a role's default comes from one who has it.
//   A4. Each is an event, with who did it; what changes nothing is none.

import { KernelError } from '../errors.ts';
import type { Handlers } from '../events/fold.ts';
import type { Log } from '../events/log.ts';
import type { Capability } from '../events/words.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { touch, type ProcessTable } from '../process/table.ts';
import { isAncestor } from '../process/tree.ts';
import { holds, revokedAt, whyNot } from './capabilities.ts';

/** Folded into the records. */
export const grantHandlers = (table: ProcessTable): Handlers => ({
  'capability.granted': (event) => {
    const record = table.require(event.body.pid);
    record.grants.set(event.body.capability, 'granted');
    touch(record, event);
  },
  'capability.revoked': (event) => {
    const record = table.require(event.body.pid);
    record.grants.set(event.body.capability, 'revoked');
    touch(record, event);
  },
});

export class Grantor {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Throws `permission_denied`; `wrong_state` while it is revoked from somebody above. */
  grant(by: ProcessRecord, to: ProcessRecord, capability: Capability): void {
    requireAbove(by, to);
    const why = whyNot(by, capability);
    if (why !== undefined) {
      throw refused(to, capability, `${describeProcess(by)} does not hold it itself: ${why}`);
    }
    const above = to.parent && revokedAt(to.parent, capability);
    if (above !== undefined) {
      throw new KernelError(
        'wrong_state',
        `${capability} is revoked from ${describeProcess(above)}, and so from all below it (A3). ` +
          `Grant it there first: hive cap grant ${above.pid} ${capability}.`,
        { details: { pid: above.pid, capability } },
      );
    }
    if (holds(to, capability)) return;
    this.#log.emit('capability.granted', { pid: to.pid, capability });
  }

  revoke(by: ProcessRecord, from: ProcessRecord, capability: Capability): void {
    requireAbove(by, from);
    if (from.grants.get(capability) === 'revoked') return;
    this.#log.emit('capability.revoked', { pid: from.pid, capability });
  }

  /** At birth: what its parent hands on, or the configuration gives; asked before. */
  endow(to: ProcessRecord, capabilities: readonly Capability[]): void {
    for (const capability of capabilities) {
      if (!holds(to, capability)) this.#log.emit('capability.granted', { pid: to.pid, capability });
    }
  }
}

/** Nobody gives to itself, and nobody takes from itself or from those above. */
function requireAbove(by: ProcessRecord, target: ProcessRecord): void {
  if (target.parent === undefined) {
    throw new KernelError('permission_denied', 'denied: the king holds everything, always (A3).');
  }
  if (isAncestor(by, target)) return;
  throw new KernelError(
    'permission_denied',
    `denied: only its ancestors and the operator give to ${describeProcess(target)}, or take ` +
      'from it (A3).',
    { details: { pid: target.pid } },
  );
}

const refused = (to: ProcessRecord, capability: Capability, why: string): KernelError =>
  new KernelError(
    'permission_denied',
    `denied: ${capability} is not handed on to ${describeProcess(to)}: ${why} (A3).`,
    { details: { pid: to.pid, capability } },
  );

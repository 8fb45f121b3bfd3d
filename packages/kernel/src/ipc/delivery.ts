// Delivery: gives a process with a link what waits for it, within the window of M6, in the order of
// M4. Volatile throughout: what was under way when a link went waits again.
//   M9. Nothing to who takes its mail by itself.
//   M6. At least once: a message leaves the inbox only by an acknowledgement. In order within a
//       lane: no delivery leaves before an earlier one to the same process.

import { LIMITS } from '../limits.ts';
import type { Delivery, EffectQueue } from '../events/effects.ts';
import type { Pid } from '../ids.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { deliveryOf } from './delivery-view.ts';
import type { PostOffice } from './post-office.ts';

export class Deliverer {
  readonly #table: ProcessTable;
  readonly #office: PostOffice;
  readonly #effects: EffectQueue;
  readonly #isSubscribed: (pid: Pid) => boolean;
  /** Processes that have something new since the last flush; one delivery a pass for each. */
  readonly #waiting = new Set<Pid>();

  constructor(options: {
    table: ProcessTable;
    office: PostOffice;
    effects: EffectQueue;
    isSubscribed: (pid: Pid) => boolean;
  }) {
    this.#table = options.table;
    this.#office = options.office;
    this.#effects = options.effects;
    this.#isSubscribed = options.isSubscribed;
  }

  note = (pid: Pid): void => {
    this.#waiting.add(pid);
  };

  /** At the end of a pass: hands out what may go. */
  flush(): void {
    if (this.#waiting.size === 0) return;
    for (const pid of this.#waiting) {
      const record = this.#table.find(pid);
      if (record === undefined || !canReceive(record) || this.#isSubscribed(pid)) continue;
      this.#deliver(record);
    }
    this.#waiting.clear();
  }

  /** Its link is new or gone: everything unacknowledged waits again. */
  reset(pid: Pid): void {
    this.#office.resetDelivery(pid);
    this.note(pid);
  }

  #deliver(record: ProcessRecord): void {
    const box = this.#office.box(record.pid);
    if (box === undefined) return;
    const messages: Delivery[] = [];
    while (messages.length < LIMITS.deliveryWindowMessages) {
      const message = box.takeNext();
      if (message === undefined) break;
      messages.push(deliveryOf(message, this.#table));
      if (message.seq > box.deliveryGate) box.deliveryGate = message.seq;
    }
    if (messages.length === 0) return;
    const { pid, incarnation } = record;
    // D3: each message's own event must be durable; acknowledgements of others need not be. M6: the
    // messages of this delivery may be older than those of one that still waits.
    this.#effects.pushAfter(box.deliveryGate, { do: 'deliver', pid, incarnation, messages });
  }
}

const canReceive = (record: ProcessRecord): boolean =>
  record.spec.image !== '' &&
  (record.state === 'idle' || record.state === 'running' || record.state === 'blocked');

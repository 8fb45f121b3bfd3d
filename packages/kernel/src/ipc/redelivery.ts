// Redelivery: what becomes of messages whose delivery failed, that is, ended without a word of the
// receiver. Which failed is the runtime's to tell; a receiver that refuses has spoken
// (message-ends.ts).
//   M6. Their lane stops and goes on with the same ids, in order, after 1 s x 2^n; after so many
//       tries its head goes to the dead letters and the lane goes on. No other lane waits.
//   Tries count against the oldest that failed, until it is out of the inbox; they are durable.
//   That a lane stands still is volatile, and follows from them.

import type { Log } from '../events/log.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { MessageId, Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import type { KernelSettings } from '../settings.ts';
import type { OnWaiting } from './broker.ts';
import { laneKey, type LaneName } from './lanes.ts';
import type { Mailbox, Message } from './mailbox.ts';
import type { MessageEnds } from './message-ends.ts';
import type { PostOffice } from './post-office.ts';

export class Redelivery {
  readonly #log: Log;
  readonly #office: PostOffice;
  readonly #timers: Timers;
  readonly #ends: MessageEnds;
  readonly #onWaiting: OnWaiting;
  readonly #settings: Pick<KernelSettings, 'deliveryTriesMax' | 'deliveryRetryMs'>;
  /** Of lanes that stand still, by receiver and lane. */
  readonly #pauses = new Map<string, Timer>();

  constructor(options: {
    log: Log;
    office: PostOffice;
    timers: Timers;
    ends: MessageEnds;
    onWaiting: OnWaiting;
    settings: Pick<KernelSettings, 'deliveryTriesMax' | 'deliveryRetryMs'>;
  }) {
    this.#log = options.log;
    this.#office = options.office;
    this.#timers = options.timers;
    this.#ends = options.ends;
    this.#onWaiting = options.onWaiting;
    this.#settings = options.settings;
  }

  /** What is not under way by now is passed over: it was acknowledged, or waits anyhow. */
  failed(pid: Pid, messages: readonly MessageId[], why: string): void {
    const box = this.#office.box(pid);
    if (box === undefined) return;
    for (const oldest of oldestByLane(box, messages)) this.#failedIn(box, oldest, why);
  }

  /** At a restore. */
  rearm(): void {
    for (const [pid, box] of this.#office.boxes) {
      for (const retry of box.retries.values()) {
        if (retry.untilMonoMs > this.#log.monoMs) this.#pause(pid, retry, retry.untilMonoMs);
      }
    }
  }

  #failedIn(box: Mailbox, failed: Message, why: string): void {
    const { to: pid, from, priority } = failed;
    const known = box.retries.get(laneKey(failed));
    // M9. What a subscriber has by now is tried by nobody else.
    const retry = known !== undefined && isWithSubscriber(box, known.head) ? undefined : known;
    const head = Math.min(retry?.head ?? failed.message, failed.message) as MessageId;
    const tries = (retry?.tries ?? 0) + 1;
    if (tries >= this.#settings.deliveryTriesMax) {
      this.#giveUp(box.get(head) ?? failed);
      return;
    }
    const waitMs = Math.min(
      this.#settings.deliveryRetryMs * 2 ** (tries - 1),
      LIMITS.deliveryPauseMsMax,
    );
    const untilMonoMs = this.#log.monoMs + waitMs;
    this.#log.emit('message.delayed', { pid, from, priority, head, tries, untilMonoMs, why });
    this.#pause(pid, { from, priority }, untilMonoMs);
  }

  /** What failed behind it is given again at once, in order, and has tries of its own. */
  #giveUp(head: Message): void {
    this.#office.haltLane(head.to, head);
    this.#ends.undeliverable(head);
    this.#resume(head.to, head);
  }

  #pause(pid: Pid, { from, priority }: LaneName, untilMonoMs: number): void {
    const lane: LaneName = { from, priority };
    const key = pauseKey(pid, lane);
    this.#timers.cancel(this.#pauses.get(key));
    this.#office.haltLane(pid, lane);
    this.#pauses.set(
      key,
      this.#timers.arm(untilMonoMs, () => this.#resume(pid, lane)),
    );
  }

  #resume(pid: Pid, lane: LaneName): void {
    const key = pauseKey(pid, lane);
    this.#timers.cancel(this.#pauses.get(key));
    this.#pauses.delete(key);
    this.#office.box(pid)?.startLane(lane);
    this.#onWaiting(pid);
  }
}

const isWithSubscriber = (box: Mailbox, id: MessageId): boolean =>
  box.isInHand(id) && !box.isUnderWay(id);

const pauseKey = (pid: Pid, lane: LaneName): string => `${pid} ${laneKey(lane)}`;

function oldestByLane(box: Mailbox, messages: readonly MessageId[]): Message[] {
  const oldest = new Map<string, Message>();
  for (const id of messages) {
    const message = box.get(id);
    if (message === undefined || !box.isUnderWay(id)) continue;
    const lane = laneKey(message);
    const known = oldest.get(lane);
    if (known === undefined || message.message < known.message) oldest.set(lane, message);
  }
  return [...oldest.values()];
}

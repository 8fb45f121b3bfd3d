// The post office: every mailbox, and the fold of the `message.*` events. It records; the broker
// decides.
//   M7. A message with a TTL has a timer, made anew at a restore.
//   P8. A process that is gone leaves its inbox to its dead letters, which stay as long as its
//       record does.

import type { EventOf } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { Timer, Timers } from '../events/timers.ts';
import type { Pid } from '../ids.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { laneKey, type LaneName } from './lanes.ts';
import { Mailbox, type DeadLetter, type Message, type Retry } from './mailbox.ts';

/** What a snapshot holds of a mailbox. */
export interface KeptMail {
  readonly waiting: readonly Message[];
  readonly dead: readonly DeadLetter[];
  readonly retries: readonly Retry[];
}

export class PostOffice {
  readonly #timers: Timers;
  /** M4: of the boot that the events are of. */
  agingMsPerLevel = DEFAULT_SETTINGS.agingMsPerLevel;
  readonly boxes = new Map<Pid, Mailbox>();
  /** All that waits anywhere. */
  queued = 0;
  /** What to do when a TTL runs out: the broker's to decide. */
  readonly #onExpired: (message: Message) => void;

  constructor(options: { timers: Timers; onExpired: (message: Message) => void }) {
    this.#timers = options.timers;
    this.#onExpired = options.onExpired;
  }

  box(pid: Pid): Mailbox | undefined {
    return this.boxes.get(pid);
  }

  openBox(pid: Pid): Mailbox {
    let box = this.boxes.get(pid);
    if (box === undefined) {
      box = new Mailbox();
      this.boxes.set(pid, box);
    }
    return box;
  }

  depth(pid: Pid): number {
    return this.boxes.get(pid)?.depth ?? 0;
  }

  handlers(): Handlers {
    return {
      'kernel.booted': ({ body }) => {
        this.agingMsPerLevel = body.rules.agingMsPerLevel;
      },
      'message.sent': (event) => this.#sent(event),
      'message.acked': (event) => {
        for (const id of event.body.messages) this.#remove(event.body.pid, id);
      },
      'message.dropped': (event) => {
        const message = this.#remove(event.body.pid, event.body.message);
        if (message !== undefined && event.body.toDeadLetters) {
          this.openBox(event.body.pid).bury(message, event.body.why);
        }
      },
      'message.delayed': ({ body }) => {
        const { pid, why: _, ...retry } = body;
        this.openBox(pid).retries.set(laneKey(retry), retry);
      },
      'letter.removed': ({ body }) => this.boxes.get(body.pid)?.removeLetter(body.message),
      'process.gone': (event) => {
        const box = this.boxes.get(event.body.pid);
        if (box === undefined) return;
        for (const message of box.inOrder()) {
          this.#remove(event.body.pid, message.message);
          box.bury(message, 'receiver_gone');
        }
      },
      'process.removed': (event) => this.#close(event.body.pid),
      'process.start_failed': (event) => this.#close(event.body.pid),
    };
  }

  /** The link of a process is new or gone: all that is unacknowledged waits again. */
  resetDelivery(pid: Pid): void {
    this.boxes.get(pid)?.resetDelivery(this.arm);
  }

  /** M6: the lane stands still until it is started. */
  haltLane(pid: Pid, lane: LaneName): void {
    this.boxes.get(pid)?.haltLane(lane, this.arm);
  }

  /** M7: for what waits, or waits again. */
  readonly arm = (message: Message): Timer =>
    this.#timers.arm(message.expiresMonoMs, () => this.#onExpired(message));

  /** At a restore. */
  restore(pid: Pid, kept: KeptMail): void {
    const box = this.openBox(pid);
    for (const message of kept.waiting) this.#add(box, message);
    box.deadLetters.push(...kept.dead);
    for (const retry of kept.retries) box.retries.set(laneKey(retry), retry);
  }

  #sent(event: EventOf<'message.sent'>): void {
    const body = event.body;
    const key = body.priority * this.agingMsPerLevel + event.monoMs;
    const message: Message = {
      message: body.message,
      from: body.from,
      fromName: body.fromName,
      to: body.to,
      toName: body.toName,
      relation: body.relation,
      priority: body.priority,
      type: body.type,
      content: body.content,
      requiresAck: body.requiresAck,
      expiresMonoMs: body.expiresMonoMs,
      replyTo: body.replyTo,
      isCopy: body.isCopy,
      seq: event.seq,
      by: event.by,
      wallMs: event.wallMs,
      key,
    };
    const { about, deadlineMs, origin } = body;
    const isPlain = about === undefined && deadlineMs === undefined && origin === undefined;
    const whole = isPlain
      ? message
      : {
          ...message,
          ...(about !== undefined && { about }),
          ...(deadlineMs !== undefined && { deadlineMs }),
          ...(origin !== undefined && { origin }),
        };
    this.#add(this.openBox(body.to), whole);
  }

  #add(box: Mailbox, message: Message): void {
    box.add(message, message.expiresMonoMs > 0 ? this.arm(message) : undefined);
    this.queued += 1;
  }

  #remove(pid: Pid, id: Message['message']): Message | undefined {
    const removed = this.boxes.get(pid)?.remove(id);
    if (removed === undefined) return undefined;
    this.#timers.cancel(removed.expiry);
    this.queued -= 1;
    return removed.message;
  }

  #close(pid: Pid): void {
    const box = this.boxes.get(pid);
    if (box === undefined) return;
    for (const message of [...box.messages()]) this.#remove(pid, message.message);
    this.boxes.delete(pid);
  }
}

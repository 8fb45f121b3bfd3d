// The ends of messages in named queues: a consumer's word on them, a time that is over, tries
// without a word. Each ends a message once. What those of inboxes mean is in message-ends.ts, and
// what the others are told is the same (backchannel.ts).
//   M6. A consumer's ACCEPTED and QUEUED end it; REJECTED is final; ESCALATE hands it to the
//       consumer's parent. Without a word it waits again, and after so many tries it is a dead
//       letter of the queue. M7. TTL expires while it waits, and a dead letter where an end was
//       asked for.

import type { Log } from '../events/log.ts';
import { NO_PID, type MessageId, type Pid } from '../ids.ts';
import type { ProcessTable } from '../process/table.ts';
import type { KernelSettings } from '../settings.ts';
import type { Backchannel } from './backchannel.ts';
import { queuePlace, wantsReport, type End } from './end-report.ts';
import { isBuried, type Acknowledgement } from './message-ends.ts';
import type { NamedQueue, QueuedMessage } from './named-queue.ts';

export class QueueEnds {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #back: Backchannel;
  readonly #triesMax: number;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    back: Backchannel;
    settings: Pick<KernelSettings, 'deliveryTriesMax'>;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#back = options.back;
    this.#triesMax = options.settings.deliveryTriesMax;
  }

  /** The word of a consumer on messages that are in its hand, each once. */
  acknowledge(queue: NamedQueue, pid: Pid, acks: readonly Acknowledgement[]): void {
    const messages: MessageId[] = [];
    const senders: Pid[] = [];
    const ends: [QueuedMessage, End][] = [];
    for (const ack of acks) {
      const message = queue.get(ack.message);
      if (message === undefined) continue;
      const end = this.#settle(message, pid, ack);
      if (end === 'rejected')
        this.#drop(message, { pid, why: end, isDead: isBuried(message, ack) });
      else {
        messages.push(message.message);
        senders.push(message.from);
      }
      if (end !== undefined && wantsReport(message, end)) ends.push([message, end]);
      if (ack.reply !== undefined) this.#back.reply(message, this.#table.find(pid), ack.reply);
    }
    const { user, name } = queue;
    if (messages.length > 0) {
      this.#log.emit('queue.acked', { user, queue: name, pid, messages, senders });
    }
    for (const [message, end] of ends) this.#report(message, { pid, end });
  }

  /** M6: handed out to `pid`, which gave no word on it. */
  fail(queue: NamedQueue, message: QueuedMessage, how: { pid: Pid; why: string }): void {
    const { pid, why } = how;
    const { message: id, from } = message;
    const tries = queue.triesOf(id) + 1;
    if (tries >= this.#triesMax) {
      this.#drop(message, { pid, why: 'undeliverable', isDead: true });
      this.#report(message, { pid: NO_PID, end: 'undeliverable' });
      return;
    }
    const { user, name } = queue;
    this.#log.emit('queue.returned', { user, queue: name, pid, message: id, from, tries, why });
  }

  /** M7: while it waits. */
  expire(message: QueuedMessage): void {
    this.#drop(message, { pid: NO_PID, why: 'expired', isDead: message.requiresAck });
    this.#report(message, { pid: NO_PID, end: 'expired' });
  }

  /** Undefined: it is handed on, and its end is still to come. */
  #settle(
    message: QueuedMessage,
    pid: Pid,
    { status }: Acknowledgement,
  ): 'accepted' | 'queued' | 'rejected' | undefined {
    if (status !== 'escalate') return status;
    return this.#back.handOn(message, this.#table.find(pid)) ? undefined : 'rejected';
  }

  #drop(
    { user, queue, message, from }: QueuedMessage,
    how: { pid: Pid; why: 'rejected' | 'undeliverable' | 'expired'; isDead: boolean },
  ): void {
    const { pid, why, isDead: toDeadLetters } = how;
    this.#log.emit('queue.dropped', { user, queue, pid, message, from, why, toDeadLetters });
  }

  #report(message: QueuedMessage, { pid, end }: { pid: Pid; end: End }): void {
    this.#back.report(message, end, queuePlace(message.queue, this.#table.find(pid)));
  }
}

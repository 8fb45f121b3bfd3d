// The backchannel: what comes of the end of a message for others than its place: a report or a
// reply to its sender, or the message itself to the parent of who had it. The same for messages of
// inboxes and of named queues.
//   M6. A reply text is a message with `reply_to`; ESCALATE hands it to the receiver's parent; an
//       end is reported where it is to be (end-report.ts): bounded, and never in a circle.

import { KernelError } from '../errors.ts';
import type { Content } from '../events/content.ts';
import type { Log } from '../events/log.ts';
import { formatId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { relationOf } from '../process/tree.ts';
import { RELATION_PRIORITY, SIGNAL, type Broker, type OnSignalLost } from './broker.ts';
import { REPORT_TYPE, reportContent, wantsReport, type End, type EndPlace } from './end-report.ts';
import type { PostOffice } from './post-office.ts';
import type { Posted } from './posted.ts';
import { pathOf } from './route.ts';

export class Backchannel {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #office: PostOffice;
  readonly #broker: Broker;
  readonly #onReportLost: OnSignalLost;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    office: PostOffice;
    broker: Broker;
    onReportLost: OnSignalLost;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#office = options.office;
    this.#broker = options.broker;
    this.#onReportLost = options.onReportLost;
  }

  /** M6: ESCALATE. False where there is no parent of `receiver`, or it cannot take it. */
  handOn(message: Posted, receiver: ProcessRecord | undefined): boolean {
    const parent = receiver?.parent;
    if (receiver === undefined || parent === undefined) return false;
    const sender = this.#table.find(message.from) ?? receiver;
    const leftMs = Math.max(1, message.expiresMonoMs - this.#log.monoMs);
    const ttlMs = message.expiresMonoMs === 0 ? 0 : leftMs;
    const { type, priority, content, requiresAck, replyTo, deadlineMs = 0 } = message;
    const order = { type, priority, content, requiresAck, replyTo, ttlMs, deadlineMs };
    const from = sender === parent ? receiver : sender;
    const origin = message.origin ?? message.message;
    try {
      this.#broker.carry({ from, to: parent, message: order, origin });
      return true;
    } catch (error) {
      if (error instanceof KernelError) return false;
      throw error;
    }
  }

  /** Where the sender can take it; else it is passed over. */
  reply(message: Posted, from: ProcessRecord | undefined, content: Content): void {
    const to = this.#table.find(message.from);
    if (from === undefined || to === undefined || !isLive(to.state)) return;
    const box = this.#office.openBox(to.pid);
    const isTooLarge = content.bytes > LIMITS.messagePayloadBytesMax;
    if (isTooLarge || !box.hasRoomFor(content.bytes, false)) return;
    const relation = relationOf(from, to);
    const priority = RELATION_PRIORITY[relation];
    const replyTo = this.#idOf(message);
    const reply = { type: 'reply', priority, content, requiresAck: false, ttlMs: 0, replyTo };
    const path = pathOf(from, to, relation);
    this.#broker.post({ from, to, relation, message: reply, priority, isCopy: false, path });
  }

  /**
   * Nothing where its sender is not to be told. Among the mail of a sender, at most so many reports
   * wait: the oldest give way. Where there is no room at all it is lost, and that is told.
   */
  report(message: Posted, end: End, at: EndPlace): void {
    if (!wantsReport(message, end)) return;
    const to = this.#table.find(message.from);
    if (to === undefined || !isLive(to.state)) return;
    const id = this.#idOf(message);
    const content = reportContent(id, end, { type: message.type, at });
    const box = this.#office.openBox(to.pid);
    const oldest = box.reports >= LIMITS.endReportsMax ? box.oldestReport : undefined;
    if (oldest !== undefined) this.#broker.drop(oldest, 'displaced', false);
    if (!box.hasRoomFor(content.bytes, false)) {
      this.#onReportLost(to.pid, reportLost(to, { id, end }));
      return;
    }
    const report = { ...SIGNAL, type: REPORT_TYPE, replyTo: id, content };
    const from = this.#table.king;
    const relation = 'system';
    this.#broker.post({ from, to, relation, message: report, priority: 0, isCopy: false });
  }

  /** The one that its sender knows. */
  #idOf(message: Posted): string {
    return formatId('m', this.#table.partition, message.origin ?? message.message);
  }
}

const reportLost = (
  to: ProcessRecord,
  { id, end }: { id: string; end: End },
): Pick<KernelError, 'code' | 'message'> => ({
  code: 'queue_full',
  message: `The inbox of ${describeProcess(to)} had no room for the report on ${id}, ${end} (M6).`,
});

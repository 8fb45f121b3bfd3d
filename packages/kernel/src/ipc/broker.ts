// The broker: takes a message from one process to another, or refuses it. Never into nowhere (M8).
//   M1. Parent and child directly; siblings through the broker, their parent gets a copy; others by
//       way of the nearest common ancestor; a task writes to its parent only.
//   M3. Copies are LOW, live 60 s, and are the first to go when an inbox is full.
//   M4. Priority is the more urgent of the asked one and the relation's.
//   M7, M8. TTL expires with an event; dead, unknown, full and oversize are refused by name.

import { KernelError } from '../errors.ts';
import { contentOfText, type Content } from '../events/content.ts';
import type { BodyOf } from '../events/event.ts';
import type { Log } from '../events/log.ts';
import type { AckStatus, Priority, Relation } from '../events/words.ts';
import { asMessageId, formatId, type MessageId, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { describeProcess, isVirtual, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { relationOf } from '../process/tree.ts';
import type { Mailbox, Message } from './mailbox.ts';
import type { PostOffice } from './post-office.ts';

export interface OutgoingMessage {
  readonly type: string;
  readonly priority: Priority;
  readonly content: Content;
  readonly requiresAck: boolean;
  /** 0: lives until it is handled. */
  readonly ttlMs: number;
  readonly replyTo: string;
}

export const COPY_PREFIX = 'sibling_traffic:';
const COPY_TTL_MS = 60_000;

const RELATION_PRIORITY: Readonly<Record<Relation, Priority>> = {
  system: 0,
  parent: 1,
  sibling: 2,
  child: 3,
  other: 3,
};

/** What the broker tells when something waits for a process that may be delivered to it. */
export type OnWaiting = (pid: Pid) => void;
/**
 * What the broker tells when a receiver answered for a message, before that takes effect. True: who
 * is told takes care of an `escalate` itself.
 */
export type OnAcknowledged = (message: Message, ack: Acknowledgement) => boolean;

/** What the broker tells when a signal of the kernel found no room at its receiver. */
export type OnSignalLost = (to: Pid, why: Pick<KernelError, 'code' | 'message'>) => void;

/** P8, P9: a child ended; the parent is another one. */
export type Signal =
  | ({ readonly signal: 'CHLD'; readonly pid: Pid } & Readonly<Record<string, string | number>>)
  | { readonly signal: 'HUP'; readonly ppid: Pid }
  /** S1: somebody asks it to read its settings anew. */
  | { readonly signal: 'HUP'; readonly reason: string };

export class Broker {
  readonly #log: Log;
  readonly #table: ProcessTable;
  readonly #office: PostOffice;
  readonly #onWaiting: OnWaiting;
  readonly #onAcknowledged: OnAcknowledged;
  readonly #onSignalLost: OnSignalLost;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    office: PostOffice;
    onWaiting: OnWaiting;
    onAcknowledged: OnAcknowledged;
    onSignalLost: OnSignalLost;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#office = options.office;
    this.#onWaiting = options.onWaiting;
    this.#onAcknowledged = options.onAcknowledged;
    this.#onSignalLost = options.onSignalLost;
  }

  /** Accepts a message, or throws `wrong_state`, `permission_denied`, `too_large`, `queue_full`. */
  send(from: ProcessRecord, to: ProcessRecord, message: OutgoingMessage): MessageId {
    const relation = relationOf(from, to);
    if (from.spec.role === 'task' && relation !== 'child' && from !== to) {
      throw new KernelError(
        'permission_denied',
        `denied: ${describeProcess(from)} is a task and writes to its parent only (M1).`,
      );
    }
    return this.#accept({ from, to, relation, message });
  }

  /** What a process tells upwards through the kernel: M1 bounds its own messages, not these. */
  carryUp(from: ProcessRecord, to: ProcessRecord, message: OutgoingMessage): MessageId {
    return this.#accept({ from, to, relation: relationOf(from, to), message });
  }

  #accept(item: {
    from: ProcessRecord;
    to: ProcessRecord;
    relation: Relation;
    message: OutgoingMessage;
  }): MessageId {
    const { from, to, relation, message } = item;
    this.#requireReceiver(to);
    checkContent(message.content);
    this.#makeRoom(to, message.content.bytes);
    const urgent = RELATION_PRIORITY[relation];
    const priority = message.priority < urgent ? message.priority : urgent;
    const id = this.#post({ from, to, relation, message, priority, isCopy: false });
    if (relation === 'sibling' && from.parent !== undefined) {
      this.#copy(from, from.parent, message);
    }
    return id;
  }

  /**
   * P8: what the kernel itself says. It takes the place of a waiting one about the same. Where
   * there is no room, not even in the reserve, it is lost, and that is told. Virtual processes
   * acknowledge nothing: signals to them have the reserve alone, so that they never shut out other
   * mail.
   */
  signal(to: ProcessRecord, body: Signal): void {
    // One that waits undecided, or for the next boot, finds it when it comes back (S5).
    if (to.isGone || to.state === 'dead') return;
    const content = contentOfText(JSON.stringify(body));
    const box = this.#office.openBox(to.pid);
    const about = aboutOf(body);
    const earlier = box.waitingAbout(about);
    if (earlier !== undefined) this.#drop(earlier, 'coalesced', false);
    const hasRoom = isVirtual(to) ? box.hasReserve : box.hasRoomFor(content.bytes, true);
    if (!hasRoom) {
      this.#onSignalLost(to.pid, {
        code: 'queue_full',
        message:
          `The signal ${about} found no room in the inbox of ${describeProcess(to)}: ` +
          `${box.depth} messages, ${box.bytes} bytes (P8).`,
      });
      return;
    }
    const from = this.#table.king;
    const message = { ...SIGNAL, content };
    const relation = 'system';
    this.#post({ from, to, relation, message, priority: 0, isCopy: false, about });
  }

  /** The receiver's word on messages that were given to it. Unknown ids are passed over. */
  acknowledge(pid: Pid, acks: readonly Acknowledgement[]): void {
    const box = this.#office.box(pid);
    if (box === undefined) return;
    const handled: MessageId[] = [];
    const senders: Pid[] = [];
    for (const ack of acks) {
      const message = box.get(ack.message);
      // Not asked: is it under way? After a failed append the kernel is folded anew and no longer
      // knows what it had handed out; the receiver does.
      if (message === undefined) continue;
      const isCaredFor = this.#onAcknowledged(message, ack);
      if (ack.status === 'rejected') this.#drop(message, 'rejected', message.requiresAck);
      else if (ack.status === 'escalate' && !isCaredFor && !this.#handOn(message)) {
        this.#drop(message, 'rejected', true);
      } else {
        handled.push(ack.message);
        senders.push(message.from);
      }
      if (ack.reply !== undefined) this.#reply(pid, message, ack.reply);
    }
    if (handled.length > 0) this.#log.emit('message.acked', { pid, messages: handled, senders });
    if (box.depth > 0) this.#onWaiting(pid);
  }

  /** M7: in the queue. What is under way is in the receiver's hands, until its link breaks. */
  expire(message: Message): void {
    if (this.#office.box(message.to)?.isUnderWay(message.message) === true) return;
    this.#drop(message, 'expired', message.requiresAck);
  }

  /** M6: ESCALATE hands a message to the receiver's parent. False where that cannot take it. */
  #handOn(message: Message): boolean {
    const receiver = this.#table.find(message.to);
    const parent = receiver?.parent;
    if (receiver === undefined || parent === undefined) return false;
    const sender = this.#table.find(message.from) ?? receiver;
    const leftMs = Math.max(1, message.expiresMonoMs - this.#log.monoMs);
    const ttlMs = message.expiresMonoMs === 0 ? 0 : leftMs;
    const { type, priority, content, requiresAck, replyTo } = message;
    const order = { type, priority, content, requiresAck, replyTo, ttlMs };
    try {
      this.carryUp(sender === parent ? receiver : sender, parent, order);
      return true;
    } catch (error) {
      if (error instanceof KernelError) return false;
      throw error;
    }
  }

  #requireReceiver(to: ProcessRecord): void {
    if (isLive(to.state)) return;
    throw new KernelError(
      'wrong_state',
      `${describeProcess(to)} is ${to.state}: nobody would read the message (M8).`,
      { details: { pid: to.pid, state: to.state } },
    );
  }

  /** M8, M3: displaces copies before it refuses. */
  #makeRoom(to: ProcessRecord, bytes: number): void {
    const box = this.#office.openBox(to.pid);
    while (!box.hasRoomFor(bytes, false)) {
      const copy = box.oldestCopy;
      const displaced = copy === undefined ? undefined : box.get(copy);
      if (displaced === undefined) throw inboxFull(to, box);
      this.#drop(displaced, 'displaced', false);
    }
  }

  #copy(from: ProcessRecord, parent: ProcessRecord, original: OutgoingMessage): void {
    if (!isLive(parent.state)) return;
    const box = this.#office.openBox(parent.pid);
    if (!box.hasRoomFor(original.content.bytes, false)) return;
    const message: OutgoingMessage = {
      type: COPY_PREFIX + original.type,
      priority: 3,
      content: original.content,
      requiresAck: false,
      ttlMs: COPY_TTL_MS,
      replyTo: original.replyTo,
    };
    this.#post({ from, to: parent, relation: 'child', message, priority: 3, isCopy: true });
  }

  #post(item: {
    from: ProcessRecord;
    to: ProcessRecord;
    relation: Relation;
    message: OutgoingMessage;
    priority: Priority;
    isCopy: boolean;
    about?: string;
  }): MessageId {
    const { from, to, message, about } = item;
    const id = asMessageId(this.#log.nextSeq);
    const body: BodyOf<'message.sent'> = {
      message: id,
      from: from.pid,
      fromName: from.spec.name,
      to: to.pid,
      toName: to.spec.name,
      relation: item.relation,
      priority: item.priority,
      type: message.type,
      content: message.content,
      requiresAck: message.requiresAck,
      expiresMonoMs: message.ttlMs > 0 ? this.#log.monoMs + message.ttlMs : 0,
      replyTo: message.replyTo,
      isCopy: item.isCopy,
    };
    this.#log.emit('message.sent', about === undefined ? body : { ...body, about });
    this.#onWaiting(to.pid);
    return id;
  }

  #reply(pid: Pid, message: Message, content: Content): void {
    const from = this.#table.find(pid);
    const to = this.#table.find(message.from);
    if (from === undefined || to === undefined || !isLive(to.state)) return;
    const box = this.#office.openBox(to.pid);
    const isTooLarge = content.bytes > LIMITS.messagePayloadBytesMax;
    if (isTooLarge || !box.hasRoomFor(content.bytes, false)) return;
    const priority = RELATION_PRIORITY[relationOf(from, to)];
    const reply: OutgoingMessage = {
      type: 'reply',
      priority,
      content,
      requiresAck: false,
      ttlMs: 0,
      replyTo: formatId('m', this.#table.partition, message.message),
    };
    this.#post({
      from,
      to,
      relation: relationOf(from, to),
      message: reply,
      priority,
      isCopy: false,
    });
  }

  #drop(message: Message, why: DropReason, toDeadLetters: boolean): void {
    const { to: pid, message: id, from } = message;
    this.#log.emit('message.dropped', { pid, message: id, from, why, toDeadLetters });
  }
}

export interface Acknowledgement {
  readonly message: MessageId;
  readonly status: AckStatus;
  /** A text that goes back to the sender as a message with `replyTo` (M6). */
  readonly reply: Content | undefined;
}

type DropReason = BodyOf<'message.dropped'>['why'];

/** P8: a later one about the same takes its place. Another parent says nothing of a reload. */
function aboutOf(body: Signal): string {
  if (body.signal === 'CHLD') return `CHLD ${body.pid}`;
  return 'ppid' in body ? 'HUP parent' : `HUP ${body.reason}`;
}

const SIGNAL: Omit<OutgoingMessage, 'content'> = {
  type: 'signal',
  priority: 0,
  requiresAck: false,
  ttlMs: 0,
  replyTo: '',
};

function checkContent(content: Content): void {
  if (content.bytes <= LIMITS.messagePayloadBytesMax) return;
  throw new KernelError(
    'too_large',
    `The payload has ${content.bytes} bytes, ` +
      `at most ${LIMITS.messagePayloadBytesMax} are allowed (M8). ` +
      'Store it as an artifact and send its key.',
    { details: { bytes: content.bytes } },
  );
}

const inboxFull = (to: ProcessRecord, box: Mailbox): KernelError =>
  new KernelError(
    'queue_full',
    `The inbox of ${describeProcess(to)} is full: ` +
      `${box.depth} messages, ${box.bytes} bytes (M8). Try again when it has read some.`,
    { details: { pid: to.pid, depth: box.depth } },
  );

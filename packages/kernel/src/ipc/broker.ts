// The broker: takes a message from one process to another, or refuses it. Never into nowhere (M8).
//   M1, M2. Which way a message takes, and who may stop it there: route.ts.
//   M3. Copies are LOW, live 60 s, and are the first to go when an inbox is full.
//   M4. Priority is the more urgent of the asked one and the relation's.
//   M6. What becomes of a message after that is in message-ends.ts.
//   M7, M8. TTL expires with an event; dead, unknown, full and oversize are refused by name.

import { KernelError } from '../errors.ts';
import { contentOfText } from '../events/content.ts';
import type { BodyOf, DropReason, Once } from '../events/event.ts';
import type { Log } from '../events/log.ts';
import type { Priority, Relation, Relay } from '../events/words.ts';
import { asMessageId, type MessageId, type Pid } from '../ids.ts';
import { describeProcess, isVirtual, type ProcessRecord } from '../process/record.ts';
import { isLive } from '../process/states.ts';
import type { ProcessTable } from '../process/table.ts';
import { relationOf } from '../process/tree.ts';
import type { DeadLetter, Mailbox, Message } from './mailbox.ts';
import { checkOutgoing, expiryOf, type OutgoingMessage } from './outgoing.ts';
import type { PostOffice } from './post-office.ts';
import { pathOf, relayDenied, relayOf, requireWay, type Path } from './route.ts';

export const COPY_PREFIX = 'sibling_traffic:';
const COPY_TTL_MS = 60_000;

export const RELATION_PRIORITY: Readonly<Record<Relation, Priority>> = {
  system: 0,
  parent: 1,
  sibling: 2,
  child: 3,
  other: 3,
};

/** What the broker tells when something waits for a process that may be delivered to it. */
export type OnWaiting = (pid: Pid) => void;
/** What the broker tells when a signal or a report of the kernel found no room at its receiver. */
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
  readonly #onSignalLost: OnSignalLost;
  readonly #kingsRelay: Relay;

  constructor(options: {
    log: Log;
    table: ProcessTable;
    office: PostOffice;
    onWaiting: OnWaiting;
    onSignalLost: OnSignalLost;
    /** M2: of the king, who is spawned by nobody. */
    kingsRelay: Relay;
  }) {
    this.#log = options.log;
    this.#table = options.table;
    this.#office = options.office;
    this.#onWaiting = options.onWaiting;
    this.#onSignalLost = options.onSignalLost;
    this.#kingsRelay = options.kingsRelay;
  }

  /**
   * Accepts a message, or throws `wrong_state`, `permission_denied`, `too_large`, `queue_full`, and
   * `timed_out` for one whose deadline is over.
   */
  send(sent: {
    from: ProcessRecord;
    to: ProcessRecord;
    message: OutgoingMessage;
    once?: Once | undefined;
  }): MessageId {
    const { from, to, message, once } = sent;
    const relation = relationOf(from, to);
    requireWay(from, to, relation);
    const path = pathOf(from, to, relation);
    const relay = path.route === 'branches' ? this.#relayOf(path, from, to) : 'pass';
    const id = this.#accept({ from, to, relation, message, path, once });
    if (relay === 'copy' && path.via !== undefined) this.#copy(from, path.via, message);
    return id;
  }

  /** What a process tells upwards through the kernel: M1 bounds its own messages, not these. */
  carryUp(from: ProcessRecord, to: ProcessRecord, message: OutgoingMessage): MessageId {
    return this.carry({ from, to, message });
  }

  /** The same, of one that is handed on: `origin` is what its sender knows. */
  carry(sent: {
    from: ProcessRecord;
    to: ProcessRecord;
    message: OutgoingMessage;
    origin?: MessageId;
  }): MessageId {
    const relation = relationOf(sent.from, sent.to);
    return this.#accept({ ...sent, relation, path: pathOf(sent.from, sent.to, relation) });
  }

  /** M2. Throws where it is `deny`. */
  #relayOf({ via }: Path, from: ProcessRecord, to: ProcessRecord): Relay {
    const relay = via === undefined ? 'pass' : relayOf(via, this.#kingsRelay);
    if (relay === 'deny' && via !== undefined) throw relayDenied(from, to, via);
    return relay;
  }

  #accept(item: {
    from: ProcessRecord;
    to: ProcessRecord;
    relation: Relation;
    message: OutgoingMessage;
    path: Path;
    once?: Once | undefined;
    origin?: MessageId;
  }): MessageId {
    const { from, to, relation, message } = item;
    this.#requireReceiver(to);
    checkOutgoing(message, this.#log);
    this.#makeRoom(to, message.content.bytes);
    const urgent = RELATION_PRIORITY[relation];
    const priority = message.priority < urgent ? message.priority : urgent;
    const id = this.post({ ...item, priority, isCopy: false });
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
    if (earlier !== undefined) this.drop(earlier, 'coalesced', false);
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
    this.post({ from, to, relation, message, priority: 0, isCopy: false, about });
  }

  /** M6: a dead letter waits again, as a message of its own that its receiver has not handled. */
  requeue(to: ProcessRecord, letter: DeadLetter): MessageId {
    this.#requireReceiver(to);
    this.#makeRoom(to, letter.content.bytes);
    const { message, from, fromName, relation, priority, type } = letter;
    const { content, requiresAck, replyTo } = letter;
    this.#log.emit('letter.removed', { pid: to.pid, message, why: 'requeued' });
    const id = asMessageId(this.#log.nextSeq);
    const parties = { from, fromName, to: to.pid, toName: to.spec.name, relation };
    const what = { priority, type, content, requiresAck, replyTo };
    const origin = letter.origin ?? message;
    const rest = { expiresMonoMs: 0, isCopy: false, origin };
    this.#log.emit('message.sent', { message: id, ...parties, ...what, ...rest });
    this.#onWaiting(to.pid);
    return id;
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
      this.drop(displaced, 'displaced', false);
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
    this.post({ from, to: parent, relation: 'child', message, priority: 3, isCopy: true });
  }

  /** Without a question. Who calls has looked for room. */
  post(
    item: {
      from: ProcessRecord;
      to: ProcessRecord;
      relation: Relation;
      message: OutgoingMessage;
      priority: Priority;
      isCopy: boolean;
    } & Extras,
  ): MessageId {
    const { from, to, message } = item;
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
      expiresMonoMs: expiryOf(message, this.#log),
      replyTo: message.replyTo,
      isCopy: item.isCopy,
    };
    this.#log.emit('message.sent', isPlain(item) ? body : { ...body, ...extrasOf(item) });
    this.#onWaiting(to.pid);
    return id;
  }

  drop(message: Message, why: DropReason, toDeadLetters: boolean): void {
    const { to: pid, message: id, from } = message;
    this.#log.emit('message.dropped', { pid, message: id, from, why, toDeadLetters });
  }
}

/** What most messages have nothing of. */
interface Extras {
  readonly message: OutgoingMessage;
  readonly about?: string;
  readonly path?: Path;
  readonly once?: Once | undefined;
  readonly origin?: MessageId;
}

const isPlain = ({ message, about, path, once, origin }: Extras): boolean =>
  about === undefined &&
  once === undefined &&
  origin === undefined &&
  (path === undefined || path.route === 'direct') &&
  (message.deadlineMs ?? 0) === 0;

/** P8: a later one about the same takes its place. Another parent says nothing of a reload. */
function aboutOf(body: Signal): string {
  if (body.signal === 'CHLD') return `CHLD ${body.pid}`;
  return 'ppid' in body ? 'HUP parent' : `HUP ${body.reason}`;
}

function extrasOf({ message, about, path, once, origin }: Extras): Partial<BodyOf<'message.sent'>> {
  const { deadlineMs = 0 } = message;
  return {
    ...(about !== undefined && { about }),
    ...(path !== undefined && { route: path.route }),
    ...(path?.via !== undefined && { via: path.via.pid }),
    ...(deadlineMs > 0 && { deadlineMs }),
    ...(origin !== undefined && { origin }),
    ...(once !== undefined && { once }),
  };
}

export const SIGNAL: Omit<OutgoingMessage, 'content'> = {
  type: 'signal',
  priority: 0,
  requiresAck: false,
  ttlMs: 0,
  replyTo: '',
};

const inboxFull = (to: ProcessRecord, box: Mailbox): KernelError =>
  new KernelError(
    'queue_full',
    `The inbox of ${describeProcess(to)} is full: ` +
      `${box.depth} messages, ${box.bytes} bytes (M8). Try again when it has read some.`,
    { details: { pid: to.pid, depth: box.depth } },
  );

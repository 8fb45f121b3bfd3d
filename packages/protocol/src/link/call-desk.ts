// The calls and replies of one session, apart from its connections: checks calls, hands each new
// one to the daemon once, numbers and keeps replies, and decides what a connection sends next.
//   Order: calls are handed on in the order in which they came; replies go out in that of `seq`.
import { Call, Reply } from '../gen/link.ts';
import { MessageReader } from '../wire/message-reader.ts';
import { CallIntake } from './call-intake.ts';
import { CallLedger } from './call-ledger.ts';
import type { ReplyBody } from './call-types.ts';
import { fingerprint } from './fingerprint.ts';
import { IncomingCall } from './incoming-call.ts';
import type { CallOwner } from './incoming-call.ts';
import { LinkProtocolError } from './link-error.ts';
import { LINK_LIMITS } from './link-limits.ts';
import { decodeField, encodeMessage } from './message-codec.ts';
import type { FrameBuilder, FrameField } from './message-codec.ts';
import { NO_CALL, ReplyLog } from './reply-log.ts';

export interface CallDeskOptions {
  readonly mayCallAs: (pid: number) => boolean;
  readonly onCall: (call: IncomingCall) => void;
  readonly onCancel: (call: IncomingCall) => void;
  /** There is something to send. */
  readonly onUnsent: () => void;
  /** Calls begin to wait; no call waits any more. */
  readonly onHeld: () => void;
  readonly onReleased: () => void;
}

const REPLIES_FIELD = 3;
/** The tag of field 1 as a varint: how an encoded call with an id begins. */
const ID_TAG = 8;

export class CallDesk implements CallOwner {
  readonly #options: CallDeskOptions;
  readonly #ledger = new CallLedger();
  readonly #log = new ReplyLog();
  readonly #intake = new CallIntake();
  /** Encoded replies that a repeated call asked for once more. */
  #again: Uint8Array[] = [];
  #roomWaiters: (() => void)[] = [];
  #isHeld = false;
  #isOver = false;

  constructor(options: CallDeskOptions) {
    this.#options = options;
  }

  get lastCallId(): number {
    return this.#ledger.lastId;
  }

  get owedCalls(): number {
    return this.#ledger.owed;
  }

  get unacknowledgedReplies(): number {
    return this.#log.unacknowledged;
  }

  /** So many calls wait that the connection should not be read. */
  get isIntakeFull(): boolean {
    return this.#intake.isFull;
  }

  /** Few enough wait to read on. */
  get hasIntakeRoom(): boolean {
    return this.#intake.hasRoom;
  }

  get hasWaiting(): boolean {
    return !this.#intake.isEmpty;
  }

  get hasStreamRoom(): boolean {
    return !this.#log.isStreamWindowFull;
  }

  onStreamRoom(listener: () => void): void {
    this.#roomWaiters.push(listener);
  }

  /** Takes an encoded call in, or lets it wait. Throws `LinkProtocolError` on garbage. */
  read(field: FrameField): void {
    if (this.#canTake) return this.#take(field);
    this.#intake.add(field.frame.subarray(field.start, field.start + field.length));
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#options.onHeld();
  }

  /** Takes in what waited, as far as there is room by now. Throws as `read`. */
  readWaiting(): void {
    while (!this.#intake.isEmpty && this.#hasRoom) {
      const frame = this.#intake.take()!;
      const reader = new MessageReader(frame);
      this.#take({ frame, reader, start: 0, length: frame.length });
    }
    if (this.#intake.isEmpty) this.#release();
  }

  /** False: no such reply was ever made. */
  acknowledge(seq: number): boolean {
    if (seq > this.#log.lastSeq) return false;
    this.#log.acknowledge(seq, (id) => this.#ledger.forget(id));
    if (this.#roomWaiters.length > 0 && this.hasStreamRoom) {
      for (const wake of this.#roomWaiters.splice(0)) wake();
    }
    return true;
  }

  finish(call: IncomingCall, body: ReplyBody): void {
    if (this.#isOver) return;
    const bytes = this.#encode(call.id, body, false);
    this.#ledger.onAnswered(call, bytes);
    this.#log.push(bytes, call.id);
    this.#options.onUnsent();
  }

  push(call: IncomingCall, body: ReplyBody): void {
    if (this.#isOver) return;
    this.#log.push(this.#encode(call.id, body, true), NO_CALL);
    this.#options.onUnsent();
  }

  /** Adds to a frame what fits of what is to be sent. */
  fill(frame: FrameBuilder): void {
    while (this.#again.length > 0 && frame.hasRoomFor(this.#again[0]!.length)) {
      frame.addMessage(REPLIES_FIELD, this.#again.shift()!);
    }
    for (;;) {
      const reply = this.#log.peekUnsent();
      if (!reply || !frame.hasRoomFor(reply.length)) return;
      frame.addMessage(REPLIES_FIELD, reply);
      this.#log.markSent();
    }
  }

  /** A new connection: everything that is not acknowledged is to be sent again. */
  rewind(): void {
    this.#log.rewind();
  }

  /** The connection ended: calls that only waited are not known here, the client repeats them. */
  dropWaiting(): void {
    this.#intake.clear();
    this.#again = [];
    this.#release();
  }

  /** For good: answers that come later go nowhere. */
  close(): void {
    this.#isOver = true;
    this.dropWaiting();
    this.#ledger.abandonAll();
    for (const wake of this.#roomWaiters.splice(0)) wake();
  }

  get #hasRoom(): boolean {
    return !this.#log.isFull && !this.#ledger.isFull;
  }

  get #canTake(): boolean {
    return this.#intake.isEmpty && this.#hasRoom;
  }

  #release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#options.onReleased();
  }

  #take(field: FrameField): void {
    const { frame, start, length } = field;
    const print = fingerprint(frame, { start, end: start + length });
    const call = this.#decode(field);
    if (!call) return;
    if (call.id === 0) throw new LinkProtocolError('a call without an id');
    const verdict = this.#ledger.judge(call.id, print);
    if (verdict.kind === 'new') return this.#begin(call, print);
    if (verdict.kind === 'conflict') this.#refuse(call.id, 'conflict', verdict.message);
    if (verdict.kind === 'answered') {
      this.#again.push(verdict.reply);
      this.#options.onUnsent();
    }
  }

  /** Undefined: it was refused, since a value in it is of no use. Throws when the id is none. */
  #decode(field: FrameField): Call | undefined {
    try {
      return decodeField(Call, field);
    } catch (error) {
      if (!(error instanceof LinkProtocolError)) throw error;
      const id = peekId(field);
      if (id === undefined) throw error;
      if (id > this.#ledger.lastId) this.#ledger.skip(id);
      this.#refuse(id, 'invalid_argument', error.message);
      return undefined;
    }
  }

  #begin(call: Call, print: number): void {
    const { body } = call;
    if (!body) {
      this.#ledger.skip(call.id);
      return this.#refuse(call.id, 'invalid_argument', 'the call has no body that is known here');
    }
    const incoming = new IncomingCall({ call, body, fingerprint: print, owner: this });
    this.#ledger.add(incoming);
    if (!this.#options.mayCallAs(call.pid)) {
      return incoming.fail('permission_denied', `this link does not speak for pid ${call.pid}`);
    }
    if (body.$case === 'cancel') return this.#cancel(incoming, body.value.callId);
    this.#options.onCall(incoming);
  }

  #cancel(cancel: IncomingCall, callId: number): void {
    const call = this.#ledger.get(callId);
    if (call?.isOpen && call.pid !== cancel.pid) {
      return cancel.fail('permission_denied', `call ${callId} is not one of pid ${cancel.pid}`);
    }
    cancel.reply({ $case: 'done', value: {} });
    if (!call?.isOpen || call.isCancelled) return;
    call.cancel();
    this.#options.onCancel(call);
  }

  /** A reply that belongs to no call of the ledger. */
  #refuse(id: number, code: string, message: string): void {
    this.#log.push(this.#encode(id, refusal(code, message), false), NO_CALL);
    this.#options.onUnsent();
  }

  #encode(id: number, body: ReplyBody, more: boolean): Uint8Array {
    const seq = this.#log.lastSeq + 1;
    try {
      const bytes = encodeMessage(Reply, { id, seq, more, body });
      if (bytes.length <= LINK_LIMITS.messageBytesMax) return bytes;
      const message = `a reply of ${bytes.length} bytes does not fit a frame`;
      return encodeMessage(Reply, { id, seq, more, body: refusal('too_large', message) });
    } catch (error) {
      // A value that no field can hold: the call must not hang for it.
      const message = `the reply cannot be encoded: ${String(error)}`;
      return encodeMessage(Reply, { id, seq, more, body: refusal('internal', message) });
    }
  }
}

function refusal(code: string, message: string): ReplyBody {
  return { $case: 'error', value: { code, message, details: {} } };
}

function peekId(field: FrameField): number | undefined {
  try {
    field.reader.pos = field.start;
    if (field.reader.uint32() !== ID_TAG) return undefined;
    const id = Number(field.reader.uint64());
    return Number.isSafeInteger(id) && id > 0 ? id : undefined;
  } catch {
    return undefined;
  }
}

// Which calls a session has seen, so that each takes effect once (DESIGN D6).
//   An id rises with each new call. The same id again gets the same reply, once it is there.
//   The same id with another body, or one whose reply was acknowledged and forgotten: `conflict`.
import type { IncomingCall } from './incoming-call.ts';
import { LINK_LIMITS } from './link-limits.ts';

export type Verdict =
  | { readonly kind: 'new' }
  /** Its reply is owed and will come. */
  | { readonly kind: 'owed' }
  /** `reply`: the encoded one that was given. */
  | { readonly kind: 'answered'; readonly reply: Uint8Array }
  | { readonly kind: 'conflict'; readonly message: string };

const NEW: Verdict = { kind: 'new' };
const OWED: Verdict = { kind: 'owed' };

export class CallLedger {
  readonly #calls = new Map<number, IncomingCall>();
  #lastId = 0;
  #owed = 0;

  get lastId(): number {
    return this.#lastId;
  }

  /** Calls that wait for their last reply. */
  get owed(): number {
    return this.#owed;
  }

  get isFull(): boolean {
    return this.#owed >= LINK_LIMITS.owedCallsMax;
  }

  judge(id: number, fingerprint: number): Verdict {
    if (id > this.#lastId) return NEW;
    const call = this.#calls.get(id);
    if (!call) {
      const message = `call id ${id} is not above ${this.#lastId}, and its reply is no longer kept`;
      return { kind: 'conflict', message };
    }
    if (call.fingerprint !== fingerprint) {
      return { kind: 'conflict', message: `call id ${id} was used for another call` };
    }
    return call.lastReply ? { kind: 'answered', reply: call.lastReply } : OWED;
  }

  add(call: IncomingCall): void {
    this.#lastId = call.id;
    this.#owed += 1;
    this.#calls.set(call.id, call);
  }

  /** Uses up an id for a call that is refused before it is one. */
  skip(id: number): void {
    this.#lastId = Math.max(this.#lastId, id);
  }

  get(id: number): IncomingCall | undefined {
    return this.#calls.get(id);
  }

  onAnswered(call: IncomingCall, reply: Uint8Array): void {
    call.lastReply = reply;
    this.#owed -= 1;
  }

  /** Its last reply has arrived at the client. */
  forget(id: number): void {
    this.#calls.delete(id);
  }

  abandonAll(): void {
    for (const call of this.#calls.values()) call.abandon();
    this.#calls.clear();
    this.#owed = 0;
  }
}

// The log: the only way to change durable state. `emit` numbers an event, applies it at once, and
// keeps it for the journal; the caller drains after each pass.
//   D3. seq is gap-free per partition; an event that was emitted is applied, and the other way
//       round.
// Also the kernel's clock of the current input: nothing in the kernel asks for the time.

import { asSeq, KING_PID, type Pid, type Seq } from '../ids.ts';
import type { Time } from '../ports.ts';
import { EVENT_VERSIONS, type BodyOf, type Event, type EventKind } from './event.ts';
import type { Fold } from './fold.ts';

export class Log {
  readonly #fold: Fold;
  #seq: Seq;
  #pending: Event[] = [];
  #wallMs = 0;
  #monoMs = 0;
  /** Of the last event: what a snapshot keeps, since the clock alone changes nothing durable. */
  #stampWallMs = 0;
  #stampMonoMs = 0;
  /** Who acts in the current input. */
  #by: Pid = KING_PID;

  constructor(fold: Fold, lastSeq: Seq) {
    this.#fold = fold;
    this.#seq = lastSeq;
  }

  /** Opens an input: all events until the next `begin` carry this time and author. */
  begin(time: Time, by: Pid): void {
    this.#wallMs = time.wallMs;
    if (time.monoMs > this.#monoMs) this.#monoMs = time.monoMs;
    this.#by = by;
  }

  get lastSeq(): Seq {
    return this.#seq;
  }

  /** The seq that the next event will have: what it creates is named by it. */
  get nextSeq(): Seq {
    return asSeq(this.#seq + 1);
  }

  get monoMs(): number {
    return this.#monoMs;
  }

  get wallMs(): number {
    return this.#wallMs;
  }

  get stamp(): Time {
    return { wallMs: this.#stampWallMs, monoMs: this.#stampMonoMs };
  }

  get by(): Pid {
    return this.#by;
  }

  emit<K extends EventKind>(kind: K, body: BodyOf<K>): Seq {
    const seq = this.nextSeq;
    const event = {
      seq,
      wallMs: this.#wallMs,
      monoMs: this.#monoMs,
      kind,
      v: EVENT_VERSIONS[kind] ?? 1,
      by: this.#by,
      body,
    } as unknown as Event;
    this.#seq = seq;
    this.#stampWallMs = this.#wallMs;
    this.#stampMonoMs = this.#monoMs;
    this.#fold.apply(event);
    this.#pending.push(event);
    return seq;
  }

  /** Applies an event that the journal already holds. */
  replay(event: Event): void {
    this.resumeAt(event.seq, event);
    this.#fold.apply(event);
  }

  /** At a restore: the clock goes on from where the last event left it. */
  resumeAt(seq: Seq, stamp: Time): void {
    this.#seq = seq;
    this.#wallMs = stamp.wallMs;
    this.#monoMs = Math.max(this.#monoMs, stamp.monoMs);
    this.#stampWallMs = stamp.wallMs;
    this.#stampMonoMs = stamp.monoMs;
  }

  /** The events since the last drain, in order. */
  drain(): Event[] {
    if (this.#pending.length === 0) return this.#pending;
    const events = this.#pending;
    this.#pending = [];
    return events;
  }
}

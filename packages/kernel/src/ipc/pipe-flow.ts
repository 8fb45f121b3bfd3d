// One direction of a pipe: a bounded buffer, the writes that wait for room in it, and the read that
// waits for a chunk. Who may use it, and when a side is over, is not its matter (pipes.ts).
//   M10. It holds so many chunks, and all flows together so many bytes: where these are used up, a
//   flow holds one chunk, so that each one still moves.
//   1. Waiting writes move in in their order, as soon as there is room. None is ever half in.
//   2. A chunk leaves once, in one answer; a read that was given up takes nothing.
//   3. Who waits is answered at the end of a pass: what came in one pass goes out in one answer.
//   4. The end comes after all that was written, writes that still wait included.

import { KernelError } from '../errors.ts';
import type { CallResult } from '../events/effects.ts';
import type { CallRef } from '../events/event.ts';
import type { Timer, Timers } from '../events/timers.ts';
import { LIMITS } from '../limits.ts';

export interface PipeRead {
  readonly chunks: readonly Uint8Array[];
  /** The other side writes no more, and these were the last. */
  readonly isEnd: boolean;
}

export interface PipeAnswer {
  readonly to: CallRef;
  readonly result: CallResult;
}

/** What all flows of a kernel share. Handed on whole to the kernel after it (pipes.ts). */
export interface FlowGround {
  timers: Timers;
  /** What all flows hold, in bytes. */
  bytes: number;
  /** Flows whose reader may have something since the last flush. */
  readonly stirred: Set<Flow>;
  /** Answers that leave with the pass. */
  readonly answers: PipeAnswer[];
}

interface WaitingWrite {
  readonly chunk: Uint8Array;
  readonly ref: CallRef;
}

interface WaitingRead {
  readonly max: number;
  readonly ref: CallRef;
  /** Undefined: without end. */
  readonly untilMonoMs: number | undefined;
  timer: Timer | undefined;
}

const OPEN_END: PipeRead = { chunks: [], isEnd: false };
const WRITTEN: CallResult = { ok: true, value: {} };

export class Flow {
  readonly #ground: FlowGround;
  #chunks: Uint8Array[] = [];
  readonly #writes: WaitingWrite[] = [];
  #read: WaitingRead | undefined;
  #isEnded = false;
  /** The writer was cut off in the middle: why. */
  #lost: string | undefined;
  /** Nobody reads any more: why. */
  #unread: string | undefined;

  constructor(ground: FlowGround) {
    this.#ground = ground;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0 && this.#writes.length === 0;
  }

  /** Its writer writes no more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Its writer was cut off. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** It ended well, and all of it was read. */
  get isSpent(): boolean {
    return this.#isEnded && !this.isLost && this.isEmpty;
  }

  /** False: it waits for room, and the answer comes with a later pass. */
  write({ chunk, isPatient, ref }: WaitingWrite & { isPatient: boolean }): boolean {
    if (this.#isEnded) {
      throw new KernelError('wrong_state', 'You closed this pipe for writing (M10).');
    }
    if (this.#unread !== undefined) throw unavailable(this.#unread);
    if (this.#writes.length === 0 && this.#hasRoomFor(chunk)) {
      this.#put(chunk);
      return true;
    }
    if (!isPatient) {
      const what = `The pipe is full: ${this.#chunks.length} chunks wait to be read (M10).`;
      throw new KernelError('queue_full', what, { details: { chunks: this.#chunks.length } });
    }
    if (this.#writes.length >= LIMITS.pipeWritersWaitingMax) {
      throw new KernelError(
        'limit_exceeded',
        `${this.#writes.length} writes of yours wait for room in this pipe already, which is ` +
          'the limit. Wait for some of them (M10).',
      );
    }
    this.#writes.push({ chunk, ref });
    return false;
  }

  /** Undefined: it waits for a chunk, and the answer comes with a later pass. */
  read(order: Omit<WaitingRead, 'timer'>): PipeRead | undefined {
    if (this.#read !== undefined) {
      throw new KernelError('conflict', 'Another read of this side waits already (M10).');
    }
    const taken = this.#take(order.max);
    if (taken !== undefined) return taken;
    this.#read = { ...order, timer: undefined };
    this.armRead();
    return undefined;
  }

  /** Also with the timers of the kernel after this one. */
  armRead(): void {
    const read = this.#read;
    if (read?.untilMonoMs === undefined) return;
    read.timer = this.#ground.timers.arm(read.untilMonoMs, () => {
      this.#answerRead({ ok: true, value: OPEN_END });
    });
  }

  /** The writer writes no more. */
  end(): void {
    this.#isEnded = true;
    this.#ground.stirred.add(this);
  }

  /** The writer's run is over: what still waited of it is not written. */
  lose(why: string): void {
    const isWhole = this.#isEnded && this.#writes.length === 0;
    this.#refuseWrites(why);
    if (!isWhole) this.#lost ??= why;
    this.#ground.stirred.add(this);
  }

  /** Its two sides are kept apart: nothing more goes in, and what is in it may be read. */
  sever(why: string): void {
    this.#unread ??= why;
    this.lose(why);
  }

  /** Nobody reads any more: what is in it is dropped, who waits to write is refused. */
  leave(why: string): void {
    this.#unread ??= why;
    this.#ground.bytes -= bytesOf(this.#chunks);
    this.#chunks = [];
    this.#refuseWrites(why);
    const error = new KernelError('cancelled', 'The pipe was closed on this side.');
    this.#answerRead({ ok: false, error });
  }

  /** A waiting write or read of this call is given up; false: none is. */
  cancel(ref: CallRef): boolean {
    const error = new KernelError('cancelled', 'The call was given up.');
    if (this.#read !== undefined && isSame(this.#read.ref, ref)) {
      this.#answerRead({ ok: false, error });
      return true;
    }
    const at = this.#writes.findIndex((one) => isSame(one.ref, ref));
    if (at < 0) return false;
    this.#writes.splice(at, 1);
    this.#answer(ref, { ok: false, error });
    this.#fill(); // Where the head was too large for what was left, the next may fit.
    return true;
  }

  /** At the end of a pass. */
  flush(): void {
    if (this.#read === undefined) return;
    try {
      const taken = this.#take(this.#read.max);
      if (taken !== undefined) this.#answerRead({ ok: true, value: taken });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#answerRead({ ok: false, error });
    }
  }

  *waiting(): Generator<CallRef> {
    if (this.#read !== undefined) yield this.#read.ref;
    for (const { ref } of this.#writes) yield ref;
  }

  /** Undefined: nothing is there yet. Throws `unavailable` where no more will come. */
  #take(max: number): PipeRead | undefined {
    const all = this.#chunks;
    if (all.length === 0) {
      if (this.#lost !== undefined) throw unavailable(this.#lost);
      return this.isSpent ? { chunks: [], isEnd: true } : undefined;
    }
    const chunks = this.#cut(max === 0 ? all.length : Math.min(max, all.length));
    this.#ground.bytes -= bytesOf(chunks);
    this.#fill();
    return { chunks, isEnd: this.isSpent };
  }

  /** At least one of them. */
  #cut(most: number): readonly Uint8Array[] {
    const all = this.#chunks;
    let count = 0;
    let bytes = 0;
    while (count < most && bytes <= LIMITS.pipeReadBytesMax) {
      bytes += all[count]?.length ?? 0;
      count += 1;
    }
    this.#chunks = count === all.length ? [] : all.slice(count);
    return count === all.length ? all : all.slice(0, count);
  }

  #fill(): void {
    for (;;) {
      const [next] = this.#writes;
      if (next === undefined || !this.#hasRoomFor(next.chunk)) return;
      this.#writes.shift();
      this.#put(next.chunk);
      this.#answer(next.ref, WRITTEN);
    }
  }

  #put(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#ground.bytes += chunk.length;
    if (this.#read !== undefined) this.#ground.stirred.add(this);
  }

  #hasRoomFor(chunk: Uint8Array): boolean {
    if (this.#chunks.length === 0) return true;
    if (this.#chunks.length >= LIMITS.pipeChunksMax) return false;
    return this.#ground.bytes + chunk.length <= LIMITS.pipeBytesInAllMax;
  }

  #refuseWrites(why: string): void {
    for (const { ref } of this.#writes) this.#answer(ref, { ok: false, error: unavailable(why) });
    this.#writes.length = 0;
  }

  #answerRead(result: CallResult): void {
    const read = this.#read;
    if (read === undefined) return;
    this.#read = undefined;
    this.#ground.timers.cancel(read.timer);
    this.#answer(read.ref, result);
  }

  #answer(to: CallRef, result: CallResult): void {
    this.#ground.answers.push({ to, result });
  }
}

const unavailable = (why: string): KernelError => new KernelError('unavailable', why);

const isSame = (a: CallRef, b: CallRef): boolean =>
  a.id === b.id && a.pid === b.pid && a.channel === b.channel;

function bytesOf(chunks: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const { length } of chunks) bytes += length;
  return bytes;
}

// One direction of a pipe of the test kernel: as the kernel's own, with promises for those who
// wait. What the kernel bounds over all pipes is not bounded here.
import { HiveError } from '../hive-error.ts';

export interface FlowRead {
  readonly chunks: Uint8Array[];
  readonly end: boolean;
}

interface Waiting<T> extends PromiseWithResolvers<T> {
  readonly cancelled: AbortSignal;
}

type WaitingWrite = Waiting<void> & { readonly chunk: Uint8Array };

const CHUNKS_MAX = 64;
const WRITERS_WAITING_MAX = 64;
const OPEN_END: FlowRead = { chunks: [], end: false };

export class TestFlow {
  isEnded = false;
  #chunks: Uint8Array[] = [];
  #writes: WaitingWrite[] = [];
  #read: (Waiting<FlowRead> & { readonly max: number }) | undefined;
  #lost: string | undefined;
  #unread: string | undefined;

  get isEmpty(): boolean {
    return this.#chunks.length === 0 && this.#writes.length === 0;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  get isSpent(): boolean {
    return this.isEnded && !this.isLost && this.isEmpty;
  }

  async write(chunk: Uint8Array, how: { isPatient: boolean; cancelled: AbortSignal }) {
    if (this.isEnded) throw new HiveError('wrong_state', 'You closed this pipe for writing.');
    if (this.#unread !== undefined) throw new HiveError('unavailable', this.#unread);
    if (this.#writes.length === 0 && this.#chunks.length < CHUNKS_MAX) {
      this.#chunks.push(chunk);
      setImmediate(() => this.#serve());
      return;
    }
    if (!how.isPatient) throw new HiveError('queue_full', 'The pipe is full.');
    if (this.#writes.length >= WRITERS_WAITING_MAX) {
      throw new HiveError('limit_exceeded', 'Too many writes wait for room in this pipe.');
    }
    const { cancelled } = how;
    const write = { ...Promise.withResolvers<void>(), chunk, cancelled };
    this.#writes.push(write);
    onAbort(write, () => (this.#writes = this.#writes.filter((one) => one !== write)));
    await write.promise;
  }

  async read(order: { max: number; timeoutMs: number; cancelled: AbortSignal }): Promise<FlowRead> {
    const { max, timeoutMs, cancelled } = order;
    if (this.#read !== undefined) throw new HiveError('conflict', 'Another read waits already.');
    const taken = this.#take(max);
    if (taken !== undefined) return taken;
    const read = { ...Promise.withResolvers<FlowRead>(), max, cancelled };
    this.#read = read;
    const forget = (): void => {
      if (this.#read === read) this.#read = undefined;
    };
    onAbort(read, forget);
    const onTimeout = (): void => {
      forget();
      read.resolve(OPEN_END);
    };
    const timer = timeoutMs === 0 ? undefined : setTimeout(onTimeout, timeoutMs);
    return read.promise.finally(() => clearTimeout(timer));
  }

  end(): void {
    this.isEnded = true;
    this.#serve();
  }

  /** Its writer's run is over. */
  lose(why: string): void {
    const isWhole = this.isEnded && this.#writes.length === 0;
    this.#refuseWrites(why);
    if (!isWhole) this.#lost ??= why;
    this.#serve();
  }

  /** Nothing more goes in; what is in it may be read. */
  sever(why: string): void {
    this.#unread ??= why;
    this.lose(why);
  }

  /** Nobody reads any more. */
  leave(why: string): void {
    this.#unread ??= why;
    this.#chunks = [];
    this.#refuseWrites(why);
    this.#read?.reject(new HiveError('cancelled', 'The pipe was closed on this side.'));
    this.#read = undefined;
  }

  #serve(): void {
    const read = this.#read;
    if (read === undefined) return;
    try {
      const taken = this.#take(read.max);
      if (taken === undefined) return;
      read.resolve(taken);
    } catch (error) {
      read.reject(error);
    }
    this.#read = undefined;
  }

  #take(max: number): FlowRead | undefined {
    if (this.#chunks.length === 0) {
      if (this.#lost !== undefined) throw new HiveError('unavailable', this.#lost);
      return this.isSpent ? { chunks: [], end: true } : undefined;
    }
    const chunks = this.#chunks.splice(0, max === 0 ? CHUNKS_MAX : max);
    while (this.#writes.length > 0 && this.#chunks.length < CHUNKS_MAX) {
      const next = this.#writes.shift() as WaitingWrite;
      this.#chunks.push(next.chunk);
      next.resolve();
    }
    return { chunks, end: this.isSpent };
  }

  #refuseWrites(why: string): void {
    for (const write of this.#writes.splice(0)) write.reject(new HiveError('unavailable', why));
  }
}

function onAbort(
  { cancelled, reject }: Pick<Waiting<unknown>, 'cancelled' | 'reject'>,
  forget: () => void,
): void {
  const onCancel = (): void => {
    forget();
    reject(new HiveError('cancelled', 'The call was given up.'));
  };
  cancelled.addEventListener('abort', onCancel, { once: true });
}

// The journaled kernel: the kernel's state machine, with its journal behind it and the world before
// it.
//   D3. Events are appended pass by pass; a reply or an effect leaves after its events are durable.
//       A pass is all that came in one turn of the event loop: one append, one disk sync.
//   A failed append is as if its passes had never been: their replies are refused with the store's
//       code, their effects dropped, and the kernel is folded anew from the store. Whoever is owed
//       an answer by what is durable is owed it still. What the world reported meanwhile (exits,
//       ends of tasks) is told again after a pause, since a fact cannot be refused; until then only
//       reads are served, so that a full disk is not tried with every call.

import {
  KernelError,
  SYSCALLS,
  type Call,
  type CallRef,
  type CallResult,
  type Chance,
  type Content,
  type Event,
  type Fact,
  type Kernel,
  type KernelSettings,
  type Lease,
  type Outcome,
  type PendingEffect,
  type Store,
} from '@hivekernel/kernel';
import { carryOut } from './carry-out.ts';
import { ContentDesk } from './content-desk.ts';
import { Flights, type Flight } from './flights.ts';
import type { Host, Observation, World } from './host.ts';
import { SystemClock, type Clock } from './kernel-clock.ts';
import { Listeners } from './listeners.ts';
import { outlined, restored, type Cargo } from './long-text.ts';
import { loadKernel } from './recovery.ts';
import { WaitingFacts } from './waiting-facts.ts';

export interface JournaledKernelOptions {
  readonly store: Store;
  readonly settings: KernelSettings;
  readonly partition?: number;
  readonly clock?: Clock;
  /** Default: the kernel's own, which is none. */
  readonly chance?: Chance;
  /** Told when the journal is lost for good (fenced, unreadable): the daemon must end. */
  readonly onFatal: (error: Error) => void;
  /** Told of a fault of our own: the kernel threw, what it was about was undone, and it goes on. */
  readonly onFault?: (error: Error) => void;
}

const RETRY = { firstMs: 50, mostMs: 5_000 } as const;

const CAPACITY = {
  /** Appends under way; with more to write, the next pass grows meanwhile. */
  flightsMax: 4,
  /** Content under way: well below what the store takes before it refuses. */
  flightBytesMax: 64 * 1024 * 1024,
  /** Longest sleep of the timer; Node's own bound is 2^31 - 1 ms. */
  sleepMsMax: 60_000,
  /** Reads that wait while the kernel is read again; more are refused. */
  readsWaitingMax: 10_000,
} as const;

/** `refolding`: an append failed, and the kernel is being read again. `lost`: for good. */
type Phase = 'opened' | 'running' | 'refolding' | 'lost' | 'closed';
type ReplyTo = (result: CallResult) => void;

export class JournaledKernel implements Host {
  readonly #options: JournaledKernelOptions;
  readonly #clock: Clock;
  readonly #desk: ContentDesk;
  readonly #lease: Lease;
  readonly #flights = new Flights<Output>();
  readonly #durable = new Listeners<readonly Event[]>();
  readonly #observations = new Listeners<Observation>();
  readonly #owed = new Map<string, ReplyTo>();
  readonly #waiting = new WaitingFacts();
  #kernel: Kernel;
  #world: World | undefined;
  #phase: Phase = 'opened';
  #closing: Promise<void> | undefined;
  #isPassDue = false;
  #isStorageLow = false;
  #wake: NodeJS.Timeout | undefined;
  /** After a failure, until it is tried again: only reads are served. */
  #pause: { readonly failure: KernelError; readonly timer: NodeJS.Timeout } | undefined;
  #refolding: Promise<void> | undefined;
  /** Came while the kernel is read again. */
  #reads: { readonly call: Call; readonly reply: ReplyTo }[] = [];
  #failuresInRow = 0;
  /** The kernel that was read again has forgotten what it had handed out. */
  #isRedeliveryDue = false;
  /** Of the pass that is open. */
  #facts: Fact[] = [];
  #gated: Gated[] = [];
  #durableSeq: number;

  private constructor(options: JournaledKernelOptions, kernel: Kernel, lease: Lease) {
    this.#options = options;
    this.#clock = options.clock ?? new SystemClock();
    this.#kernel = kernel;
    this.#lease = lease;
    this.#durableSeq = lease.lastSeq;
    this.#desk = new ContentDesk((hash) => options.store.getBlob(hash));
    this.#clock.resumeFrom(kernel.stamp);
  }

  /** Takes the partition and folds its journal; nothing runs before `start`. */
  static async open(options: JournaledKernelOptions): Promise<JournaledKernel> {
    const { store, settings, partition = 0 } = options;
    const lease = await store.acquire({ partition, node: settings.nodeName });
    const kernel = await loadKernel({ ...options, partition });
    return new JournaledKernel(options, kernel, lease);
  }

  /** From now on effects are carried out by `world`. Facts that came before are told now. */
  start(world: World): void {
    if (this.#phase !== 'opened') return;
    this.#world = world;
    this.#phase = 'running';
    this.#tellWaiting();
    this.#setWake();
  }

  /** Another one after a failed append: ask again rather than keep it. */
  get kernel(): Kernel {
    return this.#kernel;
  }

  get durableSeq(): number {
    return this.#durableSeq;
  }

  /** What the partition is held with. */
  get lease(): Lease {
    return this.#lease;
  }

  call(call: Call, reply: ReplyTo): void {
    if (this.#mayWait(call)) {
      this.#reads.push({ call, reply });
      return;
    }
    const refusal = this.#refusalOf(call);
    if (refusal !== undefined) {
      reply({ ok: false, error: refusal });
      return;
    }
    let outcome: Outcome;
    try {
      outcome = this.#kernel.dispatch(call, this.#clock.now());
    } catch (cause) {
      reply({ ok: false, error: this.#fault(cause) });
      return;
    }
    this.#schedulePass();
    if (!outcome.done) {
      this.#owed.set(keyOf(call.ref), reply);
      return;
    }
    const result = outcome.ok
      ? { ok: true as const, value: outcome.value }
      : { ok: false as const, error: outcome.error as KernelError };
    this.#release(outcome.gate, { reply, result });
  }

  fact(fact: Fact): void {
    if (this.#phase === 'closed' || this.#phase === 'lost') return;
    const mustWait = this.#phase !== 'running' || this.#pause !== undefined;
    if (!mustWait) {
      this.#takeFact(fact);
      return;
    }
    try {
      this.#waiting.add(fact, (hash) => this.#desk.find(hash));
    } catch (error) {
      this.#lose(asFailure(error));
    }
  }

  observe(observation: Observation): void {
    this.#observations.tell(observation);
  }

  content(bytes: Uint8Array): Content {
    this.#schedulePass();
    return this.#desk.take(bytes);
  }

  hashedContent(bytes: Uint8Array, how?: { isGivenAway: true }): Content {
    this.#schedulePass();
    return this.#desk.takeHashed(bytes, how);
  }

  bytes(content: Content): Promise<Uint8Array> {
    return this.#desk.bytes(content);
  }

  onDurable(listener: (events: readonly Event[]) => void): () => void {
    return this.#durable.add(listener);
  }

  onObservation(listener: (observation: Observation) => void): () => void {
    return this.#observations.add(listener);
  }

  async *read(request: { afterSeq: number; toSeq?: number }): AsyncIterable<readonly Event[]> {
    const { store, partition = 0 } = this.#options;
    const getBlob = (hash: string): Promise<Uint8Array | undefined> => store.getBlob(hash);
    for await (const batch of store.read({ partition, ...request })) {
      yield* restored(batch, getBlob);
    }
  }

  /** Growing calls are refused first while storage is low (DESIGN §3). */
  setStorageLow(isLow: boolean): void {
    this.#isStorageLow = isLow;
    this.#kernel.isStorageLow = isLow || this.#pause !== undefined;
  }

  /**
   * Ends the pass now and resolves when all before it is durable, or was refused. Does not wait for
   * facts that wait for a failed journal.
   */
  async settled(): Promise<void> {
    for (;;) {
      if (this.#refolding !== undefined) await this.#refolding;
      else if (this.#phase === 'lost' || this.#phase === 'closed') return;
      else if (!this.#isPassDue && this.#flights.count === 0) return;
      else {
        this.#endPass();
        await this.#flights.landed();
      }
    }
  }

  /** Takes no more calls; resolves when what was taken is durable. A second call is the same. */
  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  async #shut(): Promise<void> {
    await this.settled();
    if (this.#phase === 'running' && this.#waiting.count > 0) {
      this.#endPause();
      await this.settled();
    }
    this.#phase = 'closed';
    clearTimeout(this.#wake);
    clearTimeout(this.#pause?.timer);
  }

  #mayWait(call: Call): boolean {
    if (this.#phase !== 'refolding' || this.#closing !== undefined) return false;
    const isRead = SYSCALLS[call.name].does === 'read';
    return isRead && this.#reads.length < CAPACITY.readsWaitingMax;
  }

  #refusalOf(call: Call): KernelError | undefined {
    const { failure } = this.#pause ?? {};
    if (this.#closing !== undefined || this.#phase === 'opened') return NOT_RUNNING;
    if (this.#phase !== 'running') return failure ?? NOT_RUNNING;
    if (failure === undefined || SYSCALLS[call.name].does === 'read') return undefined;
    return failure;
  }

  #takeFact(fact: Fact): void {
    try {
      this.#kernel.input(fact, this.#clock.now());
    } catch (cause) {
      this.#fault(cause); // Not told again: it would only happen again.
      return;
    }
    this.#facts.push(fact);
    this.#schedulePass();
  }

  #schedulePass(): void {
    if (this.#isPassDue) return;
    this.#isPassDue = true;
    setImmediate(() => this.#endPass());
  }

  /** One append for all that came since the last one. */
  #endPass(): void {
    if (this.#phase !== 'opened' && this.#phase !== 'running') return;
    if (!this.#isPassDue || this.#isAirFull()) return;
    this.#isPassDue = false;
    const { events, effects } = this.#kernel.drain();
    if (events.length > 0) this.#fly(events);
    else this.#desk.landed(this.#desk.launch());
    this.#facts = [];
    for (const { afterSeq, effect } of effects) this.#release(afterSeq, { effect });
    const gated = this.#gated;
    this.#gated = [];
    for (const { gate, output } of gated) this.#release(gate, output);
    if (this.#flights.count === 0) this.#redeliver();
    this.#setWake();
  }

  /** Then the next pass grows meanwhile, and leaves with the next landing. */
  #isAirFull(): boolean {
    const { count, blobBytes } = this.#flights;
    return count >= CAPACITY.flightsMax || blobBytes >= CAPACITY.flightBytesMax;
  }

  #fly(events: readonly Event[]): void {
    const { store, partition = 0 } = this.#options;
    const cargo: Cargo = { texts: new Map(), named: new Set() };
    const stored = events.map((event) => outlined(event, cargo));
    const blobs = this.#desk.launch();
    // What a refused call brought is named by no event, and is not worth the room.
    const named = [...blobs.values()].filter(({ hash }) => cargo.named.has(hash));
    const lastSeq = (events[events.length - 1] as Event).seq;
    const flight = this.#flights.add({ lastSeq, events, blobs, facts: this.#facts });
    const { epoch } = this.#lease;
    const carried = [...cargo.texts.values(), ...named];
    store.append({ partition, epoch, events: stored, blobs: carried }).then(
      () => this.#landed(flight),
      (error: unknown) => this.#failed(flight, error),
    );
  }

  #landed(flight: Flight<Output>): void {
    if (!this.#flights.has(flight)) return;
    this.#flights.remove(flight);
    this.#durableSeq = flight.lastSeq;
    this.#failuresInRow = 0;
    for (const output of flight.outputs) this.#carryOut(output);
    this.#durable.tell(flight.events);
    this.#desk.landed(flight.blobs);
    if (this.#phase === 'running') this.#redeliver();
    this.#endPass();
  }

  /** Lets an output go when `gate` is durable: now, with a flight, or with the pass to come. */
  #release(gate: number, output: Output): void {
    if (gate <= this.#durableSeq) this.#carryOut(output);
    else if (!this.#flights.attach(gate, output)) this.#gated.push({ gate, output });
  }

  #carryOut(output: Output): void {
    if ('reply' in output) output.reply(output.result);
    else this.#perform(output.effect);
  }

  #perform(effect: PendingEffect['effect']): void {
    switch (effect.do) {
      case 'reply':
        this.#pay(effect.to, effect.result);
        return;
      case 'observe': {
        const { pid, message, percent } = effect;
        this.observe({ type: 'progress', pid, task: effect.task ?? 0, message, percent });
        return;
      }
      default:
        if (this.#world !== undefined) carryOut(effect, this.#world);
    }
  }

  #pay(to: CallRef, result: CallResult): void {
    const key = keyOf(to);
    const reply = this.#owed.get(key);
    this.#owed.delete(key);
    reply?.(result);
  }

  #setWake(): void {
    clearTimeout(this.#wake);
    if (this.#phase !== 'running' || this.#pause !== undefined) return;
    const deadline = this.#kernel.nextDeadline;
    if (deadline === undefined) return;
    const waitMs = Math.max(0, deadline - this.#clock.now().monoMs);
    this.#wake = setTimeout(() => this.#tick(), Math.min(waitMs, CAPACITY.sleepMsMax));
    this.#wake.unref();
  }

  #tick(): void {
    if (this.#phase !== 'running' || this.#pause !== undefined) return;
    try {
      this.#kernel.tick(this.#clock.now());
    } catch (cause) {
      this.#fault(cause);
      return;
    }
    this.#schedulePass();
    this.#setWake();
  }

  #failed(flight: Flight<Output>, error: unknown): void {
    if (!this.#flights.has(flight)) return; // Given up with the one before it.
    const failure = asFailure(error);
    this.#dropPass(failure);
    for (const one of this.#flights.takeFrom(flight).toReversed()) {
      this.#waiting.putBack(one.facts, (hash) => one.blobs.get(hash));
      this.#desk.landed(one.blobs);
      for (const output of one.outputs) refuse(output, failure);
    }
    if (failure.code === 'fenced') this.#lose(failure);
    else this.#foldAnew(failure);
  }

  /** The kernel threw: its state since the last append is not to be built on. */
  #fault(cause: unknown): KernelError {
    const message = 'The kernel failed on it; it was undone. This is a fault of the kernel.';
    const failure = new KernelError('internal', message, { cause });
    this.#options.onFault?.(failure);
    this.#dropPass(failure);
    this.#foldAnew(failure);
    return failure;
  }

  /** The open pass: its direct replies are refused, its facts come back to be told. */
  #dropPass(failure: KernelError): void {
    this.#waiting.putBack(this.#facts, (hash) => this.#desk.find(hash));
    this.#facts = [];
    this.#desk.landed(this.#desk.launch());
    const gated = this.#gated;
    this.#gated = [];
    for (const { output } of gated) refuse(output, failure);
  }

  #foldAnew(failure: KernelError): void {
    clearTimeout(this.#pause?.timer);
    this.#failuresInRow += 1;
    const waitMs = Math.min(RETRY.firstMs * 2 ** (this.#failuresInRow - 1), RETRY.mostMs);
    this.#pause = { failure, timer: setTimeout(() => this.#endPause(), waitMs) };
    if (this.#phase !== 'running') return;
    this.#phase = 'refolding';
    this.#refolding = this.#refold(failure).finally(() => {
      this.#refolding = undefined;
    });
  }

  /** Never rejects. */
  async #refold(failure: KernelError): Promise<void> {
    const { partition = 0 } = this.#options;
    try {
      await this.#flights.landed(); // Those before the one that failed are still under way.
      const kernel = await loadKernel({ ...this.#options, partition });
      if (kernel.state.log.lastSeq > this.#durableSeq) this.#lose(ambiguous(failure));
      if (this.#phase === 'refolding') this.#resume(kernel, failure);
    } catch (cause) {
      const message = 'The journal failed and could not be read again.';
      this.#lose(new KernelError('unavailable', message, { cause }));
    }
  }

  #resume(kernel: Kernel, failure: KernelError): void {
    kernel.inherit(this.#kernel);
    this.#kernel = kernel;
    kernel.isStorageLow = true; // Until the pause is over, nothing may grow, refusals included.
    const known = new Set([...kernel.owedRefs()].map(keyOf));
    for (const [key, reply] of [...this.#owed]) {
      if (known.has(key)) continue;
      this.#owed.delete(key);
      reply({ ok: false, error: failure });
    }
    this.#isPassDue = false;
    this.#isRedeliveryDue = true;
    this.#phase = 'running';
    this.#setWake();
    this.#serveReads();
  }

  #serveReads(): void {
    const reads = this.#reads;
    this.#reads = [];
    for (const { call, reply } of reads) this.call(call, reply);
  }

  /** The pause is over, whether or not there is room again: what could not be refused is tried. */
  #endPause(): void {
    if (this.#phase === 'refolding') this.#pause?.timer.refresh();
    if (this.#phase !== 'running') return;
    clearTimeout(this.#pause?.timer);
    this.#pause = undefined;
    this.#kernel.isStorageLow = this.#isStorageLow;
    this.#tellWaiting();
    this.#schedulePass();
  }

  #tellWaiting(): void {
    const waiting = this.#waiting.takeAll();
    for (const { fact, blobs } of waiting) {
      this.#desk.restage(blobs);
      this.fact(fact);
    }
  }

  /** Once the journal takes events again: what waits is handed out, maybe a second time (M6). */
  #redeliver(): void {
    if (!this.#isRedeliveryDue || this.#pause !== undefined) return;
    this.#isRedeliveryDue = false;
    const { parts, state } = this.#kernel;
    for (const [pid, box] of state.office.boxes) if (box.depth > 0) parts.deliverer.note(pid);
    this.#schedulePass();
  }

  #lose(failure: KernelError): void {
    if (this.#phase === 'lost' || this.#phase === 'closed') return;
    this.#phase = 'lost';
    clearTimeout(this.#pause?.timer);
    clearTimeout(this.#wake);
    const owed = [...this.#owed.values()];
    this.#owed.clear();
    for (const reply of owed) reply({ ok: false, error: failure });
    this.#serveReads();
    this.#options.onFatal(failure);
  }
}

type Output =
  | { readonly reply: ReplyTo; readonly result: CallResult }
  | { readonly effect: PendingEffect['effect'] };

interface Gated {
  readonly gate: number;
  readonly output: Output;
}

/** An owed reply is not refused here: whether it is still owed shows when the kernel is read. */
function refuse(output: Output, error: KernelError): void {
  if ('reply' in output) output.reply({ ok: false, error });
}

const keyOf = (ref: CallRef): string => `${ref.channel} ${ref.pid} ${ref.id}`;

/** Its effects are not known to have left: only a boot, which checks everything, mends that. */
const ambiguous = (cause: KernelError): KernelError =>
  new KernelError(
    'unavailable',
    'An append that failed became durable all the same; the daemon has to start again.',
    { cause },
  );

const asFailure = (error: unknown): KernelError =>
  error instanceof KernelError
    ? error
    : new KernelError('unavailable', 'The journal could not be written.', { cause: error });

const NOT_RUNNING = new KernelError('unavailable', 'The kernel is not running.');

// The journaled kernel: the kernel's state machine, with its journal behind it and the world before
// it.
//   D3. Events are appended pass by pass; a reply or an effect leaves after its events are durable.
//       A pass is all that came in one turn of the event loop: one append, one disk sync.
//   A failed append fails the replies of its passes with the store's code, drops their effects, and
//       the kernel is folded anew from the store; what the world reported meanwhile (exits, ends of
//       tasks) is told to it again, since a fact cannot be refused.

import {
  Kernel,
  KernelError,
  type Call,
  type CallRef,
  type CallResult,
  type Content,
  type Event,
  type Fact,
  type KernelSettings,
  type Lease,
  type PendingEffect,
  type Store,
  type StoredEvent,
} from '@hivekernel/kernel';
import { ContentDesk } from './content-desk.ts';
import { Flights, type Flight } from './flights.ts';
import type { Host, Observation, World } from './host.ts';
import { SystemClock, type Clock } from './kernel-clock.ts';
import { Listeners } from './listeners.ts';
import { outlined, restored } from './long-text.ts';
import { loadKernel } from './recovery.ts';

export interface JournaledKernelOptions {
  readonly store: Store;
  readonly settings: KernelSettings;
  readonly partition?: number;
  readonly clock?: Clock;
  /** Told when the journal is lost for good (fenced, unreadable): the daemon must end. */
  readonly onFatal: (error: Error) => void;
}

const RETRY = { firstMs: 50, mostMs: 5_000 } as const;

type Phase = 'opened' | 'running' | 'refolding' | 'closed';
type ReplyTo = (result: CallResult) => void;

const CAPACITY = {
  /** Appends under way; with more to write, the next pass grows meanwhile. */
  flightsMax: 4,
  /** Longest sleep of the timer; Node's own bound is 2^31 - 1 ms. */
  sleepMsMax: 60_000,
} as const;

export class JournaledKernel implements Host {
  readonly #options: JournaledKernelOptions;
  readonly #clock: Clock;
  readonly #desk: ContentDesk;
  readonly #lease: Lease;
  readonly #flights = new Flights<Output>();
  readonly #durable = new Listeners<readonly Event[]>();
  readonly #observations = new Listeners<Observation>();
  readonly #owed = new Map<string, ReplyTo>();
  #kernel: Kernel;
  #world: World | undefined;
  #phase: Phase = 'opened';
  #isPassDue = false;
  #isStorageLow = false;
  #wake: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failuresInRow = 0;
  #facts: Fact[] = [];
  #waitingFacts: Fact[] = [];
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
    const kernel = await loadKernel({ store, settings, partition });
    return new JournaledKernel(options, kernel, lease);
  }

  /** From now on effects are carried out by `world`. */
  start(world: World): void {
    this.#world = world;
    this.#phase = 'running';
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  get durableSeq(): number {
    return this.#durableSeq;
  }

  call(call: Call, reply: ReplyTo): void {
    if (this.#phase !== 'running') {
      reply({ ok: false, error: unavailable(this.#phase) });
      return;
    }
    const outcome = this.#kernel.dispatch(call, this.#clock.now());
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
    if (this.#phase === 'closed') return;
    if (this.#phase === 'refolding' || this.#waitingFacts.length > 0) this.#waitingFacts.push(fact);
    else this.#takeFact(fact);
  }

  observe(observation: Observation): void {
    this.#observations.tell(observation);
  }

  content(bytes: Uint8Array): Content {
    this.#schedulePass();
    return this.#desk.take(bytes);
  }

  hashedContent(bytes: Uint8Array): Content {
    this.#schedulePass();
    return this.#desk.takeHashed(bytes);
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
      yield await Promise.all(batch.map((stored) => restored(stored, getBlob)));
    }
  }

  /** Growing calls are refused first while storage is low (DESIGN §3). */
  setStorageLow(isLow: boolean): void {
    this.#isStorageLow = isLow;
    this.#kernel.isStorageLow = isLow;
  }

  /** Ends the pass now and resolves when all before it is durable. */
  async settled(): Promise<void> {
    while (this.#isPassDue || this.#flights.count > 0) {
      this.#endPass();
      await this.#flights.landed();
    }
  }

  /** Takes no more calls; resolves when what was taken is durable. */
  async close(): Promise<void> {
    if (this.#phase === 'closed') return;
    await this.settled();
    this.#phase = 'closed';
    clearTimeout(this.#wake);
    clearTimeout(this.#retry);
  }

  #takeFact(fact: Fact): void {
    this.#facts.push(fact);
    this.#kernel.input(fact, this.#clock.now());
    this.#schedulePass();
  }

  #schedulePass(): void {
    if (this.#isPassDue) return;
    this.#isPassDue = true;
    setImmediate(() => this.#endPass());
  }

  /** One append for all that came since the last one. */
  #endPass(): void {
    if (this.#phase === 'refolding' || this.#flights.count >= CAPACITY.flightsMax) return;
    this.#isPassDue = false;
    const { events, effects } = this.#kernel.drain();
    if (events.length > 0) this.#fly(events);
    else this.#desk.landed(this.#desk.launch());
    this.#facts = [];
    for (const { afterSeq, effect } of effects) this.#release(afterSeq, { effect });
    const gated = this.#gated;
    this.#gated = [];
    for (const { gate, output } of gated) this.#release(gate, output);
    this.#setWake();
  }

  #fly(events: readonly Event[]): void {
    const { store, partition = 0 } = this.#options;
    const blobs = this.#desk.launch();
    const stored: StoredEvent[] = events.map((event) => outlined(event, blobs));
    const lastSeq = (events[events.length - 1] as Event).seq;
    const flight = this.#flights.add({ lastSeq, events, blobs, facts: this.#facts });
    const { epoch } = this.#lease;
    const request = { partition, epoch, events: stored, blobs: [...blobs.values()] };
    store.append(request).then(
      () => this.#landed(flight),
      (error: unknown) => this.#failed(error),
    );
  }

  #landed(flight: Flight<Output>): void {
    if (!this.#flights.remove(flight)) return;
    this.#desk.landed(flight.blobs);
    this.#durableSeq = flight.lastSeq;
    this.#failuresInRow = 0;
    for (const output of flight.outputs) this.#carryOut(output);
    this.#durable.tell(flight.events);
    if (this.#isPassDue) this.#endPass();
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
    const world = this.#world;
    switch (effect.do) {
      case 'reply':
        this.#pay(effect.to, effect.result);
        return;
      case 'observe': {
        const { pid, message, percent } = effect;
        this.observe({ type: 'progress', pid, task: effect.task ?? 0, message, percent });
        return;
      }
      case 'start':
        return world?.start(effect);
      case 'stop':
        return world?.stop(effect);
      case 'execute':
        return world?.execute(effect);
      case 'interrupt':
        return world?.interrupt(effect);
      case 'deliver':
        return world?.deliver(effect);
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
    const deadline = this.#kernel.nextDeadline;
    if (deadline === undefined || this.#phase === 'closed') return;
    const waitMs = Math.max(0, deadline - this.#clock.now().monoMs);
    this.#wake = setTimeout(() => this.#tick(), Math.min(waitMs, CAPACITY.sleepMsMax));
    this.#wake.unref();
  }

  #tick(): void {
    if (this.#phase !== 'running') return;
    this.#kernel.tick(this.#clock.now());
    this.#schedulePass();
    this.#setWake();
  }

  #failed(error: unknown): void {
    if (this.#phase === 'refolding' || this.#phase === 'closed') return;
    this.#phase = 'refolding';
    const failure =
      error instanceof KernelError
        ? error
        : new KernelError('unavailable', 'The journal could not be written.', { cause: error });
    this.#waitingFacts = [...this.#dropAll(failure), ...this.#waitingFacts];
    if (failure.code === 'fenced') {
      this.#options.onFatal(failure);
      return;
    }
    void this.#refold(failure).catch((cause: unknown) => {
      const message = 'The journal failed and could not be read again.';
      this.#options.onFatal(new KernelError('unavailable', message, { cause }));
    });
  }

  /** Everything that was not durable: its replies are refused, its facts come back to be told. */
  #dropAll(failure: KernelError): Fact[] {
    const facts: Fact[] = [];
    const outputs: Output[] = [];
    for (const flight of this.#flights.takeAll()) {
      this.#desk.landed(flight.blobs);
      facts.push(...flight.facts);
      outputs.push(...flight.outputs);
    }
    facts.push(...this.#facts);
    this.#facts = [];
    const { effects } = this.#kernel.drain();
    this.#desk.landed(this.#desk.launch());
    for (const { effect } of effects) outputs.push({ effect });
    for (const { output } of this.#gated) outputs.push(output);
    this.#gated = [];
    for (const output of outputs) this.#refuse(output, failure);
    return facts;
  }

  #refuse(output: Output, error: KernelError): void {
    const result = { ok: false as const, error };
    if ('reply' in output) output.reply(result);
    else if (output.effect.do === 'reply') this.#pay(output.effect.to, result);
  }

  async #refold(failure: KernelError): Promise<void> {
    const { store, settings, partition = 0 } = this.#options;
    const kernel = await loadKernel({ store, settings, partition });
    this.#kernel = kernel;
    kernel.isStorageLow = this.#isStorageLow;
    const known = new Set([...kernel.owedRefs()].map(keyOf));
    for (const [key, reply] of [...this.#owed]) {
      if (known.has(key)) continue;
      this.#owed.delete(key);
      reply({ ok: false, error: failure });
    }
    this.#phase = 'running';
    this.#isPassDue = false;
    this.#setWake();
    this.#failuresInRow += 1;
    const retryMs = Math.min(RETRY.firstMs * 2 ** this.#failuresInRow, RETRY.mostMs);
    this.#retry = setTimeout(() => this.#tellWaitingFacts(), retryMs);
  }

  /** What could not be refused is tried again, after a pause: the disk may still be full. */
  #tellWaitingFacts(): void {
    if (this.#phase !== 'running') return;
    const facts = this.#waitingFacts;
    this.#waitingFacts = [];
    for (const fact of facts) this.#takeFact(fact);
  }
}

type Output =
  | { readonly reply: ReplyTo; readonly result: CallResult }
  | { readonly effect: PendingEffect['effect'] };

interface Gated {
  readonly gate: number;
  readonly output: Output;
}

const keyOf = (ref: CallRef): string => `${ref.channel} ${ref.pid} ${ref.id}`;

const unavailable = (phase: Phase): KernelError =>
  phase === 'refolding'
    ? new KernelError('storage_full', 'The journal failed; the kernel is being read again from it.')
    : new KernelError('unavailable', 'The kernel is not running.');

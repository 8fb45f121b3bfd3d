// The host: how the rest of the daemon sees the journaled kernel. Doors bring calls, the runtime
// brings facts and carries out effects; neither touches the kernel or the store itself.
//   D3. A reply is given, and an effect carried out, only after the events before it are durable.

import type { Call, CallResult, Content, Effect, Event, Fact } from '@hivekernel/kernel';

type EffectOf<D extends Effect['do']> = Extract<Effect, { do: D }>;

/** Who carries out effects: the runtime. Methods return at once; what comes of them is a fact. */
export interface World {
  start(effect: EffectOf<'start'>): void;
  stop(effect: EffectOf<'stop'>): void;
  execute(effect: EffectOf<'execute'>): void;
  interrupt(effect: EffectOf<'interrupt'>): void;
  deliver(effect: EffectOf<'deliver'>): void;
  pause(effect: EffectOf<'pause' | 'resume'>): void;
  resume(effect: EffectOf<'pause' | 'resume'>): void;
  dump(effect: EffectOf<'dump'>): void;
}

/** What observers see that has no seq (DESIGN §3): at once, not durable. */
export type Observation =
  | {
      readonly type: 'progress';
      readonly pid: number;
      readonly task: number;
      readonly message: string;
      readonly percent: number;
    }
  | {
      readonly type: 'output';
      readonly pid: number;
      readonly stream: 'stdout' | 'stderr';
      readonly line: string;
    }
  /** Completion tokens that just arrived from a model. */
  | { readonly type: 'tokens'; readonly pid: number; readonly count: number };

export interface Host {
  /** Serves a call. `reply` is called once, at the moment when the answer may leave. */
  call(call: Call, reply: (result: CallResult) => void): void;
  fact(fact: Fact): void;
  observe(observation: Observation): void;
  /**
   * Content of bytes: small inline, larger by hash. What is large is written with the events of
   * the same turn, so make it right before the call or fact that carries it, without awaiting.
   */
  content(bytes: Uint8Array): Content;
  /**
   * Likewise, and always with the hash (artifacts, M12). `isGivenAway`, for a call's and never for
   * a fact's: nothing here holds on to `bytes`; a large content is held once, by the journal.
   */
  hashedContent(bytes: Uint8Array, how?: { isGivenAway: true }): Content;
  /** The bytes back. Rejects with `data_loss` where they are gone. */
  bytes(content: Content): Promise<Uint8Array>;
  /** Durable events, in order, in batches as they become so. Returns the unsubscribe. */
  onDurable(listener: (events: readonly Event[]) => void): () => void;
  onObservation(listener: (observation: Observation) => void): () => void;
  /** Kept events with seq > afterSeq, up to what is durable now. */
  read(request: { afterSeq: number; toSeq?: number }): AsyncIterable<readonly Event[]>;
  readonly durableSeq: number;
}

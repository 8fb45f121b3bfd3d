// Effects: what the kernel wants done in the world. An effect leaves only after the events before
// it are durable (D3), so each carries the seq that it waits for. Effects are not journaled; what
// they lead to comes back as an input and becomes an event.

import type { KernelError } from '../errors.ts';
import type { MessageId, Pid, Seq, TaskId } from '../ids.ts';
import type { Content } from './content.ts';
import type { CallRef, ProcessSpec, TaskSpec } from './event.ts';
import type { Priority, Relation, ShutdownReason } from './words.ts';

/** A message on its way to a process's link. */
export interface Delivery {
  readonly message: MessageId;
  readonly from: Pid;
  readonly fromName: string;
  readonly relation: Relation;
  readonly priority: Priority;
  readonly type: string;
  readonly content: Content;
  readonly wallMs: number;
  readonly requiresAck: boolean;
  readonly replyTo: string;
  /** P7; empty where the sender is no more. */
  readonly fromAddress: string;
  /** M9: unix milliseconds; 0: none. */
  readonly deadlineMs: number;
  /** Of one that was taken from a named queue: which, and how often it was handed out before. */
  readonly queue?: string;
  readonly tries?: number;
  /** M10, of a publication: what it was published under. */
  readonly topic?: string;
  /** M10: it is the topic's last one from before the subscription. */
  readonly isRetained?: boolean;
  /** M10: publications before it that the subscriber was too slow for. */
  readonly missed?: number;
}

export type CallResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: KernelError };

export type Effect =
  | { readonly do: 'reply'; readonly to: CallRef; readonly result: CallResult }
  | {
      readonly do: 'start';
      readonly pid: Pid;
      readonly parent: Pid;
      readonly incarnation: number;
      readonly spec: ProcessSpec;
      readonly address: string;
      /** S7: handed back at Init. */
      readonly checkpoint: Content | undefined;
    }
  | {
      /** S1, STOP and CONT: its whole process group. */
      readonly do: 'pause' | 'resume';
      readonly pid: Pid;
      readonly incarnation: number;
    }
  | {
      /** S1, USR1: what it knows of itself is asked for, and comes back as the fact `dumped`. */
      readonly do: 'dump';
      readonly pid: Pid;
      readonly incarnation: number;
      readonly to: CallRef;
      readonly key: string;
      /** What the kernel knows of it, JSON. */
      readonly known: string;
    }
  | {
      /** TERM, then KILL to the process group after `graceMs`. */
      readonly do: 'stop';
      readonly pid: Pid;
      readonly incarnation: number;
      readonly reason: ShutdownReason;
      readonly graceMs: number;
    }
  | {
      readonly do: 'execute';
      readonly pid: Pid;
      readonly incarnation: number;
      readonly task: TaskId;
      readonly parentTask: TaskId | null;
      readonly spec: TaskSpec;
    }
  | {
      readonly do: 'interrupt';
      readonly pid: Pid;
      readonly incarnation: number;
      readonly task: TaskId;
      readonly reason: string;
    }
  | {
      /** For observers only, at once: it has no seq and is not durable (DESIGN §3). */
      readonly do: 'observe';
      readonly pid: Pid;
      readonly task: TaskId | null;
      readonly message: string;
      readonly percent: number;
    }
  | {
      readonly do: 'deliver';
      readonly pid: Pid;
      readonly incarnation: number;
      readonly messages: readonly Delivery[];
    };

export interface PendingEffect {
  readonly afterSeq: Seq;
  readonly effect: Effect;
}

/** Collects the effects of a pass. */
export class EffectQueue {
  #pending: PendingEffect[] = [];
  readonly #lastSeq: () => Seq;
  readonly #onReply: (to: CallRef) => void;

  constructor(options: { lastSeq: () => Seq; onReply: (to: CallRef) => void }) {
    this.#lastSeq = options.lastSeq;
    this.#onReply = options.onReply;
  }

  push(effect: Effect): void {
    if (effect.do === 'reply') this.#onReply(effect.to);
    this.#pending.push({ afterSeq: this.#lastSeq(), effect });
  }

  /** For what depends on less than all that was emitted; `SEQ_ZERO`: on nothing. */
  pushAfter(afterSeq: Seq, effect: Effect): void {
    if (effect.do === 'reply') this.#onReply(effect.to);
    this.#pending.push({ afterSeq, effect });
  }

  drain(): PendingEffect[] {
    if (this.#pending.length === 0) return this.#pending;
    const effects = this.#pending;
    this.#pending = [];
    return effects;
  }
}

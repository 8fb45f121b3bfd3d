// What a process waits for right now: its open calls, each with its begin. Kept for a dump
// (host/dump.ts); it ends nothing and knows no answer.
import type {
  CallValue,
  KernelCallOptions,
  KernelPort,
  PlainCase,
  ReplyValueOf,
} from './kernel-port.ts';
import { processWide } from './process-wide.ts';

export interface OpenWait {
  /** The kernel call, as `executeOn`; `model` for a call of a model. */
  readonly kind: string;
  /** Whom it concerns: a pid, or the model's name. */
  readonly target: number | string | undefined;
  /** The task that it is made for; empty outside tasks. */
  readonly taskId: string;
  /** Unix milliseconds. */
  readonly sinceMs: number;
}

/** Over the link's own bound for open calls: what passes it are streams that nobody reads on. */
const WAITS_MAX = 300_000;

export class OpenWaits {
  readonly #open = new Set<OpenWait>();

  /** The one that has waited longest comes first. */
  get all(): readonly OpenWait[] {
    return [...this.#open];
  }

  /** Call what it returns when the wait is over. */
  begin(what: Omit<OpenWait, 'sinceMs'>): () => void {
    const wait = { ...what, sinceMs: Date.now() };
    if (this.#open.size < WAITS_MAX) this.#open.add(wait);
    return () => void this.#open.delete(wait);
  }
}

/** Model calls, whose clients know no process. */
export const modelWaits = processWide('modelWaits', () => new OpenWaits());

/** Passes calls on, and knows which of them are open. */
export class WatchedPort implements KernelPort {
  readonly waits = new OpenWaits();
  readonly #port: KernelPort;

  constructor(port: KernelPort) {
    this.#port = port;
  }

  call<Case extends PlainCase>(
    kind: Case,
    value: CallValue<Case>,
    options?: KernelCallOptions,
  ): Promise<ReplyValueOf<Case>> {
    const target = targetOf(value);
    const end = this.waits.begin({ kind, target, taskId: options?.taskId ?? '' });
    const reply = this.#port.call(kind, value, options);
    reply.then(end, end);
    return reply;
  }
}

function targetOf(value: object): number | undefined {
  if ('targetPid' in value) return value.targetPid as number;
  return 'peerPid' in value ? (value.peerPid as number) : undefined;
}

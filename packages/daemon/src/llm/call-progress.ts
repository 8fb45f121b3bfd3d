// Tells of the progress of model calls, by the process that makes them (S6). A token is progress;
// so is the end of a call. Until its first token, and as long as it waits in line, a call may be
// quiet, and its process with it; a call that is quiet for longer is given up, and nothing else is.
//   1. What lengthens the quiet of a process is told at once. All else is told at most once a
//      second, and what came last always is.
//   2. A process may be quiet as long as any of its calls: a token of one shortens nothing for the
//      others.
//   An answer that is not streamed is one token: the limit holds for all of it.

import { KernelError } from '@hivekernel/kernel';
import type { ChatChunk, Delta } from './chat.ts';
import { LLM_LIMITS } from './llm-limits.ts';
import type { Caller, GatewayPorts } from './ports.ts';
import type { LlmClock } from './wait.ts';

const { progressEveryMs: EVERY_MS, lineRenewMs: RENEW_MS, quietMarginMs: MARGIN_MS } = LLM_LIMITS;
const MS_PER_SECOND = 1_000;
/** A limit beyond it is none. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** What one process has under way. */
interface Page {
  readonly pid: number;
  readonly calls: Set<CallProgress>;
  toldAtMs: number;
  /** How long it may be quiet, as was told last. */
  toldUntilMs: number;
  /** It is told when the second is over. */
  isDue: boolean;
}

export class ProgressBook {
  readonly #clock: LlmClock;
  readonly #tell: GatewayPorts['progressed'];
  /** One a process with calls under way, or with news that wait for their second. */
  readonly #pages = new Map<number, Page>();
  readonly #inLine = new Set<CallProgress>();
  readonly #off = new AbortController();
  #isRenewing = false;

  constructor(options: { clock: LlmClock; tell: GatewayPorts['progressed'] }) {
    this.#clock = options.clock;
    this.#tell = options.tell;
  }

  /** A call begins. Its `end` must follow. */
  open(caller: Pick<Caller, 'pid' | 'firstTokenMs'>): CallProgress {
    const call = new CallProgress({ book: this, clock: this.#clock, caller });
    const page = this.#pages.get(caller.pid) ?? newPage(caller.pid);
    this.#pages.set(caller.pid, page);
    page.calls.add(call);
    call.allow(0);
    return call;
  }

  /** Nothing more is told. */
  stop(): void {
    this.#off.abort();
    this.#pages.clear();
    this.#inLine.clear();
  }

  /** It waits in line from now on: it may be quiet until it has left it. */
  lineUp(call: CallProgress): void {
    this.#inLine.add(call);
    call.allow(2 * RENEW_MS);
    if (!this.#isRenewing) void this.#renew(); // Never rejects.
  }

  leaveLine(call: CallProgress): void {
    this.#inLine.delete(call);
  }

  close(call: CallProgress): void {
    this.#inLine.delete(call);
    this.#pages.get(call.pid)?.calls.delete(call);
    this.note(call.pid);
  }

  /** Something came of a call of the process. */
  note(pid: number): void {
    const page = this.#pages.get(pid);
    if (page === undefined || page.isDue) return;
    const nowMs = this.#clock.monoMs();
    const waitMs = page.toldAtMs + EVERY_MS - nowMs;
    if (waitMs <= 0) this.#tellOf(page, nowMs);
    else void this.#tellLater(page, waitMs); // Never rejects.
  }

  /** A call of the process may be quiet until then: what that changes for the process is told. */
  noteQuiet(pid: number, untilMs: number): void {
    const page = this.#pages.get(pid);
    if (page === undefined) return;
    if (untilMs > page.toldUntilMs + EVERY_MS) this.#tellOf(page, this.#clock.monoMs());
    else if (untilMs < page.toldUntilMs - EVERY_MS) this.note(pid);
  }

  async #tellLater(page: Page, waitMs: number): Promise<void> {
    page.isDue = true;
    try {
      await this.#clock.sleep(waitMs, this.#off.signal);
      page.isDue = false;
      this.#tellOf(page, this.#clock.monoMs());
    } catch {
      // The gateway has stopped.
    }
  }

  #tellOf(page: Page, nowMs: number): void {
    let untilMs = nowMs;
    for (const { quietUntilMs } of page.calls) untilMs = Math.max(untilMs, quietUntilMs);
    page.toldAtMs = nowMs;
    page.toldUntilMs = untilMs;
    this.#tell(page.pid, Math.ceil(untilMs - nowMs));
    if (page.calls.size === 0 && !page.isDue) this.#pages.delete(page.pid);
  }

  /** As long as anybody waits in line. */
  async #renew(): Promise<void> {
    this.#isRenewing = true;
    try {
      while (this.#inLine.size > 0) {
        await this.#clock.sleep(RENEW_MS, this.#off.signal);
        for (const call of this.#inLine) call.allow(2 * RENEW_MS);
      }
    } catch {
      // The gateway has stopped.
    } finally {
      this.#isRenewing = false;
    }
  }
}

const newPage = (pid: number): Page => ({
  ...{ pid, calls: new Set(), toldAtMs: -Infinity, toldUntilMs: -Infinity, isDue: false },
});

/** Of one call. */
export class CallProgress {
  readonly pid: number;
  readonly #book: ProgressBook;
  readonly #clock: LlmClock;
  /** 0: none. */
  readonly #limitMs: number;
  #quietUntilMs = 0;
  #isOver = false;
  /** Runs from the request on, until something of the answer is there. */
  #patience: AbortController | undefined;

  constructor(options: {
    book: ProgressBook;
    clock: LlmClock;
    caller: Pick<Caller, 'pid' | 'firstTokenMs'>;
  }) {
    this.#book = options.book;
    this.#clock = options.clock;
    this.pid = options.caller.pid;
    this.#limitMs = options.caller.firstTokenMs;
  }

  get quietUntilMs(): number {
    return this.#quietUntilMs;
  }

  /** For its first token it has the limit from now on, and so much before it. */
  allow(beforeMs: number): void {
    const ownMs = this.#limitMs === 0 ? 0 : this.#limitMs + MARGIN_MS;
    this.#quietUntilMs = this.#clock.monoMs() + ownMs + beforeMs;
    this.#book.noteQuiet(this.pid, this.#quietUntilMs);
  }

  /** In line, or between two tries. */
  waits(): void {
    if (this.#isOver) return;
    this.#bePatient();
    this.#book.lineUp(this);
  }

  /** `onLate` is called when the first token does not come within the limit. */
  sent(onLate: (limitMs: number) => void): void {
    this.#bePatient();
    this.#book.leaveLine(this);
    this.allow(0);
    if (this.#limitMs === 0 || this.#limitMs > TIMER_MS_MAX) return;
    this.#patience = new AbortController();
    this.#clock.sleep(this.#limitMs, this.#patience.signal).then(
      () => onLate(this.#limitMs),
      () => undefined, // Something came, or the call has ended.
    );
  }

  /** A piece of the answer. */
  heard(chunk: ChatChunk): void {
    if (!hasToken(chunk)) return;
    this.#bePatient();
    this.#quietUntilMs = 0;
    this.#book.note(this.pid);
  }

  /** A second time it changes nothing. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#bePatient();
    this.#book.close(this);
  }

  /** Its limit does not run any more. */
  #bePatient(): void {
    this.#patience?.abort();
    this.#patience = undefined;
  }
}

/** Anything but the word that it begins: providers send that before they have thought. */
const hasToken = ({ choices }: ChatChunk): boolean =>
  choices.some(({ delta, finish_reason: end }) => end != null || saysAnything(delta));

function saysAnything({ role: _, ...said }: Delta): boolean {
  return Object.values(said).some((value) =>
    Array.isArray(value) ? value.length > 0 : value != null && value !== '',
  );
}

export function firstTokenLate(call: {
  model: string;
  provider: string;
  limitMs: number;
}): KernelError {
  const { model, provider, limitMs } = call;
  const within = `within ${limitMs / MS_PER_SECOND} s`;
  return new KernelError(
    'timed_out',
    `${model} at ${provider} gave no first token ${within}, so the call was given up (S6). ` +
      'Ask for less at a time, or raise watchdog.first_token in hive.yaml.',
    { details: { model, provider, limitMs } },
  );
}

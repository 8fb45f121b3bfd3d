// The swarm under fire, as its tormentors see it: which OS process each agent runs in, which calls
// are not answered yet, and what the kernel should never have said.
//   Every OS process that the kernel ever told of is kept, to be looked for at the end.

import { HiveClientError, type CallPatience, type HiveClient } from '@hivekernel/client';
import type { BenchDaemon } from '../bench-daemon.ts';
import { Follower, type SeenEvent } from '../follower.ts';
import { lookAt, markedIn, type OsProcess, type OsRecord } from '../os-processes.ts';

/** What may become of a call about an agent that dies meanwhile. Anything else is a fault. */
const REFUSALS = new Set([
  'wrong_state',
  'not_found',
  'start_failed',
  'unauthenticated',
  'cancelled',
  'limit_exceeded',
]);
/** Of a finding: the last events of its process. */
const HISTORY_EVENTS = 40;

export class Swarm {
  readonly daemon: BenchDaemon;
  readonly signal: AbortSignal;
  readonly follower: Follower;
  /** Of every incarnation that there was. */
  readonly records: OsRecord[] = [];
  /** What the kernel answered and should not have, and what it complained of. */
  readonly faults: string[] = [];
  /** How often each kind of strike met somebody. */
  readonly strikes = new Map<string, number>();
  readonly #runs = new Map<number, OsRecord>();
  readonly #gone = new Set<number>();
  readonly #histories = new Map<number, SeenEvent[]>();
  readonly #unanswered = new Map<Promise<unknown>, string>();

  constructor(daemon: BenchDaemon, signal: AbortSignal) {
    this.daemon = daemon;
    this.signal = signal;
    this.follower = new Follower(daemon.client, (event) => this.#see(event));
  }

  get client(): HiveClient {
    return this.daemon.client;
  }

  get strikeCount(): number {
    return [...this.strikes.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Calls that have no answer yet, in words. */
  get unanswered(): readonly string[] {
    return [...this.#unanswered.values()];
  }

  struck(kind: string): void {
    this.strikes.set(kind, (this.strikes.get(kind) ?? 0) + 1);
  }

  /** Never rejects: a refusal, which is to be expected here, is undefined. */
  call<T>(what: string, make: (how: CallPatience) => Promise<T>): Promise<T | undefined> {
    const answer = make({ signal: this.signal }).catch((error: unknown) => {
      const isExpected = error instanceof HiveClientError && REFUSALS.has(error.code);
      if (!isExpected && !this.signal.aborted) this.faults.push(`${what}: ${describe(error)}`);
      return undefined;
    });
    this.#unanswered.set(answer, what);
    void answer.then(() => this.#unanswered.delete(answer)); // Never rejects.
    return answer;
  }

  /** Resolves when every call is answered, or with those that are not when the signal fires. */
  async answered(signal: AbortSignal): Promise<readonly string[]> {
    const late = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([Promise.all(this.#unanswered.keys()), late]);
    return this.unanswered;
  }

  /** Dead for good, or no process at all. */
  isGone(pid: number): boolean {
    return this.#gone.has(pid);
  }

  /** The OS process of its newest incarnation, as long as it runs. */
  osProcessOf(pid: number): OsProcess | undefined {
    const run = this.#runs.get(pid);
    const now = run && lookAt(run.osPid);
    return now?.startTicks === run?.startTicks ? now : undefined;
  }

  /** What its newest incarnation forked. */
  forksOf(pid: number): OsProcess[] {
    const leader = this.osProcessOf(pid);
    if (leader === undefined) return [];
    const marked = markedIn(this.daemon.runtimeDir);
    return marked.filter(({ link, osPid }) => link === leader.link && osPid !== leader.osPid);
  }

  /** What happened to a process of late, for who looks for a fault. */
  historyOf(pid: number): string {
    const events = this.#histories.get(pid) ?? [];
    return events.map(({ seq, kind, body }) => `${seq} ${kind} ${JSON.stringify(body)}`).join('\n');
  }

  #see(event: SeenEvent): void {
    const { kind, body } = event;
    const pid = Number(body['pid'] ?? 0);
    const history = this.#histories.get(pid) ?? [];
    history.push(event);
    this.#histories.set(pid, history.slice(-HISTORY_EVENTS));
    if (kind === 'process.gone') this.#gone.add(pid);
    if (kind === 'log.written' && body['level'] === 'error') {
      this.faults.push(`process ${pid} logs: ${String(body['message'])}`);
    }
    if (kind === 'process.started') {
      const [startTicks = ''] = String(body['osStarted']).split('@');
      const run = { osPid: Number(body['osPid']), startTicks };
      this.records.push(run);
      this.#runs.set(pid, run);
    }
  }
}

const describe = (error: unknown): string =>
  error instanceof HiveClientError ? `[${error.code}] ${error.message}` : String(error);

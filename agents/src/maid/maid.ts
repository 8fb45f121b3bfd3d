// The maid: looks after the health of one node. Every so often she looks at the processes that
// she may read and at the memory, keeps a report as an artifact, and escalates what is wrong and
// was not before. She mends nothing: restarts, quarantine and reaping are the kernel's.
//   M1. Public calls only, no model, no work between rounds. The kernel needs her for nothing.
//   M2. The same trouble is told once, until it was gone; also across her restarts (checkpoint).
//   M3. The report is written when its gist is another, so at most once a round.
//   M4. What a round fails with is logged, and the next round is tried as if nothing had been.
//   A task asks her at once, whatever it says: she makes a round and answers with the summary.
//   She reads what her user may read (A1), so her report is for her user too.
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from '@hivekernel/sdk';
import type { Context, Task, TaskContext, TaskOutput } from '@hivekernel/sdk';
import { alarmsFor } from './alarms.ts';
import type { Alarm } from './alarms.ts';
import { KnownTroubles } from './known-troubles.ts';
import type { Look } from './look.ts';
import { machineMemory, memoryOf } from './memory.ts';
import { gistOf, reportText, summaryOf } from './report.ts';
import { findTroubles } from './troubles.ts';
import type { Trouble } from './troubles.ts';

/** Of her environment; the daemon sets it from `maid.interval`. */
const INTERVAL_VARIABLE = 'MAID_INTERVAL_MS';
const INTERVAL_DEFAULT_MS = 30_000;
const INTERVAL_LEAST_MS = 100;
/** For an answer to an escalation. The king takes it at once. */
const ESCALATION_MS = 10_000;

export class Maid extends Agent {
  readonly #machine: () => Look['machine'];
  #node = '';
  #known = new KnownTroubles();
  #checkpointed = '';
  #gist = '';
  #zombies: ReadonlySet<number> = new Set();
  #summary: readonly string[] = [];
  #failure = '';
  /** Rounds come one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(machine: () => Look['machine'] = machineMemory) {
    super();
    this.#machine = machine;
  }

  override async onInit(ctx: Context): Promise<void> {
    this.#node = (await ctx.info()).node;
    this.#known = KnownTroubles.read(ctx.savedText());
    this.#checkpointed = this.#known.text;
    void this.#goRound(ctx); // M4: it throws nothing, and ends with the process.
  }

  override async onTask(_task: Task, ctx: TaskContext): Promise<TaskOutput> {
    await this.#inTurn(() => this.#round(ctx));
    return { output: this.#summary.join('\n'), artifacts: { report: this.#key } };
  }

  override onDump(): unknown {
    return { known: [...this.#known.keys], summary: this.#summary };
  }

  async #goRound(ctx: Context): Promise<void> {
    const intervalMs = intervalOf(ctx.env);
    while (!ctx.signal.aborted) {
      await this.#inTurn(() => this.#tryRound(ctx));
      await pause(intervalMs, undefined, { signal: ctx.signal }).catch(() => undefined);
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** M4. The same failure again and again is one line. */
  async #tryRound(ctx: Context): Promise<void> {
    try {
      await this.#round(ctx);
      this.#failure = '';
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const isNews = why !== this.#failure && !ctx.signal.aborted;
      this.#failure = why;
      if (isNews) await ctx.log.warn(`a round failed: ${why}`);
    }
  }

  async #round(ctx: Context): Promise<void> {
    const look = await this.#look(ctx);
    const troubles = findTroubles(look, { open: this.#known.keys, zombies: this.#zombies });
    this.#zombies = zombiesOf(look);
    this.#summary = summaryOf(look, troubles);
    await this.#report(ctx, look, troubles);
    for (const alarm of alarmsFor(troubles, this.#known.keys)) {
      await this.#escalate(ctx, alarm, look.atMs);
    }
    const over = this.#known.forgetOthers(troubles);
    await this.#remember(ctx);
    if (over.length > 0) await ctx.log.info(`over: ${over.join(', ')}`);
  }

  async #look(ctx: Context): Promise<Look> {
    const processes = await ctx.processes({ includeDead: true });
    const memory = await memoryOf(processes);
    return { node: this.#node, atMs: Date.now(), processes, machine: this.#machine(), memory };
  }

  /** M3 */
  async #report(ctx: Context, look: Look, troubles: readonly Trouble[]): Promise<void> {
    const gist = gistOf(look, troubles);
    if (gist === this.#gist) return;
    const text = reportText(look, this.#known.dated(troubles, look.atMs));
    const contentType = 'application/json';
    await ctx.artifacts.put(this.#key, text, { contentType, visibility: 'user' });
    this.#gist = gist;
  }

  /** M2. Told is what was taken: else it is told again with the next round. */
  async #escalate(ctx: Context, alarm: Alarm, atMs: number): Promise<void> {
    const { kind, severity, issue, keys, pids } = alarm;
    const context = { node: this.#node, kind, pids: pids.join(','), report: this.#key };
    await ctx.escalate(issue, { severity, context, timeoutMs: ESCALATION_MS });
    this.#known.add(keys, atMs);
    await this.#remember(ctx);
  }

  async #remember(ctx: Context): Promise<void> {
    const { text } = this.#known;
    if (text === this.#checkpointed) return;
    await ctx.checkpoint(text);
    this.#checkpointed = text;
  }

  get #key(): string {
    return `maid/${this.#node}`;
  }
}

function zombiesOf({ processes }: Look): ReadonlySet<number> {
  const zombies = processes.filter(({ stateWord }) => stateWord === 'zombie');
  return new Set(zombies.map(({ pid }) => pid));
}

function intervalOf(env: Context['env']): number {
  const ms = Number(env[INTERVAL_VARIABLE] ?? INTERVAL_DEFAULT_MS);
  return Number.isFinite(ms) ? Math.max(INTERVAL_LEAST_MS, ms) : INTERVAL_DEFAULT_MS;
}

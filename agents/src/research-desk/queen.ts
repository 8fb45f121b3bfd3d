// The research desk's queen: takes the question, has a lead answer it, gives the lead's report back
// and leaves nobody behind. The king starts her for one task.
//   params: `input` (paths of files and directories, one a line), `artifact` (key of the report;
//   default `reports/<question>.md`), `workers` (how many at most; default 4).
import { Agent } from '@hivekernel/sdk';
import type { Task, TaskContext, TaskOutput } from '@hivekernel/sdk';
import { findMissing, parseInputs } from './documents.ts';
import { LEAD_IMAGE, WORKERS_MAX } from './lead.ts';

const LEAD_GRACE_MS = 2_000;
const COLLECT_MS = 5_000;
/** A failed worker is replaced by a fresh one before it is collected. */
const CHILDREN_PER_WORKER = 2;

export class ResearchDesk extends Agent {
  override async onTask(task: Task, ctx: TaskContext): Promise<TaskOutput> {
    if (task.description.trim() === '') return refuse('there is no question');
    const inputs = parseInputs(task.params['input'] ?? '');
    if (inputs.length === 0) return refuse('there is nothing to read: give files or directories');
    const missing = await findMissing(inputs);
    if (missing !== undefined) return refuse(`cannot read ${missing.path}: ${missing.why}`);
    await ctx.progress(undefined, 'handing the question to a lead');
    const lead = await ctx.spawn({
      name: 'lead',
      role: 'lead',
      tier: 'tactical',
      image: LEAD_IMAGE,
      limits: { childrenMax: CHILDREN_PER_WORKER * WORKERS_MAX },
    });
    try {
      await ctx.progress(undefined, `waiting for lead ${lead}`);
      const { description, params } = task;
      return await ctx.executeOn(lead, { description, params });
    } finally {
      await this.#collect(lead, ctx);
    }
  }

  /** The lead and whoever it may have left. */
  async #collect(lead: number, ctx: TaskContext): Promise<void> {
    try {
      await ctx.kill(lead, { recursive: true, graceMs: LEAD_GRACE_MS });
      await ctx.waitChild(lead, { timeoutMs: COLLECT_MS });
    } catch (error) {
      await ctx.log.warn(`lead ${lead} could not be collected: ${String(error)}`);
    }
  }
}

function refuse(why: string): TaskOutput {
  return { exitCode: 1, output: `error: ${why}` };
}

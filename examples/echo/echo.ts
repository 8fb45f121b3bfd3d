// EchoAgent: says a task's description back. `delegate:X` spawns another echo, has it do X,
// collects it, and tells both pids.
import { Agent, imageOf } from '@hivekernel/sdk';
import type { Task, TaskContext, TaskOutput } from '@hivekernel/sdk';

const DELEGATE = 'delegate:';

export class EchoAgent extends Agent {
  override onTask(task: Task, ctx: TaskContext): TaskOutput | Promise<TaskOutput> {
    if (task.description.startsWith(DELEGATE)) {
      return this.#delegate(task.description.slice(DELEGATE.length), ctx);
    }
    return { output: task.description, metadata: { pid: ctx.pid } };
  }

  async #delegate(description: string, ctx: TaskContext): Promise<TaskOutput> {
    const child = await ctx.spawn({
      name: 'echo-child',
      role: 'worker',
      tier: 'operational',
      image: imageOf(import.meta.url, 'EchoAgent'),
    });
    try {
      await ctx.progress(50, `child ${child} is at it`);
      const { output } = await ctx.executeOn(child, { description });
      return { output, metadata: { pid: ctx.pid, child } };
    } finally {
      await ctx.kill(child);
      await ctx.waitChild(child);
    }
  }
}

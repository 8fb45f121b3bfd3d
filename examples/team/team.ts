// A manager with two workers: three subtasks go round, the workers store their parts as artifacts,
// the manager combines them. What was stored outlives the workers.
import { Agent, imageOf } from '@hivekernel/sdk';
import type { Task, TaskContext, TaskOutput } from '@hivekernel/sdk';

const WORKERS = 2;
const SUBTASKS = ['outline', 'draft', 'review'];

export class TeamWorker extends Agent {
  override async onTask(task: Task, ctx: TaskContext): Promise<TaskOutput> {
    const text = `${task.params['step']} of "${task.description}" by ${ctx.name} (pid ${ctx.pid})`;
    const { key = `parts/${task.id}` } = task.params;
    await ctx.artifacts.put(key, text, { visibility: 'user' });
    return { output: text, artifacts: { part: key } };
  }
}

export class TeamManager extends Agent {
  override async onTask(task: Task, ctx: TaskContext): Promise<TaskOutput> {
    const names = Array.from({ length: WORKERS }, (_, i) => `worker-${i + 1}`);
    const workers = await Promise.all(names.map((name) => spawnWorker(name, ctx)));
    try {
      const keys = await Promise.all(
        SUBTASKS.map(async (step, i) => {
          const key = `team/${task.id}/${step}`;
          const params = { step, key };
          await ctx.executeOn(workers[i % WORKERS]!, { description: task.description, params });
          await ctx.progress(undefined, `${step} is done`);
          return key;
        }),
      );
      const parts = await Promise.all(keys.map((key) => ctx.artifacts.get(key)));
      const combined = parts.map((part, i) => `${i + 1}. ${part.text()}`).join('\n');
      const key = task.params['artifact'] ?? `team/${task.id}/combined`;
      await ctx.artifacts.put(key, combined, { visibility: 'global' });
      return {
        output: combined,
        artifacts: { combined: key },
        metadata: { workers: workers.join() },
      };
    } finally {
      await Promise.all(workers.map((pid) => ctx.kill(pid)));
    }
  }
}

function spawnWorker(name: string, ctx: TaskContext): Promise<number> {
  const image = imageOf(import.meta.url, 'TeamWorker');
  return ctx.spawn({ name, role: 'worker', tier: 'operational', image });
}

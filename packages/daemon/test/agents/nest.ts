// Nest: an agent that makes a tree of itself. `depth:N:TEXT` spawns a child, has it do
// `depth:N-1:TEXT`, and says who answered; at depth 0 it stores TEXT as an artifact.

import { defineAgent, imageOf, type TaskContext } from '@hivekernel/sdk';

export default defineAgent({
  async onTask(task, ctx) {
    const [, depth = '0', text = ''] = /^depth:(\d+):(.*)$/s.exec(task.description) ?? [];
    if (Number(depth) === 0) return storeText(ctx, text);
    const child = await ctx.spawn({
      name: `nest-${depth}`,
      role: 'worker',
      tier: 'operational',
      image: imageOf(import.meta.url),
    });
    const description = `depth:${Number(depth) - 1}:${text}`;
    const result = await ctx.executeOn(child, { description });
    const seen = await ctx.info(child);
    return {
      output: `${ctx.pid}>${result.output}`,
      metadata: { ...result.metadata, [`pid${depth}`]: String(child), state: seen.state },
    };
  },
});

async function storeText(ctx: TaskContext, text: string): Promise<string> {
  await ctx.artifacts.put('nest/text', text, { visibility: 'user' });
  return String(ctx.pid);
}

// Phoenix: an agent whose first incarnation never ends a task, and whose second ends it at once; by
// what it finds in the store it knows which one it is. Says a message back.

import { defineAgent } from '@hivekernel/sdk';

export default defineAgent({
  async onTask(task, ctx) {
    const key = `phoenix/${ctx.pid}/${task.description}`;
    const before = await ctx.artifacts.get(key).catch(() => undefined);
    if (before !== undefined) return `${task.description}, at the second try`;
    await ctx.artifacts.put(key, String(process.pid), { visibility: 'global' });
    return new Promise<string>(() => undefined);
  },
  onMessage: (message) => ({ reply: `got ${message.text()}` }),
});

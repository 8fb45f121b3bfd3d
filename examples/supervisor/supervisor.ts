// A supervisor whose children only make sense together: a reader, a cache and a writer. One of them
// falls over, and `one_for_all` starts all three anew, in the order of their birth.
import { Agent, imageOf } from '@hivekernel/sdk';
import type { Context, Task, TaskContext } from '@hivekernel/sdk';

const PARTS = ['reader', 'cache', 'writer'];

/** Spawn it with `strategy: 'one_for_all'`: a strategy is the parent's, for all its children. */
export class Supervisor extends Agent {
  override async onInit(ctx: Context): Promise<void> {
    const image = imageOf(import.meta.url, 'Part');
    for (const name of PARTS) await ctx.spawn({ name, image, restart: 'permanent' });
  }

  override async onTask({ description }: Task, ctx: TaskContext): Promise<string> {
    const children = await ctx.children();
    const part = children.find(({ name }) => name === description);
    if (part === undefined) return children.map((one) => `${one.name} ${one.restarts}`).join(', ');
    // Lost with the process; it is not to be tried again.
    await ctx.executeOn(part.pid, { description: 'fall over' }).catch(() => undefined);
    return `${part.name} (pid ${part.pid}) fell over`;
  }
}

export class Part extends Agent {
  override onTask(): never {
    process.exit(1);
  }
}

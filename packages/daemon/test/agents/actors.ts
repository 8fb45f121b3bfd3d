// Agents with one trait each, for tests of the whole.

import { defineAgent, imageOf, LLMAgent, type HiveError } from '@hivekernel/sdk';

/** Says a task's description back; accepts messages. */
export const Echo = defineAgent((task) => task.description);

/** Never lets go of its thread once it has a task. */
export const Loop = defineAgent(() => {
  console.log('looping');
  for (;;);
});

/** Holds its thread for as many milliseconds as the task says. */
export const Nap = defineAgent((task) => {
  const endAtMs = performance.now() + Number(task.description);
  while (performance.now() < endAtMs);
});

/** Its task ends when it is cancelled, and says so. */
export const Waiter = defineAgent(async (_task, ctx) => {
  await new Promise<void>((resolve) => {
    ctx.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return { output: 'told to stop', exitCode: 3 };
});

/** Ends itself with the exit code that the task says. */
export const Quitter = defineAgent(async (task, ctx) =>
  ctx.exit({ exitCode: Number(task.description), output: 'enough' }),
);

/** Its OS process falls over in the middle of a task. */
export const Crasher = defineAgent(() => {
  console.error('about to fall over');
  process.exit(41);
});

/** Has a child of its own before it is ready, and calls the kernel from everywhere. */
export const Caller = defineAgent({
  async onInit(ctx) {
    const child = await ctx.spawn({ name: 'helper', image: imageOf(import.meta.url, 'Echo') });
    await ctx.artifacts.put('caller/child', String(child), { visibility: 'global' });
  },
  async onMessage(message, ctx) {
    await ctx.artifacts.put('caller/message', message.text(), { visibility: 'global' });
    return { reply: `got ${message.text()}` };
  },
  async onShutdown(reason, ctx) {
    await ctx.artifacts.put('caller/shutdown', reason, { visibility: 'global' });
  },
});

/** Takes no message in: its handler never comes back. */
export const Deaf = defineAgent({
  onMessage: () => new Promise<void>(() => {}),
});

/** Asks its model what the task says. */
export class Thinker extends LLMAgent {}

/** Has a child of the image that `child` names do the task, and tells how that went. */
export const Boss = defineAgent(async (task, ctx) => {
  const { child = '', grandchild } = task.params;
  const image = imageOf(import.meta.url, child);
  const pid = await ctx.spawn({ name: child, role: 'lead', tier: 'tactical', image });
  await ctx.artifacts.put(`boss/${ctx.pid}`, String(pid), { visibility: 'global' });
  const params = grandchild === undefined ? {} : { child: grandchild };
  const order = { description: task.description, params };
  try {
    const { output, exitCode } = await ctx.executeOn(pid, order);
    return { output, exitCode };
  } catch (error) {
    const { code, message } = error as HiveError;
    return { exitCode: 1, output: message, metadata: { code, aborted: ctx.signal.aborted } };
  }
});

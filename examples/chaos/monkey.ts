// The monkey: strikes OS processes as the deck says, from outside, as the world does: the kernel is
// not asked and not told. It looks how much of the work was begun, and sees to what is due by then.
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from '@hivekernel/sdk';
import type { ProcessInfo, Task, TaskContext, TaskOutput } from '@hivekernel/sdk';
import { deal } from './deck.ts';
import type { Strike } from './deck.ts';

const LOOK_MS = 25;
/** For somebody to be up again; then the strike is let go. */
const LOOKS_MAX = 400;
const SIGNALS = { kill: 'SIGKILL', stop: 'SIGSTOP', exit: 'SIGUSR2' } as const;
const UP = new Set(['idle', 'running', 'blocked']);

export class Monkey extends Agent {
  override async onTask({ params }: Task, ctx: TaskContext): Promise<TaskOutput> {
    const [seed, strikes, pieces, workers] = ['seed', 'strikes', 'pieces', 'workers'].map((name) =>
      Number(params[name]),
    ) as [number, number, number, number];
    const tally = { kill: 0, stop: 0, exit: 0, coordinator: 0 };
    /** OS processes that were struck: they are not worth another strike. */
    const struck = new Set<number>();
    for (const strike of deal({ seed, strikes, pieces, workers })) {
      await untilBegun(strike.at, params['begun'] ?? '', ctx);
      const { kind, target } = strike;
      const victim = await hitOne(strike, struck, ctx);
      if (victim === undefined) continue;
      tally[target === 'coordinator' ? target : kind] += 1;
      await ctx.log.info(`${SIGNALS[kind]} to ${victim.name} (OS process ${victim.osPid})`);
    }
    return { metadata: tally };
  }
}

async function untilBegun(count: number, prefix: string, ctx: TaskContext): Promise<void> {
  while ((await ctx.artifacts.list({ prefix })).length < count) {
    await pause(LOOK_MS, undefined, { signal: ctx.signal });
  }
}

async function hitOne(
  { kind, target }: Strike,
  struck: Set<number>,
  ctx: TaskContext,
): Promise<ProcessInfo | undefined> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const victim = await victimOf(target, struck, ctx);
    if (victim !== undefined && hit(victim.osPid, SIGNALS[kind])) {
      struck.add(victim.osPid);
      return victim;
    }
    await pause(LOOK_MS, undefined, { signal: ctx.signal });
  }
  return undefined;
}

/** Of those that are up: the one that is meant, else another worker. */
async function victimOf(
  target: Strike['target'],
  struck: ReadonlySet<number>,
  ctx: TaskContext,
): Promise<ProcessInfo | undefined> {
  const all = await ctx.processes({ root: ctx.ppid });
  const up = all.filter(
    ({ osPid, stateWord }) => osPid > 0 && UP.has(stateWord) && !struck.has(osPid),
  );
  if (target === 'coordinator') return up.find(({ name }) => name === target);
  const workers = up.filter(({ name }) => name.startsWith('worker-'));
  return workers.find(({ name }) => name === `worker-${target + 1}`) ?? workers[0];
}

/** False: it is gone already. */
function hit(osPid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(osPid, signal);
  } catch {
    return false;
  }
}

// An agent to be killed. By its environment it forks what a kill must find, starts and ends slowly,
// or does not end at all. It writes the OS pid and the start time of itself and of all that it
// forks to a list, so that a leak shows whatever becomes of marks and groups.
//   What it forks ends by itself after ten minutes, should everything else fail.

import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, type Task, type TaskContext } from '@hivekernel/sdk';

const SLEEP = 'sleep 600';
/** In the place of a name: fields of proc(5) from the third on follow the last bracket. */
const LIST_CHILD = `{ s=$(cat /proc/$!/stat); s=\${s##*) }; set -- $s; shift 19; echo "$! $1"; }`;

/** Each a program of the shell. What a shell forks is written to the list by it. */
const FORKS: Readonly<Record<string, { readonly script: string; readonly isDetached: boolean }>> = {
  /** A child in the agent's own process group. */
  group: { script: `exec ${SLEEP}`, isDetached: false },
  /** A session of its own, as a daemon would. */
  session: { script: `exec ${SLEEP}`, isDetached: true },
  /** A session whose child has a session of its own in turn. */
  nested: {
    script: `setsid ${SLEEP} & ${LIST_CHILD} >> "$BENCH_LIST"; wait`,
    isDetached: true,
  },
  /** Deaf to all that can be ignored. */
  deaf: { script: `trap '' TERM HUP INT QUIT; ${SLEEP} & wait; ${SLEEP}`, isDetached: false },
};

const IGNORED = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

const setting = (name: string): string => process.env[`BENCH_${name}`] ?? '';

function remember(osPid: number): void {
  const stat = readFileSync(`/proc/${osPid}/stat`, 'latin1');
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  appendFileSync(setting('LIST'), `${osPid} ${startTicks}\n`);
}

function fork(kind: string): void {
  const wanted = FORKS[kind];
  if (wanted === undefined) throw new Error(`no fork is named "${kind}"`);
  const { script, isDetached } = wanted;
  const child = spawn('sh', ['-c', script], { stdio: 'ignore', detached: isDetached });
  child.on('error', () => undefined); // Of a machine without room; it is not there to be killed.
  child.unref();
  if (child.pid !== undefined) remember(child.pid);
}

export default class Victim extends Agent {
  override async onInit(): Promise<void> {
    remember(process.pid);
    for (const kind of setting('FORKS').split(',').filter(Boolean)) fork(kind);
    if (setting('STUBBORN') !== '') for (const signal of IGNORED) process.on(signal, () => {});
    await delay(Number(setting('INIT_MS')));
  }

  /** Holds for so many ms, or until it is stopped. */
  override async onTask({ params }: Task, ctx: TaskContext): Promise<string> {
    await delay(Number(params['holdMs']), undefined, { signal: ctx.signal });
    return 'held';
  }

  override async onShutdown(): Promise<void> {
    // Its thread stands still: neither the runner nor a signal ends it but KILL.
    if (setting('STUBBORN') !== '') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    await delay(Number(setting('END_MS')));
  }
}

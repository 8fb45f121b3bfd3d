// The ways to hit an agent: by the OS, behind the kernel's back, and by the kernel's own calls.
//   A signal goes only to a process that was just seen to be the agent's, by its start time or its
//   mark: never to a stranger that has the number now.
//   Each resolves when it is under way; true: somebody was there to be hit.

import { setTimeout as delay } from 'node:timers/promises';
import type { SeededChance } from '@hivekernel/testkit';
import { signalOs } from '../os-processes.ts';
import type { Swarm } from './swarm.ts';

export interface Target {
  readonly swarm: Swarm;
  readonly chance: SeededChance;
  readonly pid: number;
}

export type Strike = (target: Target) => boolean | Promise<boolean>;

const DEADLY = ['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGHUP', 'SIGABRT', 'SIGINT', 'SIGBUS'] as const;
const KERNEL_SIGNALS = ['KILL', 'TERM', 'INT', 'HUP', 'USR1'] as const;
const GRACES_MS = [0, 1_000] as const;
const PAUSE_MS_MAX = 60;
const HALF = 0.5;

const isHeads = (chance: SeededChance): boolean => chance.next() < HALF;

function leader({ swarm, chance, pid }: Target): boolean {
  const found = swarm.osProcessOf(pid);
  return found !== undefined && signalOs(found.osPid, chance.pick(DEADLY));
}

function group({ swarm, chance, pid }: Target): boolean {
  const found = swarm.osProcessOf(pid);
  return found !== undefined && signalOs(-found.osPid, chance.pick(DEADLY));
}

function fork({ swarm, chance, pid }: Target): boolean {
  const forks = swarm.forksOf(pid);
  return forks.length > 0 && signalOs(chance.pick(forks).osPid, chance.pick(DEADLY));
}

/** Stopped by somebody else first, and killed as it stands. */
async function stopThenKill(target: Target): Promise<boolean> {
  const { swarm, chance, pid } = target;
  const found = swarm.osProcessOf(pid);
  if (found === undefined || !signalOs(found.osPid, 'SIGSTOP')) return false;
  await delay(chance.below(PAUSE_MS_MAX));
  // The kernel may have ended it meanwhile, and even have started the next.
  if (swarm.osProcessOf(pid)?.startTicks === found.startTicks) signalOs(found.osPid, 'SIGKILL');
  return true;
}

function kill({ swarm, chance, pid }: Target): boolean {
  const order = { isRecursive: isHeads(chance), graceMs: chance.pick(GRACES_MS) };
  void swarm.call(`kill ${pid}`, (how) => swarm.client.kill(pid, order, how));
  return true;
}

function signal({ swarm, chance, pid }: Target): boolean {
  const name = chance.pick(KERNEL_SIGNALS);
  const isRecursive = name !== 'USR1' && isHeads(chance);
  const order = { signal: name, isRecursive, graceMs: chance.pick(GRACES_MS) };
  void swarm.call(`signal ${name} ${pid}`, (how) => swarm.client.signal(pid, order, how));
  return true;
}

function restart({ swarm, chance, pid }: Target): boolean {
  const order = { graceMs: chance.pick(GRACES_MS) };
  void swarm.call(`restart ${pid}`, (how) => swarm.client.restart(pid, order, how));
  return true;
}

async function pause({ swarm, chance, pid }: Target): Promise<boolean> {
  const isRecursive = isHeads(chance);
  const send = (name: 'STOP' | 'CONT'): Promise<unknown> =>
    swarm.call(`signal ${name} ${pid}`, (how) =>
      swarm.client.signal(pid, { signal: name, isRecursive }, how),
    );
  void send('STOP');
  await delay(chance.below(PAUSE_MS_MAX));
  void send('CONT');
  return true;
}

async function sleep({ swarm, chance, pid }: Target): Promise<boolean> {
  void swarm.call(`sleep ${pid}`, (how) => swarm.client.sleep(pid, how));
  await delay(chance.below(PAUSE_MS_MAX));
  void swarm.call(`wake ${pid}`, (how) => swarm.client.wake(pid, how));
  return true;
}

function collapse({ swarm, chance, pid }: Target): boolean {
  const order = { graceMs: chance.pick(GRACES_MS) };
  void swarm.call(`collapse ${pid}`, (how) => swarm.client.collapse(pid, order, how));
  return true;
}

const ALL: readonly { name: string; strike: Strike; share: number }[] = [
  { name: 'leader', strike: leader, share: 5 },
  { name: 'group', strike: group, share: 3 },
  { name: 'fork', strike: fork, share: 3 },
  { name: 'stop+kill', strike: stopThenKill, share: 3 },
  { name: 'kill', strike: kill, share: 2 },
  { name: 'signal', strike: signal, share: 2 },
  { name: 'restart', strike: restart, share: 2 },
  { name: 'pause', strike: pause, share: 1 },
  { name: 'sleep', strike: sleep, share: 1 },
  { name: 'collapse', strike: collapse, share: 1 },
];

/** Each as often as its share. */
export const STRIKES: readonly (readonly [string, Strike])[] = ALL.flatMap(
  ({ name, strike, share }) => Array.from({ length: share }, () => [name, strike] as const),
);

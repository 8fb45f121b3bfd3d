// What an observer who knows only `spawned`, `state_changed` and `removed` makes of the events,
// held against what the kernel says: such observers exist, and know nothing of restarts and sleep.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asPid } from '@hivekernel/kernel';
import type { Pid } from '@hivekernel/kernel';
import { taskSpec } from '@hivekernel/testkit';
import { START } from '../../src/api/events/position.ts';
import { wireStateWord } from '../../src/api/wire/words.ts';
import { DoorGround } from './door-ground.ts';
import { followed } from './event-sink.ts';

let ground: DoorGround;

beforeEach(async () => {
  // The second crash is a loop.
  ground = await DoorGround.open({ restartsMax: 1, restartBackoff: NO_BACKOFF });
});
afterEach(() => ground.close());

const NO_BACKOFF = { firstMs: 1, mostMs: 1, jitter: 0 };

interface Seen {
  readonly states: Map<number, string>;
  /** Changes that did not begin where the last one had ended. */
  readonly jumps: string[];
  readonly types: Set<string>;
}

async function observe(): Promise<Seen> {
  await ground.host.settled();
  const seen: Seen = { states: new Map(), jumps: [], types: new Set() };
  const { signal } = new AbortController();
  const order = { after: START, follow: false, signal };
  for (const { event } of await followed(ground, order)) {
    const { type, pid, state, oldState, newState } = event;
    seen.types.add(type);
    if (type === 'spawned') seen.states.set(pid, state);
    if (type === 'removed') seen.states.delete(pid);
    if (type !== 'state_changed') continue;
    const known = seen.states.get(pid);
    if (known !== oldState) seen.jumps.push(`${pid}: ${oldState} to ${newState} after ${known}`);
    seen.states.set(pid, newState);
  }
  return seen;
}

/** As the kernel has them; the king, who is never spawned by anybody, aside. */
async function states(): Promise<Map<number, string>> {
  const all = await ground.call('list_processes', { root: asPid(0), includeDead: true });
  return new Map(all.slice(1).map(({ pid, state }) => [pid, wireStateWord(state)]));
}

async function holdsWith(types: readonly string[]): Promise<void> {
  const { states: told, jumps, types: seen } = await observe();
  told.delete(1);
  expect(jumps).toEqual([]);
  expect(told).toEqual(await states());
  expect([...seen]).toEqual(expect.arrayContaining([...types]));
}

const runTask = (pid: Pid) =>
  ground.call('execute_task', { pid, spec: taskSpec() }).catch(() => undefined);

const signal = (pid: Pid, name: 'STOP' | 'CONT') =>
  ground.call('signal', { pid, signal: name, isRecursive: false, reason: '', graceMs: 0 });

describe('follow() to one who knows only states', () => {
  it('tells sleep and wake', async () => {
    const pid = await ground.spawn({ image: 'echo' });
    const slept = ground.next('process.slept');
    await ground.call('sleep', { pid });
    await slept;
    await holdsWith(['process.slept']);
    const started = ground.next('process.started');
    await ground.call('wake', { pid });
    await started;
    await holdsWith(['process.woken']);
    await ground.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    await holdsWith(['process.gone']);
  });

  it('tells sleep, wake and an end in sleep of one that has no runtime', async () => {
    const pid = await ground.spawn();
    await ground.call('sleep', { pid });
    await holdsWith([]);
    await ground.call('wake', { pid });
    await holdsWith(['process.woken']);
    await ground.call('sleep', { pid });
    await ground.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    await holdsWith(['process.gone']);
  });

  it('tells a pause, and an end within it', async () => {
    const pid = await ground.spawn({ image: 'hold' });
    await signal(pid, 'STOP');
    await holdsWith(['process.signalled']);
    await signal(pid, 'CONT');
    await signal(pid, 'STOP');
    await ground.call('kill', { pid, isRecursive: false, reason: 'normal', graceMs: 0 });
    await holdsWith([]);
  });

  it('tells a crash that is restarted, and a crash loop', async () => {
    const pid = await ground.spawn({ image: 'crashing', restart: 'permanent' });
    const restarting = ground.next('process.restarting');
    const relaunched = ground.next('process.started');
    await runTask(pid);
    await Promise.all([restarting, relaunched]);
    await holdsWith(['process.restarting']);
    const looping = ground.next('process.crash_loop');
    await runTask(pid);
    await looping;
    await holdsWith(['process.crash_loop']);
  });

  it('tells a restart that was asked for, and a move', async () => {
    const lead = await ground.spawn({ name: 'lead', role: 'lead' });
    const pid = await ground.spawn({ image: 'echo' });
    const started = ground.next('process.started');
    await ground.call('restart', { pid, reason: 'new prompt', graceMs: 0 });
    await started;
    await ground.call('reparent', { pid, parent: lead });
    await holdsWith(['process.reparented']);
    const inBranch: number[] = [];
    const { signal: never } = new AbortController();
    const order = { after: START, follow: false, pid: lead, subtree: true, signal: never };
    for (const { event } of await followed(ground, order)) inBranch.push(event.pid);
    expect(inBranch).toContain(pid);
  });
});

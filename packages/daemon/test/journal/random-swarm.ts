// Random work for a journaled kernel: each deed is a number or two, so that a failing run is a
// short list. What a deed cannot do at that moment it leaves. Not a test.

import { LIMITS, isLive, type Content, type Pid } from '@hivekernel/kernel';
import { BEHAVIOURS, artifactOrder, spawnOrder, taskSpec } from '@hivekernel/testkit';
import type { Rig } from './kernel-ground.ts';

export const DEEDS = [
  'spawn',
  'start',
  'send',
  'store',
  'execute',
  'finish',
  'acknowledge',
  'crash',
  'kill',
  'wait',
  'log',
  'meter',
  'pass time',
] as const;

export type Deed = readonly [(typeof DEEDS)[number], number, number];

const IMAGES = Object.keys(BEHAVIOURS);
const VISIBILITIES = ['private', 'user', 'subtree', 'global'] as const;
const SIZES = [0, 100, LIMITS.inlineContentBytesMax, 3 * LIMITS.inlineContentBytesMax] as const;
const TEXTS = ['', 'short', 'ä'.repeat(3 * LIMITS.inlineContentBytesMax)] as const;
const TIMES_MS = [1, 1_000, 40_000, 400_000] as const;

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;

/** Does it, without waiting for what comes of it. */
export function attempt(rig: Rig, [deed, a, b]: Deed): void {
  const pids = [...rig.host.kernel.state.table.byPid.values()]
    .filter(({ state }) => isLive(state))
    .map(({ pid }) => pid);
  if (pids.length === 0) return;
  DO[deed]({ rig, pids, one: pick(pids, a), other: pick(pids, b), a, b });
}

interface Scene {
  readonly rig: Rig;
  readonly pids: readonly Pid[];
  readonly one: Pid;
  readonly other: Pid;
  readonly a: number;
  readonly b: number;
}

const DO: Record<(typeof DEEDS)[number], (scene: Scene) => void> = {
  spawn: ({ rig, one, b }) => void rig.ask('spawn', spawnOrder({ name: `v${b}` }), { pid: one }),
  start: ({ rig, one, b }) => {
    const wish = {
      image: pick(IMAGES, b),
      systemPrompt: pick(TEXTS, b),
      exitAfterTask: b % 3 === 0,
    };
    rig.ask('spawn', spawnOrder({ name: `a${b}`, ...wish }), { pid: one });
  },
  send: ({ rig, one, other, a, b }) => {
    const ttlMs = pick([0, 10_000], b);
    const wish = { content: contentOf(rig, a, b), ttlMs, requiresAck: a % 2 === 0 };
    rig.send(other, wish, { pid: one });
  },
  store: ({ rig, one, a, b }) => {
    const visibility = pick(VISIBILITIES, b);
    const order = { key: `k${a % 3}`, visibility, content: contentOf(rig, a, b) };
    rig.ask('store', artifactOrder(order), { pid: one });
  },
  execute: ({ rig, one, b }) => {
    const parent = rig.host.kernel.state.table.find(one)?.parent;
    if (parent === undefined) return;
    const spec = taskSpec({ description: pick(TEXTS, b), context: contentOf(rig, b, b) });
    rig.ask('execute_on', { pid: one, spec }, { pid: parent.pid });
  },
  finish: ({ rig, one, b }) => {
    const task = rig.runtime.agents.get(one)?.tasks.keys().next().value;
    if (task !== undefined) rig.runtime.finishes(one, task, { output: pick(TEXTS, b) });
  },
  acknowledge: ({ rig, one, a, b }) => {
    const message = rig.runtime.agents.get(one)?.delivered.at(-1 - (a % 2))?.message;
    if (message === undefined) return;
    const reply = b % 2 === 0 ? undefined : contentOf(rig, a, b);
    const status = pick(['accepted', 'rejected', 'escalate'] as const, b);
    rig.tell({ fact: 'acked', pid: one, acks: [{ message, status, reply }] });
  },
  crash: ({ rig, one }) => {
    if (rig.runtime.agents.has(one)) rig.runtime.exits(one);
  },
  kill: ({ rig, one, b }) => {
    const isRecursive = b % 2 === 0;
    rig.ask('kill', { pid: one, isRecursive, reason: 'normal', graceMs: 0 });
  },
  wait: ({ rig, one, b }) => {
    const parent = rig.host.kernel.state.table.find(one)?.parent;
    if (parent === undefined) return;
    const timeoutMs = pick(TIMES_MS, b);
    rig.ask('wait_child', { pid: one, timeoutMs, isPeek: b % 5 === 4 }, { pid: parent.pid });
  },
  log: ({ rig, one, b }) => {
    const fields = { $text: pick(TEXTS, b), long: 'x' };
    rig.ask('log', { level: 'info', message: pick(TEXTS, b), fields }, { pid: one });
  },
  meter: ({ rig, one, a }) => {
    const args = { name: 'tokens_consumed', value: a, labels: {} };
    rig.ask('metric', args, { pid: one });
  },
  'pass time': ({ rig, b }) => rig.time.advanceMs(pick(TIMES_MS, b)),
};

function contentOf(rig: Rig, a: number, b: number): Content {
  return rig.host.hashedContent(new Uint8Array(pick(SIZES, b)).fill(a % 256));
}

import { messageOrder, taskSpec, testKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../settings.ts';
import { Kernel } from '../kernel.ts';
import type { StoredEvent } from '../ports.ts';
import { EVENT_VERSIONS, type Event } from './event.ts';
import { upcast, upcastSpec, upcastTaskSpec } from './upcast.ts';
import { ROLES } from './words.ts';

/** An event as version 1 wrote it: what came with supervision is not in it. */
function downgraded(event: Event): StoredEvent {
  const {
    restart: _,
    strategy: __,
    watch: ___,
    retriesMax: ____,
    ...spec
  } = {
    ...('spec' in event.body ? (event.body.spec as object) : {}),
  } as Record<string, unknown>;
  const body = 'spec' in event.body ? { ...event.body, spec } : event.body;
  return JSON.parse(JSON.stringify({ ...event, v: 1, body })) as StoredEvent;
}

const ENVELOPE = { seq: 3, wallMs: 0, monoMs: 0, by: 1 } as const;

describe('upcast()', () => {
  it.each([
    ['kernel', 'temporary'],
    ['daemon', 'permanent'],
    ['agent', 'notify'],
    ['architect', 'temporary'],
    ['lead', 'notify'],
    ['worker', 'notify'],
    ['task', 'temporary'],
  ] as const)('gives a %s of version 1 what its role has by default: %s (S2)', (role, restart) => {
    const spec = { name: 'x', role, exitAfterTask: false };
    const stored = { ...ENVELOPE, kind: 'process.spawned', v: 1, body: { pid: 2, spec } };
    expect(upcast(stored)).toEqual({
      ...stored,
      v: 2,
      body: {
        pid: 2,
        spec: {
          ...spec,
          ...{ restart, strategy: 'one_for_one' },
          watch: { wallMs: 0, idleMs: 60_000, firstTokenMs: 120_000 },
        },
      },
    });
  });

  it('knows every role, and lets one that ends with its task be no permanent one (S2)', () => {
    for (const role of ROLES) {
      const once = upcastSpec({ role, exitAfterTask: true } as never);
      expect(once.restart).not.toBe('permanent');
    }
  });

  it('gives a task of version 1 no second try', () => {
    const body = { task: 5, spec: { description: 'd' } };
    const stored = { ...ENVELOPE, kind: 'task.created', v: 1, body };
    expect(upcast(stored)).toMatchObject({ v: 2, body: { spec: { retriesMax: 0 } } });
  });

  it('leaves what is of the newest version as it is, and what says so itself', () => {
    const newest = { ...ENVELOPE, kind: 'process.spawned', v: 2, body: { spec: { role: 'lead' } } };
    expect(upcast(newest)).toBe(newest);
    const other = { ...ENVELOPE, kind: 'message.acked', v: 1, body: { pid: 2 } };
    expect(upcast(other)).toBe(other);
    const spec = { role: 'worker', restart: 'permanent', strategy: 'one_for_all' };
    expect(upcastSpec(spec as never)).toMatchObject(spec);
    expect(upcastTaskSpec(taskSpec({ retriesMax: 4 })).retriesMax).toBe(4);
  });

  it.each([
    ['process.spawned', 3],
    ['task.created', 3],
    ['message.acked', 2],
    ['process.teleported', 2],
  ])('refuses %s of version %i, which a newer kernel wrote', (kind, v) => {
    const stored = { ...ENVELOPE, kind, v, body: {} };
    const refused = (): Event => upcast(stored);
    expect(refused).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(refused).toThrow(/Event 3 .* was written by a newer kernel/);
  });

  it('folds a journal of version 1 to the state that a journal of today gives (D3)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'deaf' });
    const pid = t.spawn({ image: 'hold', exitAfterTask: true }, { pid: lead });
    t.call('execute_on', { pid, spec: taskSpec() }, { pid: lead });
    t.call('send', messageOrder({ to: lead }), { pid });
    t.ends(t.spawn({ role: 'task', image: 'hold' }));
    const old = t.events.map(downgraded);
    expect(old.every(({ v }) => v === 1)).toBe(true);
    const kernel = new Kernel({ settings: DEFAULT_SETTINGS, partition: 0 });
    for (const event of old) kernel.replay(upcast(event));
    const [king, ...others] = processesOf(kernel);
    const [, ...live] = processesOf(t.kernel);
    expect(others).toEqual(live);
    expect(king).toMatchObject({ pid: 1, spec: { restart: 'temporary' } });
  });

  it('is asked for every kind whose version rose', () => {
    expect(EVENT_VERSIONS).toEqual({ 'process.spawned': 2, 'task.created': 2 });
  });
});

const processesOf = (kernel: Kernel): unknown[] =>
  (JSON.parse(kernel.snapshot()) as { processes: unknown[] }).processes;

import { describe, expect, it } from 'vitest';
import { SIGNALS, asPid } from '@hivekernel/kernel';
import type { BodyOf, Event, EventKind } from '@hivekernel/kernel';
import { toProcessEvents } from './events.ts';
import type { EventSource, ProcessEvent } from './teller.ts';

const SOURCE: EventSource = {
  host: { bytes: () => Promise.reject(new Error('nothing is fetched for these')) },
  nameOf: (pid) => `name-${pid}`,
};
const PID = asPid(7);

function told<K extends EventKind>(kind: K, body: BodyOf<K>): readonly ProcessEvent[] {
  const event = { seq: 5, wallMs: 1_000, monoMs: 0, kind, v: 1, by: 4, body };
  const events = toProcessEvents(event as unknown as Event, SOURCE);
  if (events instanceof Promise) throw new Error('it waits for something');
  return events;
}

/** What is empty or zero is left out, and the id, which tells no more than the place. */
const brief = ({ id: _, ...event }: ProcessEvent) =>
  Object.fromEntries(Object.entries(event).filter(([, value]) => value !== '' && value !== 0));

const HEAD = { seq: 5, timestampMs: 1_000, pid: 7 };

/** Two on the wire: the event under its own name, and the move for those who know only moves. */
const MOVES: readonly (readonly [string, readonly ProcessEvent[], object, object])[] = [
  [
    'a restart that backs off (S4)',
    told('process.restarting', {
      pid: PID,
      attempt: 2,
      delayMs: 4_000,
      atMonoMs: 9,
      why: 'crashed',
    }),
    {
      type: 'process.restarting',
      state: 'idle',
      message: 'crashed',
      fields: { attempt: '2', delay_ms: '4000', waits_for_group: 'false' },
    },
    { oldState: 'zombie', newState: 'idle', fields: { from: 'zombie', to: 'starting' } },
  ],
  [
    'a restart that waits for its group (S3)',
    told('process.restarting', { pid: PID, attempt: 0, delayMs: 0, atMonoMs: 0, why: 'w' }),
    {
      type: 'process.restarting',
      state: 'idle',
      message: 'w',
      fields: { attempt: '0', delay_ms: '0', waits_for_group: 'true' },
    },
    { oldState: 'zombie', newState: 'idle', fields: { from: 'zombie', to: 'starting' } },
  ],
  [
    'a crash loop (S4)',
    told('process.crash_loop', { pid: PID, restarts: 5, cause: 'crashed', detail: 'exit code 41' }),
    {
      type: 'process.crash_loop',
      state: 'dead',
      level: 'error',
      message: 'exit code 41',
      fields: { restarts: '5', cause: 'crashed' },
    },
    { oldState: 'zombie', newState: 'dead', fields: { from: 'zombie', to: 'dead' } },
  ],
  [
    'a sleep (S7)',
    told('process.slept', { pid: PID, incarnation: 3 }),
    { type: 'process.slept', state: 'sleeping', fields: { incarnation: '3' } },
    { oldState: 'blocked', newState: 'sleeping', fields: { from: 'stopping', to: 'sleeping' } },
  ],
  [
    'a wake (S7)',
    told('process.woken', { pid: PID, why: 'a message' }),
    { type: 'process.woken', state: 'idle', message: 'a message', fields: {} },
    { oldState: 'sleeping', newState: 'idle', fields: { from: 'sleeping', to: 'starting' } },
  ],
];

describe('LIFE_TELLERS on what moves a process', () => {
  it.each(MOVES)('tells %s under its own name, and the change of state', (_, events, own, move) => {
    expect(events.map(brief)).toEqual([
      { ...HEAD, ...own },
      { ...HEAD, type: 'state_changed', ...move },
    ]);
  });

  it.each([
    ['idle', 'paused', 'state_changed', 'idle', 'blocked'],
    ['running', 'paused', 'state_changed', 'running', 'blocked'],
    ['paused', 'idle', 'state_changed', 'blocked', 'idle'],
    ['blocked', 'paused', 'process.moved', '', ''],
    ['paused', 'stopping', 'process.moved', '', ''],
    ['sleeping', 'stopping', 'state_changed', 'sleeping', 'blocked'],
    ['idle', 'sleeping', 'state_changed', 'idle', 'sleeping'],
  ] as const)('tells the move %s to %s as %s', (from, to, type, oldState, newState) => {
    const [event] = told('process.moved', { pid: PID, from, to, phase: '' });
    expect(event).toMatchObject({ type, oldState, newState, fields: { from, to } });
  });
});

const HALTING = JSON.parse(
  '{ "pid": 7, "cause": "hung", "detail": "silent", "next": "policy" }',
) as BodyOf<'process.halting'>;

/** One on the wire, under its own name. */
const PLAIN: readonly (readonly [string, readonly ProcessEvent[], object])[] = [
  [
    'process.halting',
    told('process.halting', HALTING),
    { message: 'silent', fields: { cause: 'hung', next: 'policy' } },
  ],
  [
    'process.hung',
    told('process.hung', { pid: PID, silentMs: 61_000, limitMs: 60_000 }),
    { level: 'warn', fields: { silent_ms: '61000', limit_ms: '60000' } },
  ],
  [
    'process.over_limit',
    told('process.over_limit', { pid: PID, limitMs: 5_000 }),
    { level: 'warn', fields: { limit_ms: '5000' } },
  ],
  ['process.relaunched', told('process.relaunched', { pid: PID }), { fields: {} }],
  ['process.sleep_asked', told('process.sleep_asked', { pid: PID }), { fields: {} }],
  [
    'process.checkpointed',
    told('process.checkpointed', { pid: PID, content: { bytes: 9_000, hash: 'ab' } }),
    { fields: { size_bytes: '9000', sha256: 'ab' } },
  ],
  [
    'process.checkpointed',
    told('process.checkpointed', { pid: PID, content: { bytes: 2, inline: 'aGk=' } }),
    { fields: { size_bytes: '2', sha256: '' } },
  ],
  [
    'process.reparented',
    told('process.reparented', { pid: PID, from: asPid(2), to: asPid(3) }),
    { name: 'name-7', ppid: 3, fields: { from: '2', to: '3' } },
  ],
];

describe('LIFE_TELLERS on what does not', () => {
  it.each(PLAIN)('tells %s in its fields', (type, events, own) => {
    expect(events.map(brief)).toEqual([{ ...HEAD, type, ...own }]);
  });

  it.each(SIGNALS)('tells the signal %s with one line of its reason (S1)', (signal) => {
    const reason = `because\n${'x'.repeat(1_000)}`;
    const [event] = told('process.signalled', { pid: PID, signal, reason });
    expect(event).toMatchObject({ type: 'process.signalled', fields: { signal } });
    expect(event?.message).toMatch(/^because x{192}$/);
  });

  it('keeps the content of a checkpoint to itself', () => {
    const secret = Buffer.from('secret').toString('base64');
    const events = told('process.checkpointed', {
      pid: PID,
      content: { bytes: 6, inline: secret },
    });
    expect(JSON.stringify(events)).not.toContain(secret);
  });
});

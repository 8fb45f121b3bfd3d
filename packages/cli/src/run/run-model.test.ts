import type { KernelEvent } from '@hivekernel/client';
import { beforeEach, describe, expect, it } from 'vitest';
import { kernelEvent, volatileEvent } from '../../test/kernel-event.ts';
import { toJournalItem } from '../journal/journal-item.ts';
import { journalLine } from '../journal/journal-line.ts';
import { RunModel } from './run-model.ts';
import { frameOf } from './run-view.ts';

let seq = 0;

function event(kind: string, body: Readonly<Record<string, unknown>>): KernelEvent {
  seq += 1;
  return kernelEvent(kind, body, seq);
}

const volatile = volatileEvent;

const spawned = (pid: number, parent: number, name: string): KernelEvent =>
  event('process.spawned', { pid, parent, spec: { name, role: 'worker' } });

const called = (pid: number, simulated: boolean): KernelEvent =>
  event('llm.called', {
    pid,
    model: 'sim/mini',
    provider: 'sim',
    simulated,
    promptTokens: 1_000,
    completionTokens: 234,
    latencyMs: 450,
    outcome: 'ok',
  });

let model: RunModel;

beforeEach(() => {
  seq = 0;
  model = new RunModel();
  model.apply(spawned(2, 1, 'queen'));
  model.apply(spawned(3, 2, 'lead'));
  model.apply(spawned(4, 3, 'worker-1'));
  model.apply(event('process.started', { pid: 4, osPid: 4_711 }));
  model.apply(event('process.moved', { pid: 4, from: 'idle', to: 'running', phase: '' }));
});

describe('RunModel', () => {
  it('is a tree with parents before their children', () => {
    model.apply(spawned(5, 2, 'second'));
    expect(model.tree.map(({ agent, depth }) => `${depth} ${agent.name}`)).toEqual([
      '0 queen',
      '1 lead',
      '2 worker-1',
      '1 second',
    ]);
  });

  it('keeps who ended, with the OS process that it had', () => {
    model.apply(event('process.exited', { pid: 4, to: 'zombie', cause: 'killed' }));
    model.apply(event('process.collected', { pid: 4, expired: false }));
    expect(model.agents.get(4)).toMatchObject({ state: 'dead', osPid: 4_711, activity: 'killed' });
  });

  it('counts calls and tokens; one real call makes the whole not simulated', () => {
    model.apply(called(4, true));
    expect(model.spending).toEqual({
      calls: 1,
      tokens: 1_234,
      provider: 'sim',
      isSimulated: true,
    });
    model.apply(called(3, false));
    expect(model.spending).toMatchObject({ calls: 2, tokens: 2_468, isSimulated: false });
    expect(model.agents.get(4)?.tokens).toBe(1_234);
  });

  it('shows progress and live tokens, harmless and on one line', () => {
    model.apply(
      volatile('progress', 4, { message: 'reading\n\u001b[2Ja.md', fields: { percent: '45' } }),
    );
    model.apply(volatile('tokens', 4, { fields: { count: '7' } }));
    expect(model.agents.get(4)).toMatchObject({
      activity: 'reading a.md',
      percent: 45,
      tokensLive: 7,
    });
    model.apply(called(4, true));
    expect(model.agents.get(4)?.tokensLive).toBe(0);
  });

  it('follows a restart from the crash to the next start', () => {
    const agent = model.agents.get(4);
    model.apply(event('process.exited', { pid: 4, to: 'zombie', cause: 'crashed' }));
    model.apply(event('process.restarting', { pid: 4, attempt: 2, delayMs: 1_800, atMonoMs: 1 }));
    expect(agent).toMatchObject({ state: 'starting', activity: 'restart 2 in 1.8s' });
    model.apply(event('process.started', { pid: 4, osPid: 4_712 }));
    model.apply(event('process.moved', { pid: 4, from: 'starting', to: 'idle', phase: '' }));
    expect(agent).toMatchObject({ state: 'idle', activity: '', osPid: 4_712 });
  });

  it('follows who sleeps, wakes, waits and is paused', () => {
    const agent = model.agents.get(4);
    model.apply(event('process.slept', { pid: 4, incarnation: 1 }));
    expect(agent).toMatchObject({ state: 'sleeping', activity: '' });
    model.apply(event('process.woken', { pid: 4, why: 'a message' }));
    expect(agent).toMatchObject({ state: 'starting', activity: 'a message' });
    model.apply(event('process.moved', { pid: 4, to: 'blocked', phase: 'child 7' }));
    expect(agent).toMatchObject({ state: 'blocked', activity: 'waits for child 7' });
    model.apply(event('process.moved', { pid: 4, to: 'paused', phase: 'budget talk' }));
    expect(agent).toMatchObject({ state: 'paused', activity: 'budget talk' });
  });

  it('passes over events of strangers, and knows its last seq', () => {
    model.apply(event('process.moved', { pid: 99, to: 'running' }));
    model.apply(volatile('progress', 99, { message: 'x' }));
    expect(model.agents.size).toBe(3);
    expect(model.seq).toBe(seq);
  });
});

describe('frameOf()', () => {
  const same = (text: string): string => text;
  const paint = {
    hasColour: false,
    red: same,
    green: same,
    yellow: same,
    cyan: same,
    dim: same,
    bold: same,
  };
  const frame = (): readonly string[] =>
    frameOf(model, { paint, tookMs: 3_200, hint: 'Ctrl-C stops it' }).map((line) =>
      typeof line === 'string' ? line : line.text,
    );

  it('says of a state what people say', () => {
    model.apply(event('process.moved', { pid: 3, to: 'blocked', phase: 'child 4' }));
    model.apply(event('process.restarting', { pid: 4, attempt: 1, delayMs: 900, atMonoMs: 1 }));
    expect(frame().slice(1, 3)).toEqual([
      '◔   lead        waiting   waits for child 4',
      '◌     worker-1  restarting  restart 1 in 0.9s',
    ]);
  });

  it('has a line an agent, with sign and word of its state, and a last line for the whole', () => {
    model.apply(volatile('progress', 4, { message: 'reading a.md', fields: { percent: '45' } }));
    model.apply(called(4, true));
    expect(frame()).toEqual([
      '◌ queen         starting',
      '◌   lead        starting',
      '●     worker-1  running   reading a.md  45%  1.2k tok',
      '3 agents · 1 model call · 1.2k tokens · 3.2s · Ctrl-C stops it',
    ]);
  });
});

describe('toJournalItem(), journalLine()', () => {
  it.each([
    [
      'process.spawned',
      { pid: 4, parent: 3, spec: { name: 'w', role: 'worker' } },
      'info',
      'spawned w (worker) under 3',
    ],
    [
      'process.exited',
      { pid: 4, cause: 'crashed', exitCode: 3, detail: 'exit code 3' },
      'error',
      'ended, crashed with exit code 3',
    ],
    ['process.exited', { pid: 4, cause: 'done', exitCode: 0, detail: '' }, 'info', 'ended, done'],
    [
      'process.exited',
      { pid: 4, cause: 'done', exitCode: 7, detail: 'exit code 0' },
      'info',
      'ended, done with exit code 7',
    ],
    [
      'process.exited',
      { pid: 4, cause: 'killed', exitCode: -1, detail: 'exit code 0' },
      'info',
      'ended, killed',
    ],
    ['process.start_failed', { pid: 4, error: 'no' }, 'error', 'did not start: no'],
    [
      'task.ended',
      { pid: 4, task: 12, outcome: 'timed_out', result: {}, error: 'late' },
      'warn',
      'task t12 timed out: late',
    ],
    [
      'task.ended',
      { pid: 4, task: 12, outcome: 'completed', result: { exitCode: 2 }, error: '' },
      'info',
      'task t12 completed, exit code 2',
    ],
    ['log.written', { pid: 4, level: 'warn', message: 'two\nlines' }, 'warn', 'two lines'],
    [
      'syscall.refused',
      { pid: 4, syscall: 'kill', message: 'denied' },
      'warn',
      'kill was refused: denied',
    ],
    [
      'artifact.stored',
      { pid: 4, key: 'a', version: 2, content: { bytes: 2_048 } },
      'info',
      'stored a@v2, 2.0 KiB',
    ],
    ['of.a.newer.kernel', { pid: 4 }, 'info', 'of.a.newer.kernel'],
  ])('tells %s of %j as %s', (kind, body, level, msg) => {
    expect(toJournalItem(event(kind, body))).toMatchObject({
      kind,
      level,
      msg,
      pid: 4,
      data: body,
    });
  });

  it('bears bodies of any shape', () => {
    for (const body of [{}, { spec: null }, { spec: 'x', content: [], targets: 7, result: null }]) {
      for (const kind of ['process.spawned', 'kill.began', 'artifact.stored', 'task.ended']) {
        expect(toJournalItem(event(kind, body)).kind).toBe(kind);
      }
    }
  });

  it('prints seq, level, who and what', () => {
    const item = toJournalItem(event('log.written', { pid: 4, level: 'error', message: 'oh' }));
    const line = journalLine(item, { nameOf: (pid) => (pid === 4 ? 'w' : undefined) });
    expect(line).toMatch(/^\d\d:\d\d:\d\d {7}6 {2}error {2}w\(4\) {12}oh$/);
  });
});

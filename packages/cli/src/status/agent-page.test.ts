import type { AgentView } from '@hivekernel/client';
import { describe, expect, it } from 'vitest';
import { agentRow } from '../../test/agent-row.ts';
import { kernelEvent } from '../../test/kernel-event.ts';
import { toJournalItem } from '../journal/journal-item.ts';
import { limitsOf } from './agent-limits.ts';
import { agentPage } from './agent-page.ts';

const BORN = kernelEvent('process.spawned', {
  pid: 11,
  spec: {
    limits: {
      tokensPerHourMax: 100_000,
      contextTokensMax: 128_000,
      childrenMax: 10,
      concurrentTasksMax: 5,
      taskTimeoutMs: 300_000,
      tokensTotalMax: 0,
    },
    watch: { wallMs: 0, idleMs: 60_000, firstTokenMs: 120_000 },
  },
});
const LIMITS = limitsOf({ body: BORN.journal?.body ?? {} });

const WORKER = agentRow({
  pid: 11,
  name: 'worker-3',
  address: '/king/lead/worker-3',
  osPid: 4_711,
  tokens: 58_000,
  tokensSubtree: 60_000,
});

function rowsOf(agent: AgentView, told: { limits?: typeof LIMITS } = {}): Record<string, string> {
  const page = agentPage({
    agent,
    limits: told.limits,
    lines: [],
    logPath: '.hive/logs/11.log',
    nowMs: 240_000,
  });
  const rows = page.trimEnd().split('\n');
  return Object.fromEntries(rows.map((row) => [row.slice(0, 12).trimEnd(), row.slice(12)]));
}

describe('agentPage()', () => {
  it('tells what an agent is, what follows its end, and what binds it', () => {
    expect(rowsOf(WORKER, { limits: LIMITS })).toEqual({
      agent: 'worker-3 (pid 11), /king/lead/worker-3',
      state: '○ idle',
      role: 'worker, tactical, user root',
      model: 'sonnet',
      log: '.hive/logs/11.log',
      os: 'OS process 4711',
      tasks: '0 running, 0 in line',
      inbox: '0 waiting',
      children: '0',
      tokens: '58k own, 60k with descendants',
      age: '4m',
      policy: 'notify; children: one_for_one',
      restarts: '0',
      checkpoint: 'none',
      'last exit': '-',
      limits: '100k tokens an hour, 128k of context, 10 children, 5 tasks at a time, 5m a task',
      watch: 'wall no limit, idle 60s, first token 2m',
    });
  });

  it.each([
    [{ state: 'blocked', phase: 'waiting: child 7' }, '◔ waiting: child 7'],
    [{ state: 'blocked', phase: 'waiting' }, '◔ waiting'],
    [{ state: 'paused', phase: '2 messages queued' }, '⏸ paused: 2 messages queued'],
    [{ state: 'stopping', phase: 'falling asleep' }, '◍ stopping: falling asleep'],
    [{ state: 'sleeping' }, '⏾ sleeping'],
    [{ state: 'starting', phase: 'restart 2 in 4 s' }, '◌ restarting: restart 2 in 4 s'],
    [{ state: 'running', phase: 'unresponsive' }, '● running: unresponsive'],
    [
      { state: 'zombie', exitCause: 'crashed', exitCode: 41, exitDetail: 'exit code 41' },
      '☠ zombie: crashed, exit 41',
    ],
    [
      { state: 'zombie', phase: 'restart it or take its result', exitCause: 'crashed' },
      '☠ zombie: crashed; restart it or take its result',
    ],
  ])('says why: %j', (told, state) => {
    expect(rowsOf({ ...WORKER, ...told })['state']).toBe(state);
  });

  it('tells of restarts, checkpoint and last end also while it lives again', () => {
    const again = {
      ...WORKER,
      restarts: 7,
      restartsInRow: 2,
      checkpointBytes: 2_048,
      exitCause: 'crashed',
      exitCode: -1,
      exitDetail: 'signal SIGKILL',
    };
    expect(rowsOf(again)).toMatchObject({
      state: '○ idle',
      restarts: '7, 2 in a row without health',
      checkpoint: '2.0 KiB',
      'last exit': 'crashed: signal SIGKILL',
    });
  });

  it('says how to get rid of one that is quarantined', () => {
    const looped = {
      ...WORKER,
      state: 'dead',
      isQuarantined: true,
      exitCause: 'start_failed',
      exitCode: -1,
      exitDetail: 'no module\nat line 1',
    };
    expect(rowsOf(looped)).toMatchObject({
      state: '✕ quarantined: start failed: no module',
      quarantine: 'after a crash loop; hive rm 11 forgets it',
      'last exit': 'start failed: no module',
    });
  });

  it('leaves out limits that nobody knows, and harmful text', () => {
    const rows = rowsOf({ ...WORKER, model: 'a\u001b[2Jb' });
    expect(rows).not.toHaveProperty('limits');
    expect(rows['model']).toBe('ab');
  });

  it('ends with the last lines', () => {
    const lines = [toJournalItem(kernelEvent('process.slept', { pid: 11 }))];
    const page = { agent: WORKER, limits: undefined, lines, logPath: 'x', nowMs: 0 };
    expect(agentPage(page)).toMatch(/\n\n.*worker-3\(11\) {4}sleeps\n$/);
  });
});

describe('limitsOf()', () => {
  it('takes 0 and the largest number for none, and what is missing too', () => {
    const limits = { childrenMax: Number.MAX_SAFE_INTEGER, tokensTotalMax: 500 };
    expect(limitsOf({ body: { spec: { limits } } })).toEqual({
      tokensPerHour: null,
      contextTokens: null,
      children: null,
      concurrentTasks: null,
      taskTimeoutMs: null,
      tokensTotal: 500,
      wallMs: null,
      idleMs: null,
      firstTokenMs: null,
    });
  });
});

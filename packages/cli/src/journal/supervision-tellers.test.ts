import { describe, expect, it } from 'vitest';
import { kernelEvent } from '../../test/kernel-event.ts';
import { toJournalItem } from './journal-item.ts';
import { journalLine } from './journal-line.ts';
import { SUPERVISION_TELLERS } from './supervision-tellers.ts';

interface Row {
  readonly kind: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly level: string;
  readonly msg: string;
}

const ROWS: readonly Row[] = [
  {
    kind: 'process.restarting',
    body: {
      attempt: 2,
      delayMs: 1_800,
      atMonoMs: 9,
      why: 'crashed: signal SIGKILL (restart 2 of 5)',
    },
    level: 'warn',
    msg: 'crashed: signal SIGKILL; restart 2 of 5 in 1.8s',
  },
  {
    kind: 'process.restarting',
    body: { attempt: 1, delayMs: 45.2, atMonoMs: 9, why: 'crashed (restart 1 of 5)' },
    level: 'warn',
    msg: 'crashed; restart 1 of 5 in 45ms',
  },
  {
    kind: 'process.restarting',
    body: { attempt: 3, delayMs: 60_000, atMonoMs: 9, why: '' },
    level: 'warn',
    msg: 'restart 3 in 60s',
  },
  {
    kind: 'process.restarting',
    body: { attempt: 0, delayMs: 0, atMonoMs: 9, why: 'a restart was asked for' },
    level: 'info',
    msg: 'a restart was asked for; restart at once',
  },
  {
    kind: 'process.restarting',
    body: { attempt: 1, delayMs: 0, atMonoMs: 0, why: 'hung (restart 1 of 5)' },
    level: 'warn',
    msg: 'hung; restart 1 of 5 when its group is down',
  },
  {
    kind: 'process.crash_loop',
    body: { restarts: 5, cause: 'start_failed', detail: 'no x\nat line 1' },
    level: 'error',
    msg: 'crash loop: 5 restarts in a row, last end: start failed: no x at line 1; quarantined',
  },
  {
    kind: 'process.hung',
    body: { silentMs: 61_000, limitMs: 60_000 },
    level: 'warn',
    msg: 'hung: no progress for 61s, limit 60s',
  },
  {
    kind: 'process.over_limit',
    body: { limitMs: 600_000 },
    level: 'warn',
    msg: 'lived longer than its wall limit of 10m',
  },
  {
    kind: 'process.responsive',
    body: { isResponsive: false },
    level: 'warn',
    msg: 'unresponsive: does not answer its heartbeat',
  },
  { kind: 'process.responsive', body: { isResponsive: true }, level: 'info', msg: 'answers again' },
  {
    kind: 'process.halting',
    body: { cause: 'over_limit', detail: 'lived for 10 min', next: 'end' },
    level: 'debug',
    msg: 'is stopped, over limit: lived for 10 min; then it ends',
  },
  {
    kind: 'process.halting',
    body: { cause: 'restarted', detail: '', next: 'restart' },
    level: 'debug',
    msg: 'is stopped, restarted; then it starts again',
  },
  {
    kind: 'process.halting',
    body: { cause: 'hung', detail: '', next: 'pray' },
    level: 'debug',
    msg: 'is stopped, hung',
  },
  {
    kind: 'process.sleep_asked',
    body: {},
    level: 'info',
    msg: 'is to sleep when its tasks are done',
  },
  { kind: 'process.relaunched', body: {}, level: 'debug', msg: 'starts again' },
  {
    kind: 'process.halting',
    body: { cause: 'done', detail: 'sleep', next: 'sleep' },
    level: 'debug',
    msg: 'falls asleep',
  },
  { kind: 'process.slept', body: { incarnation: 1 }, level: 'info', msg: 'sleeps' },
  {
    kind: 'process.woken',
    body: { why: 'mail' },
    level: 'info',
    msg: 'woken: mail',
  },
  {
    kind: 'process.woken',
    body: { why: 'woken by king (pid 1)' },
    level: 'info',
    msg: 'woken by king (pid 1)',
  },
  {
    kind: 'process.checkpointed',
    body: { content: { bytes: 2_048 } },
    level: 'debug',
    msg: 'kept a checkpoint, 2.0 KiB',
  },
  {
    kind: 'process.reparented',
    body: { from: 2, to: 9 },
    level: 'info',
    msg: 'moved from parent 2 to parent 9',
  },
  {
    kind: 'process.signalled',
    body: { signal: 'STOP', reason: 'budget talk' },
    level: 'info',
    msg: 'got SIGSTOP: budget talk',
  },
  {
    kind: 'process.signalled',
    body: { signal: 'HUP', reason: '' },
    level: 'info',
    msg: 'got SIGHUP',
  },
  {
    kind: 'task.retried',
    body: { task: 12, tries: 1, why: 'worker-3 (pid 11) crashed' },
    level: 'warn',
    msg: 'task t12 is tried again, retry 1: worker-3 (pid 11) crashed',
  },
  {
    kind: 'kill.began',
    body: { targets: [3, 2], reason: 'user_request' },
    level: 'info',
    msg: 'kill began: 2 processes, user_request',
  },
  {
    kind: 'kill.began',
    body: { targets: [3], reason: 'normal', collapse: [3] },
    level: 'info',
    msg: 'collapse of its branch began: 1 process',
  },
  {
    kind: 'kill.began',
    body: { targets: [3, 2], reason: 'normal', spared: [3], spareFor: 'restart' },
    level: 'info',
    msg: 'restart of its group began: 2 processes',
  },
  {
    kind: 'kill.began',
    body: { targets: [3, 2], reason: 'normal', spared: [3], spareFor: 'next_boot' },
    level: 'info',
    msg: 'stop until the next boot began: 2 processes',
  },
];

describe('SUPERVISION_TELLERS', () => {
  it.each(ROWS)('say of $kind: $msg', ({ kind, body, level, msg }) => {
    expect(toJournalItem(kernelEvent(kind, { pid: 11, ...body }))).toMatchObject({ level, msg });
  });

  it('have a test for each of them, and bear an event without a field', () => {
    const tested = new Set(ROWS.map(({ kind }) => kind));
    expect(Object.keys(SUPERVISION_TELLERS).filter((kind) => !tested.has(kind))).toEqual([]);
    for (const kind of tested) {
      const { msg } = toJournalItem(kernelEvent(kind, { pid: 11 }));
      expect(msg).toMatch(/^[a-z]/);
      expect(msg).not.toMatch(/undefined|NaN|null/);
    }
  });

  it('stand in a line beside who it was', () => {
    const item = toJournalItem(kernelEvent('process.slept', { pid: 11, incarnation: 1 }, 81_204));
    const line = journalLine(item, { nameOf: () => 'worker-3' });
    expect(line).toMatch(/^\d\d:\d\d:\d\d {3}81204 {2}info {3}worker-3\(11\) {4}sleeps$/);
  });
});

describe('toJournalItem()', () => {
  it.each([
    ['hung', 'error', 'ended, hung: no progress'],
    ['over_limit', 'error', 'ended, over limit: no progress'],
    ['unresponsive', 'error', 'ended, unresponsive: no progress'],
    ['start_failed', 'error', 'ended, start failed: no progress'],
    ['restarted', 'info', 'ended, restarted: no progress'],
  ])('tells of an end that is %s as %s', (cause, level, msg) => {
    const body = { pid: 11, cause, exitCode: -1, detail: 'no progress' };
    expect(toJournalItem(kernelEvent('process.exited', body))).toMatchObject({ level, msg });
  });

  it('leaves out the code by which the OS tells a signal again', () => {
    const body = { pid: 11, cause: 'crashed', exitCode: 137, detail: 'signal SIGKILL' };
    expect(toJournalItem(kernelEvent('process.exited', body)).msg).toBe(
      'ended, crashed: signal SIGKILL',
    );
  });

  it('says of a state what people say', () => {
    const body = { pid: 11, from: 'running', to: 'blocked', phase: 'child 7' };
    expect(toJournalItem(kernelEvent('process.moved', body)).msg).toBe(
      'running -> waiting: child 7',
    );
  });
});

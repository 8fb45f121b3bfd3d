// Sentences for the events of supervision: signals, halts, restarts, sleep, the tree. Each says
// what happened and why (S1 to S7); who it happened to stands beside it in the line.
//   Read from the journal's own record; what an older or newer kernel leaves out is left out here.

import { plural, showBytes, showSpan } from '../output/human.ts';
import type { Fields } from './fields.ts';
import type { Teller, Told } from './told.ts';

export const SUPERVISION_TELLERS: Readonly<Record<string, Teller>> = {
  'kill.began': tellKill,
  'process.halting': tellHalt,
  'process.restarting': tellRestart,
  'process.crash_loop': (d) => {
    const restarts = plural(d.number('restarts'), 'restart');
    const last = `last end: ${d.word('cause')}${after(': ', d.text('detail'))}`;
    return { level: 'error', msg: `crash loop: ${restarts} in a row, ${last}; quarantined` };
  },
  'process.hung': (d) => ({
    level: 'warn',
    msg: `hung: no progress for ${span(d, 'silentMs')}, limit ${span(d, 'limitMs')}`,
  }),
  'process.over_limit': (d) => ({
    level: 'warn',
    msg: `lived longer than its wall limit of ${span(d, 'limitMs')}`,
  }),
  'process.responsive': (d) =>
    d.is('isResponsive')
      ? { msg: 'answers again' }
      : { level: 'warn', msg: 'unresponsive: does not answer its heartbeat' },
  'process.sleep_asked': () => ({ msg: 'is to sleep when its tasks are done' }),
  'process.slept': () => ({ msg: 'sleeps' }),
  'process.relaunched': () => ({ level: 'debug', msg: 'starts again' }),
  'process.woken': (d) => {
    const why = d.text('why');
    return { msg: why.startsWith('woken') ? why : `woken${after(': ', why)}` };
  },
  'process.checkpointed': (d) => ({
    level: 'debug',
    msg: `kept a checkpoint, ${showBytes(d.in('content').number('bytes'))}`,
  }),
  'process.reparented': (d) => ({
    msg: `moved from parent ${d.text('from')} to parent ${d.text('to')}`,
  }),
  'process.signalled': (d) => ({
    msg: `got SIG${d.text('signal')}${after(': ', d.text('reason'))}`,
  }),
  'task.retried': (d) => ({
    level: 'warn',
    msg:
      `task t${d.text('task')} is tried again, retry ${d.text('tries')}` +
      after(': ', d.text('why')),
  }),
};

const after = (separator: string, text: string): string =>
  text === '' ? '' : `${separator}${text}`;

/** Also of a moment: `45ms`. */
function span(d: Fields, key: string): string {
  const ms = d.number(key);
  return ms < 1_000 ? `${Math.round(ms)}ms` : showSpan(ms);
}

/** `crashed: signal SIGKILL; restart 2 of 5 in 1.8s`. */
function tellRestart(d: Fields): Told {
  const attempt = d.number('attempt');
  const told = d.text('why');
  const counted = / ?\((restart \d+ of \d+)\)$/.exec(told);
  const why = counted === null ? told : told.slice(0, counted.index);
  // One that does not count was asked for, or is nobody's fault: that is no bad news.
  const what = counted?.[1] ?? (attempt === 0 ? 'restart' : `restart ${attempt}`);
  const msg = `${why}${why === '' ? '' : '; '}${what} ${whenOf(d)}`;
  return { level: attempt === 0 ? 'info' : 'warn', msg };
}

function whenOf(d: Fields): string {
  if (d.number('atMonoMs') === 0) return 'when its group is down';
  return d.number('delayMs') === 0 ? 'at once' : `in ${span(d, 'delayMs')}`;
}

const NEXT: Readonly<Record<string, string>> = {
  policy: 'its restart policy decides',
  restart: 'it starts again',
  end: 'it ends',
};

function tellHalt(d: Fields): Told {
  if (d.text('next') === 'sleep') return { level: 'debug', msg: 'falls asleep' };
  const why = `${d.word('cause')}${after(': ', d.text('detail'))}`;
  return {
    level: 'debug',
    msg: `is stopped, ${why}${after('; then ', NEXT[d.text('next')] ?? '')}`,
  };
}

function tellKill(d: Fields): Told {
  const who = plural(d.count('targets'), 'process', 'processes');
  if (d.has('collapse')) return { msg: `collapse of its branch began: ${who}` };
  if (d.text('spareFor') === 'restart') return { msg: `restart of its group began: ${who}` };
  if (d.text('spareFor') === 'next_boot') return { msg: `stop until the next boot began: ${who}` };
  return { msg: `kill began: ${who}, ${d.text('reason')}` };
}

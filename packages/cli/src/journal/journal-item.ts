// An event of the journal as the record that `hive journal -o json` prints, with a level and a
// sentence. The sentences are for people; `data` has all that the journal holds.

import type { JournalEvent, KernelEvent } from '@hivekernel/client';
import { isoTime, plural, showBytes, showSpan } from '../output/human.ts';
import { safeLine } from '../output/plain-text.ts';
import { stateWord } from '../select/state-words.ts';
import { BUDGET_TELLERS } from './budget-tellers.ts';
import { Fields } from './fields.ts';
import type { Data } from './fields.ts';
import { SUPERVISION_TELLERS } from './supervision-tellers.ts';
import { LEVELS } from './told.ts';
import type { Level, Teller, Told } from './told.ts';

export type JournalItem = {
  /** null: volatile. */
  readonly seq: number | null;
  readonly at: string;
  readonly level: Level;
  readonly kind: string;
  readonly pid: number;
  /** One sentence. */
  readonly msg: string;
  readonly data: Data;
};

export function toJournalItem(event: KernelEvent): JournalItem {
  const { seq, timestampMs, pid, journal } = event;
  const kind = journal?.kind ?? event.type;
  const data = journal?.body ?? { message: event.message, ...event.event.fields };
  const told = tell({ kind, data, event });
  return {
    seq: seq === 0 ? null : seq,
    at: isoTime(journal?.wallMs ?? timestampMs),
    level: told.level ?? 'info',
    kind,
    pid,
    msg: safeLine(told.msg),
    data,
  };
}

interface Source {
  readonly kind: string;
  readonly data: Data;
  readonly event: KernelEvent;
}

function tell({ kind, data, event }: Source): Told {
  const teller = Object.hasOwn(TELLERS, kind) ? TELLERS[kind] : undefined;
  if (teller !== undefined) return teller(new Fields(data), event);
  return { msg: [kind, event.message].filter((part) => part !== '').join(' ') };
}

const TELLERS: Readonly<Record<string, Teller>> = {
  ...BUDGET_TELLERS,
  ...SUPERVISION_TELLERS,
  'kernel.booted': (d) => ({ msg: `kernel ${d.text('version')} booted on ${d.text('node')}` }),
  'kernel.stopped': (d) => ({ msg: `kernel stopped: ${d.text('reason')}` }),
  'process.spawned': (d) => {
    const spec = d.in('spec');
    const parent = d.number('parent') === 0 ? '' : ` under ${d.text('parent')}`;
    return { msg: `spawned ${spec.text('name')} (${spec.text('role')})${parent}` };
  },
  'process.started': (d) => ({ level: 'debug', msg: `OS process ${d.text('osPid')} started` }),
  'process.moved': (d) => {
    const phase = d.text('phase') === '' ? '' : `: ${d.text('phase')}`;
    const word = (key: string): string => stateWord({ state: d.text(key) });
    return { level: 'debug', msg: `${word('from')} -> ${word('to')}${phase}` };
  },
  'process.start_failed': (d) => ({ level: 'error', msg: `did not start: ${d.text('error')}` }),
  'process.exiting': (d) => ({
    level: 'debug',
    msg: `is about to exit with ${d.text('exitCode')}`,
  }),
  'process.exited': tellExit,
  'process.collected': (d) => ({
    level: 'debug',
    msg: d.is('expired') ? 'nobody collected its result' : 'its result was collected',
  }),
  'process.gone': () => ({ level: 'debug', msg: 'is gone' }),
  'process.removed': () => ({ level: 'debug', msg: 'its record is removed' }),
  'task.created': (d) => ({
    msg: `took task t${d.text('task')} "${d.in('spec').text('description')}"`,
  }),
  'task.started': (d) => ({ level: 'debug', msg: `began task t${d.text('task')}` }),
  'task.ended': tellTaskEnd,
  'wait.began': (d) => ({ level: 'debug', msg: `waits for child ${d.text('target')}` }),
  'wait.ended': () => ({ level: 'debug', msg: 'waits no more' }),
  'kill.ended': () => ({ level: 'debug', msg: 'kill is done' }),
  'message.sent': (d) => ({
    // The kernel's own (an end of a child, an escalation) are told by their causes.
    level: d.text('relation') === 'system' ? 'debug' : 'info',
    msg: `${d.text('type')} from ${d.text('fromName')} to ${d.text('toName')} (${d.text('to')})`,
  }),
  'message.acked': (d) => ({
    level: 'debug',
    msg: `took ${plural(d.count('messages'), 'message')}`,
  }),
  'message.dropped': (d) => ({
    level: 'warn',
    msg: `message m${d.text('message')} was dropped: ${d.text('why')}`,
  }),
  'artifact.stored': (d) => {
    const size = showBytes(d.in('content').number('bytes'));
    return { msg: `stored ${d.text('key')}@v${d.text('version')}, ${size}` };
  },
  'message.delayed': (d) => ({
    level: 'warn',
    msg: `m${d.text('head')} is tried again, try ${d.number('tries') + 1}: ${d.text('why')}`,
  }),
  'letter.removed': (d) => ({
    level: 'info',
    msg: `dead letter m${d.text('message')} was ${d.text('why')}`,
  }),
  'artifact.frozen': (d) => ({ msg: `froze ${d.text('key')}@v${d.text('version')}` }),
  'artifact.deleted': (d) => {
    const what = `${plural(d.number('versions'), 'version')}, ${showBytes(d.number('bytes'))}`;
    return { msg: `deleted ${d.text('key')}: ${what}` };
  },
  'log.written': (d) => ({ level: levelOf(d.text('level')), msg: d.text('message') }),
  'metric.reported': (d) => ({ level: 'debug', msg: `${d.text('name')} = ${d.text('value')}` }),
  'llm.called': tellModelCall,
  'escalation.raised': (d) => ({ level: 'warn', msg: `escalates: ${d.text('issue')}` }),
  'escalation.moved': (d) => ({ msg: `an escalation went on to ${d.text('at')}` }),
  'escalation.ended': (d) => ({ msg: `an escalation ended: ${d.text('status')}` }),
  'syscall.refused': (d) => ({
    level: 'warn',
    msg: `${d.text('syscall')} was refused: ${d.text('message')}`,
  }),
  progress: (d, { message }) => ({
    level: 'debug',
    msg: d.number('percent') >= 0 ? `${message} (${Math.round(d.number('percent'))}%)` : message,
  }),
  output: (_, { message }) => ({ level: 'debug', msg: message }),
  tokens: (d) => ({ level: 'debug', msg: `${d.text('count')} tokens` }),
  missed: (d) => ({
    level: 'warn',
    msg: `${d.text('count')} lines were too fast to show; an agent's output is in logs/PID.log`,
  }),
};

const BAD_ENDS = new Set([
  'crashed',
  'protocol_error',
  'start_failed',
  'unresponsive',
  'hung',
  'over_limit',
]);

function tellExit(d: Fields): Told {
  const cause = d.text('cause');
  const code = d.number('exitCode');
  const told = d.text('detail');
  const isBad = BAD_ENDS.has(cause);
  const level = isBad ? 'error' : 'info';
  // One number: how the OS process left is of interest only where it crashed.
  const detail = told === '' || /^exit code -?\d+$/.test(told) ? '' : `: ${told}`;
  const osCode = isBad ? Number(/^exit code (\d+)$/.exec(told)?.[1] ?? 0) : 0;
  const isSignal = cause === 'killed' || told.startsWith('signal ');
  const shown = isSignal ? 0 : code > 0 ? code : osCode;
  const end = `ended, ${d.word('cause')}${shown > 0 ? ` with exit code ${shown}` : ''}`;
  return { level, msg: `${end}${detail}` };
}

function tellTaskEnd(d: Fields): Told {
  const outcome = d.text('outcome');
  const error = d.text('error') === '' ? '' : `: ${d.text('error')}`;
  const code = d.in('result').number('exitCode');
  const exit = code === 0 || outcome !== 'completed' ? '' : `, exit code ${code}`;
  const level = outcome === 'completed' ? 'info' : 'warn';
  return { level, msg: `task t${d.text('task')} ${outcome.replace('_', ' ')}${exit}${error}` };
}

function tellModelCall(d: Fields): Told {
  const tokens = d.number('promptTokens') + d.number('completionTokens');
  const outcome = d.text('outcome');
  const what = `llm ${d.text('model')} ${showSpan(d.number('latencyMs'))}, ${tokens} tokens`;
  if (outcome === 'ok') return { msg: what };
  return { level: 'warn', msg: `${what}, ${outcome} ${d.text('errorCode')}` };
}

const levelOf = (word: string): Level =>
  (LEVELS as readonly string[]).includes(word) ? (word as Level) : 'info';

export const isAtLeast = (level: Level, least: Level): boolean =>
  LEVELS.indexOf(level) >= LEVELS.indexOf(least);

/** What an event of the journal is about, by number; for filters that the kernel does not apply. */
export function pidsOf(event: KernelEvent): readonly number[] {
  const { journal, pid } = event;
  if (journal === undefined) return [pid];
  return [pid, journal.by, ...PID_FIELDS.flatMap((key) => pidIn(journal, key))];
}

const PID_FIELDS = ['pid', 'from', 'to', 'root', 'target', 'owner', 'at', 'parent'] as const;

function pidIn(journal: JournalEvent, key: string): number[] {
  const value = journal.body[key];
  return typeof value === 'number' ? [value] : [];
}

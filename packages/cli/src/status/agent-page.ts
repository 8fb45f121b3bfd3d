// One agent on one screen: what it is, why it waits, what follows its end, how it ended last, its
// limits, its last lines. Only text; what is asked of the kernel is asked elsewhere.

import type { AgentView } from '@hivekernel/client';
import type { JournalItem } from '../journal/journal-item.ts';
import { journalLine } from '../journal/journal-line.ts';
import { plural, showAge, showBytes, showCount } from '../output/human.ts';
import { padEnd, safeLine } from '../output/plain-text.ts';
import type { Paint } from '../output/terminal.ts';
import { endOf, shownState, toAgentItem } from '../select/agent-items.ts';
import { stateGlyph } from '../select/state-words.ts';
import type { AgentLimits } from './agent-limits.ts';

export interface AgentPage {
  readonly agent: AgentView;
  readonly limits: AgentLimits | undefined;
  readonly lines: readonly JournalItem[];
  readonly logPath: string;
  readonly nowMs: number;
  readonly paint?: Paint;
}

const HEAD_WIDTH = 12;

export function agentPage(page: AgentPage): string {
  const { agent, lines, paint } = page;
  const rows = [...whatItIs(page), ...whatFollows(agent), ...whatBinds(page)];
  const head = rows.map(([name, text]) => `${padEnd(name, HEAD_WIDTH)}${safeLine(text)}\n`);
  const nameOf = (pid: number) => (pid === agent.pid ? safeLine(agent.name) : undefined);
  const look = paint === undefined ? { nameOf } : { nameOf, paint };
  return [...head, '\n', ...lines.map((line) => `${journalLine(line, look)}\n`)].join('');
}

type Row = readonly [string, string];

function whatItIs({ agent, logPath, nowMs }: AgentPage): Row[] {
  const item = toAgentItem(agent, nowMs);
  const word = shownState(item);
  const activity = item.activity === null ? '' : `: ${item.activity}`;
  return [
    ['agent', `${agent.name} (pid ${agent.pid}), ${agent.address}`],
    ['state', `${stateGlyph(word)} ${word}${activity}`],
    ['role', `${agent.role}, ${agent.tier}, user ${agent.user}`],
    ['model', agent.model || '-'],
    ['log', logPath],
    ['os', agent.osPid === 0 ? 'no OS process' : `OS process ${agent.osPid}`],
    ['tasks', `${agent.tasksRunning} running, ${agent.tasksQueued} in line`],
    ['inbox', `${agent.inboxDepth} waiting`],
    ['children', `${agent.children}`],
    [
      'tokens',
      `${showCount(agent.tokens)} own, ${showCount(agent.tokensSubtree)} with descendants`,
    ],
    ['age', showAge(nowMs - agent.startedAtMs)],
  ];
}

function whatFollows(agent: AgentView): Row[] {
  const { restarts, restartsInRow, checkpointBytes } = agent;
  const inRow = restarts === 0 ? '' : `, ${restartsInRow} in a row without health`;
  const quarantine = `after a crash loop; hive rm ${agent.pid} forgets it`;
  return [
    ['policy', `${agent.restart || '-'}; children: ${agent.strategy || '-'}`],
    ['restarts', `${restarts}${inRow}`],
    ...(agent.isQuarantined ? ([['quarantine', quarantine]] as const) : []),
    ['checkpoint', checkpointBytes === 0 ? 'none' : showBytes(checkpointBytes)],
    ['last exit', agent.exitCause === '' ? '-' : endOf(agent)],
  ];
}

function whatBinds({ limits }: AgentPage): Row[] {
  if (limits === undefined) return [];
  const most = [
    `${amount(limits.tokensPerHour)} tokens an hour`,
    `${amount(limits.contextTokens)} of context`,
    limits.children === null
      ? 'any number of children'
      : plural(limits.children, 'child', 'children'),
    `${amount(limits.concurrentTasks)} tasks at a time`,
    `${time(limits.taskTimeoutMs)} a task`,
    ...(limits.tokensTotal === null ? [] : [`${showCount(limits.tokensTotal)} tokens in all`]),
  ];
  const silence = [
    `wall ${time(limits.wallMs)}`,
    `idle ${time(limits.idleMs)}`,
    `first token ${time(limits.firstTokenMs)}`,
  ];
  return [
    ['limits', most.join(', ')],
    ['watch', silence.join(', ')],
  ];
}

const amount = (count: number | null): string =>
  count === null ? 'any number of' : showCount(count);
const time = (ms: number | null): string => (ms === null ? 'no limit' : showAge(ms));

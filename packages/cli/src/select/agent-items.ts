// An agent as the record that `-o json` prints, its columns, and the words that filters know.
// The names of its fields are a contract with programs; columns and their order are not.

import type { AgentView } from '@hivekernel/client';
import { isoTime, showAge, showCount } from '../output/human.ts';
import type { Column } from '../output/listing.ts';
import { safeLine } from '../output/plain-text.ts';
import type { Paint } from '../output/terminal.ts';
import { paintState, stateCell, stateWord } from './state-words.ts';

// A type, not an interface: only that fits an index signature.
export type AgentItem = {
  readonly pid: number;
  readonly ppid: number | null;
  readonly name: string;
  readonly address: string;
  readonly role: string;
  readonly tier: string;
  readonly user: string;
  readonly model: string | null;
  readonly state: string;
  /** In words: "waiting: child 7", "task t12". */
  readonly activity: string | null;
  readonly node: string;
  readonly osPid: number | null;
  readonly virtual: boolean;
  readonly tokens: number;
  readonly tokensSubtree: number;
  readonly tokensSimulated: number;
  readonly llmCalls: number;
  readonly children: number;
  readonly task: string | null;
  readonly tasksRunning: number;
  readonly tasksQueued: number;
  readonly inbox: number;
  readonly restartPolicy: string;
  readonly strategy: string;
  readonly restarts: number;
  readonly restartsInRow: number;
  readonly quarantined: boolean;
  readonly gone: boolean;
  readonly checkpointBytes: number;
  /** Of its last end, also while it lives again. */
  readonly exitCause: string | null;
  readonly exitCode: number | null;
  readonly exitDetail: string | null;
  readonly output: string | null;
  readonly startedAt: string;
  readonly ageSeconds: number;
};

const orNull = (text: string): string | null => (text === '' ? null : text);

export function toAgentItem(view: AgentView, nowMs: number): AgentItem {
  const hasEnded = view.exitCause !== '';
  return {
    pid: view.pid,
    ppid: view.ppid === 0 ? null : view.ppid,
    name: view.name,
    address: view.address,
    role: view.role,
    tier: view.tier,
    user: view.user,
    model: orNull(view.model),
    state: view.state,
    activity: orNull(activityOf(view)),
    node: view.node,
    osPid: view.osPid === 0 ? null : view.osPid,
    virtual: view.isVirtual,
    tokens: view.tokens,
    tokensSubtree: view.tokensSubtree,
    tokensSimulated: view.tokensSimulated,
    llmCalls: view.llmCalls,
    children: view.children,
    task: orNull(view.task),
    tasksRunning: view.tasksRunning,
    tasksQueued: view.tasksQueued,
    inbox: view.inboxDepth,
    restartPolicy: view.restart,
    strategy: view.strategy,
    restarts: view.restarts,
    restartsInRow: view.restartsInRow,
    quarantined: view.isQuarantined,
    gone: view.isGone,
    checkpointBytes: view.checkpointBytes,
    exitCause: orNull(view.exitCause),
    exitCode: hasEnded ? view.exitCode : null,
    exitDetail: hasEnded ? orNull(view.exitDetail) : null,
    output: hasEnded ? view.output : null,
    startedAt: isoTime(view.startedAtMs),
    ageSeconds: Math.max(0, Math.floor((nowMs - view.startedAtMs) / 1_000)),
  };
}

function activityOf(view: AgentView): string {
  const phase = safeLine(view.phase).replace(/^waiting(: |$)/, '');
  // What can still be done about it; of the dead the state says all.
  if (view.state === 'zombie') return [endOf(view), phase].filter((part) => part !== '').join('; ');
  if (view.state === 'dead') return endOf(view);
  if (phase !== '') return phase;
  if (view.tasksRunning > 1) return `${view.tasksRunning} tasks`;
  return view.task === '' ? '' : `task ${view.task}`;
}

/** `crashed, exit 3: out of memory`. */
export function endOf(view: Pick<AgentView, 'exitCause' | 'exitCode' | 'exitDetail'>): string {
  const cause = view.exitCause.replaceAll('_', ' ');
  const [line = ''] = view.exitDetail.split('\n');
  const hasCode = view.exitCode > 0 && !line.startsWith('signal ');
  const end = hasCode ? `${cause}, exit ${view.exitCode}` : cause;
  // One number: what the OS says of the code adds nothing to it.
  const isNews = line !== '' && !/^exit code -?\d+$/.test(line);
  return isNews ? `${end}: ${safeLine(line)}` : end;
}

/** Its state in the words for people. */
export const shownState = ({ state, activity, quarantined }: AgentItem): string =>
  stateWord({ state, phase: activity ?? '', isQuarantined: quarantined });

export function agentColumns(paint: Paint): readonly Column<AgentItem>[] {
  return [
    { key: 'pid', head: 'PID', isRight: true, show: ({ pid }) => String(pid) },
    {
      key: 'ppid',
      head: 'PPID',
      isRight: true,
      isWide: true,
      show: ({ ppid }) => `${ppid ?? '-'}`,
    },
    { key: 'name', head: 'NAME', cut: 'middle', show: ({ name }) => safeLine(name) },
    {
      key: 'state',
      head: 'STATE',
      show: (agent) => stateCell(shownState(agent)),
      paint: (padded, state) => paintState(paint, state)(padded),
    },
    { key: 'activity', head: 'ACTIVITY', cut: 'end', show: ({ activity }) => activity ?? '-' },
    {
      key: 'restarts',
      head: 'RESTARTS',
      isRight: true,
      isWide: true,
      show: ({ restarts }) => `${restarts}`,
    },
    {
      key: 'restartPolicy',
      head: 'POLICY',
      isWide: true,
      show: ({ restartPolicy }) => restartPolicy || '-',
    },
    { key: 'role', head: 'ROLE', isWide: true, show: ({ role }) => role },
    { key: 'tier', head: 'TIER', isWide: true, show: ({ tier }) => tier },
    { key: 'user', head: 'USER', isWide: true, show: ({ user }) => safeLine(user) },
    { key: 'model', head: 'MODEL', isWide: true, show: ({ model }) => safeLine(model ?? '-') },
    { key: 'osPid', head: 'OSPID', isRight: true, isWide: true, show: (a) => `${a.osPid ?? '-'}` },
    { key: 'inbox', head: 'INBOX', isRight: true, isWide: true, show: ({ inbox }) => `${inbox}` },
    { key: 'tokens', head: 'TOK', isRight: true, show: ({ tokens }) => showCount(tokens) },
    {
      key: 'tokensSubtree',
      head: 'Σ TOK',
      isRight: true,
      show: ({ tokensSubtree }) => showCount(tokensSubtree),
    },
    {
      key: 'ageSeconds',
      head: 'AGE',
      isRight: true,
      show: ({ ageSeconds }) => showAge(ageSeconds * 1_000),
    },
    {
      key: 'address',
      head: 'ADDRESS',
      isWide: true,
      cut: 'middle',
      show: (a) => safeLine(a.address),
    },
    {
      key: 'exitDetail',
      head: 'DETAIL',
      isOnDemand: true,
      show: (a) => safeLine(a.exitDetail ?? '-'),
    },
    { key: 'output', head: 'OUTPUT', isOnDemand: true, show: (a) => safeLine(a.output ?? '-') },
  ];
}

/** Short names that filters, `--sort` and `--columns` take as well. */
export const AGENT_ALIASES: Readonly<Record<string, string>> = {
  tok: 'tokens',
  sumtok: 'tokensSubtree',
  age: 'ageSeconds',
  ospid: 'osPid',
  path: 'address',
  policy: 'restartPolicy',
};

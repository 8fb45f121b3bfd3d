// Selectors: how people name agents. `42`, `coder`, `/queen/lead-1`, `42/` (the subtree),
// `role=worker,state!=idle`, `-` (selectors from stdin, which the command reads).
//   Read from the text alone; what they match is decided over one list of the process table.

import type { AgentView } from '@hivekernel/client';
import { usageError } from '../errors/cli-error.ts';
import { AGENT_ALIASES, shownState, toAgentItem } from './agent-items.ts';
import type { AgentItem } from './agent-items.ts';
import { parseFilter } from './filter.ts';
import type { Test } from './filter.ts';
import type { Item } from '../output/listing.ts';

export type Selector =
  | { readonly by: 'pid'; readonly pid: number; readonly isSubtree: boolean; readonly text: string }
  | {
      readonly by: 'address';
      readonly address: string;
      readonly isSubtree: boolean;
      readonly text: string;
    }
  | {
      readonly by: 'name';
      readonly name: string;
      readonly isSubtree: boolean;
      readonly text: string;
    }
  | { readonly by: 'filter'; readonly text: string };

const KING_ADDRESS = '/king';
const KING_NAME = 'king';
const FILTER_SIGN = /^[A-Za-z][A-Za-z0-9_.]*(!=|>=|<=|=|>|<|~|:)/;

export function parseSelector(text: string): Selector {
  if (text === '' || text === '-') throw usageError(`"${text}" names no agent.`);
  if (FILTER_SIGN.test(text) && !isNumbered(text)) return { by: 'filter', text };
  const isSubtree = text.length > 1 && text.endsWith('/');
  const core = isSubtree ? text.slice(0, -1) : text;
  if (/^\d{1,16}$/.test(core)) return { by: 'pid', pid: Number(core), isSubtree, text };
  if (core.includes('/')) return { by: 'address', address: wholeAddress(core), isSubtree, text };
  return { by: 'name', name: core, isSubtree, text };
}

/** Whether an agent of this name can be named by it; and is not taken for the king. */
export function isAddressable(name: string): boolean {
  if (name === '' || name === '-' || name === KING_NAME) return false;
  const selector = parseSelector(name);
  return selector.by === 'name' && selector.name === name;
}

/** `more~2`, the second of that name (P7); `state~2` is a filter on a field. */
function isNumbered(text: string): boolean {
  const [, name = ''] = /^([^~]+)~[0-9]+\/?$/.exec(text) ?? [];
  const isField = FIELDS.includes(name) || Object.hasOwn(AGENT_ALIASES, name);
  return name !== '' && !isField;
}

/** `/king/queen`, `/queen` and `queen/lead` all name what is under the king (P7). */
function wholeAddress(text: string): string {
  const path = text.startsWith('/') ? text : `/${text}`;
  if (path === KING_ADDRESS || path.startsWith(`${KING_ADDRESS}/`)) return path;
  return path === '/' ? KING_ADDRESS : `${KING_ADDRESS}${path}`;
}

/** What a selector names, in the order of the list; a subtree has its root first. */
export function matchSelector(selector: Selector, agents: readonly AgentView[]): AgentView[] {
  if (selector.by === 'filter') {
    const test = parseAgentFilter(selector.text, agents);
    const nowMs = Date.now();
    return agents.filter((agent) => test(toAgentItem(agent, nowMs)));
  }
  const roots = agents.filter((agent) => isNamed(selector, agent));
  return selector.isSubtree ? roots.flatMap((root) => subtreeOf(root.pid, agents)) : roots;
}

function isNamed(selector: Exclude<Selector, { by: 'filter' }>, agent: AgentView): boolean {
  switch (selector.by) {
    case 'pid':
      return agent.pid === selector.pid;
    case 'address':
      return agent.address === selector.address;
    case 'name':
      return agent.name === selector.name || agent.address.endsWith(`/${selector.name}`);
  }
}

/** The root first. Parents stand before their children in a list of the kernel. */
export function subtreeOf(root: number, agents: readonly AgentView[]): AgentView[] {
  const inside = new Set([root]);
  return agents.filter(({ pid, ppid }) => {
    if (pid !== root && !inside.has(ppid)) return false;
    inside.add(pid);
    return true;
  });
}

const FIELDS = Object.keys({
  pid: 0,
  ppid: 0,
  name: 0,
  address: 0,
  role: 0,
  tier: 0,
  user: 0,
  model: 0,
  state: 0,
  activity: 0,
  node: 0,
  osPid: 0,
  virtual: 0,
  tokens: 0,
  tokensSubtree: 0,
  tokensSimulated: 0,
  llmCalls: 0,
  children: 0,
  task: 0,
  tasksRunning: 0,
  tasksQueued: 0,
  inbox: 0,
  restartPolicy: 0,
  strategy: 0,
  restarts: 0,
  restartsInRow: 0,
  quarantined: 0,
  gone: 0,
  checkpointBytes: 0,
  exitCause: 0,
  exitCode: 0,
  exitDetail: 0,
  output: 0,
  startedAt: 0,
  ageSeconds: 0,
} satisfies Record<keyof AgentItem, 0>);

export function parseAgentFilter(text: string, agents: readonly AgentView[]): Test {
  const under = (name: string): Test => {
    const roots = matchSelector(parseSelector(name), agents);
    const pids = new Set(roots.flatMap((root) => subtreeOf(root.pid, agents)).map((a) => a.pid));
    return ({ pid }) => typeof pid === 'number' && pids.has(pid);
  };
  // `state=waiting` is what the table shows, `state=blocked` what programs get.
  const others = { state: (item: Item) => shownState(item as AgentItem) };
  return parseFilter(text, { fields: FIELDS, aliases: AGENT_ALIASES, under, others });
}

import { fileURLToPath } from 'node:url';
import type { AgentView } from '@hivekernel/client';
import { describe, expect, it } from 'vitest';
import { agentRow } from '../../test/agent-row.ts';
import { agentColumns, toAgentItem } from '../select/agent-items.ts';
import type { AgentItem } from '../select/agent-items.ts';
import { FORMATS, readFormat } from './formats.ts';
import { renderListing, sortItems } from './listing.ts';
import type { Listing } from './listing.ts';

const NOW_MS = Date.UTC(2026, 10, 23, 3, 14, 10);
const same = (text: string): string => text;
const columns = agentColumns({
  hasColour: false,
  red: same,
  green: same,
  yellow: same,
  cyan: same,
  dim: same,
  bold: same,
});

const KING = agentRow({
  pid: 1,
  ppid: 0,
  name: 'king',
  address: '/king',
  role: 'kernel',
  tier: 'strategic',
  model: 'opus',
  state: 'running',
  isVirtual: true,
  tokensSubtree: 5_400,
  children: 1,
  restart: 'temporary',
  startedAtMs: NOW_MS - 300_000,
});

const LEAD: AgentView = {
  ...KING,
  pid: 7,
  ppid: 1,
  name: 'lead, "the first"',
  address: '/king/lead, "the first"',
  role: 'lead',
  tier: 'tactical',
  state: 'blocked',
  phase: 'waiting: child 8',
  osPid: 4_711,
  isVirtual: false,
  tokens: 1_200,
  task: 't12',
  tasksRunning: 1,
  startedAtMs: NOW_MS - 60_000,
};

const WORKER: AgentView = {
  ...LEAD,
  pid: 8,
  ppid: 7,
  name: 'worker\u001b[31m-3',
  address: '/king/lead/worker-3',
  role: 'worker',
  tier: 'operational',
  state: 'dead',
  phase: '',
  osPid: 0,
  tokens: 4_200,
  task: '',
  tasksRunning: 0,
  exitCause: 'crashed',
  exitCode: 3,
  exitDetail: 'exit code 3\nthe last line',
  isGone: true,
  restarts: 2,
  output: 'two\nlines',
};

const HELD: AgentView = {
  ...LEAD,
  pid: 9,
  name: 'held',
  address: '/king/held',
  state: 'paused',
  phase: '2 messages, 1 task queued',
  task: '',
  tasksRunning: 0,
  tasksQueued: 1,
  inboxDepth: 2,
};

const SLEEPER: AgentView = {
  ...HELD,
  pid: 10,
  name: 'sleeper',
  address: '/king/sleeper',
  state: 'sleeping',
  phase: '',
  tasksQueued: 0,
  inboxDepth: 0,
  checkpointBytes: 2_048,
};

const BACKING_OFF: AgentView = {
  ...SLEEPER,
  pid: 11,
  name: 'again',
  address: '/king/again',
  state: 'starting',
  phase: 'restart 2 in 4 s',
  restart: 'transient',
  restarts: 1,
  restartsInRow: 1,
  exitCause: 'crashed',
  exitCode: 137,
  exitDetail: 'signal SIGKILL',
};

const LOOPED: AgentView = {
  ...BACKING_OFF,
  pid: 12,
  name: 'looped',
  address: '/king/looped',
  state: 'dead',
  phase: '',
  isQuarantined: true,
  isGone: true,
  restarts: 5,
  restartsInRow: 5,
};

const itemsOf = (agents: readonly AgentView[]): readonly AgentItem[] =>
  agents.map((agent) => toAgentItem(agent, NOW_MS));
const THREE = [KING, LEAD, WORKER];

const LISTING: Listing<AgentItem> = {
  kind: 'AgentList',
  items: itemsOf([...THREE, HELD, SLEEPER, BACKING_OFF, LOOPED]),
  columns,
  nameOf: ({ pid }) => String(pid),
  cursor: 81_204,
};

describe('renderListing()', () => {
  it.each(FORMATS)('prints agents as %s', async (format) => {
    const golden = fileURLToPath(new URL(`golden/agents.${format}.golden`, import.meta.url));
    await expect(renderListing(LISTING, { format })).toMatchFileSnapshot(golden);
  });

  it('cuts tables to the width of a terminal, and only those', () => {
    const wide = renderListing(LISTING, { format: 'wide', width: 60 });
    expect(wide.length).toBeLessThan(renderListing(LISTING, { format: 'wide' }).length);
    expect(renderListing(LISTING, { format: 'json', width: 10 })).toContain('"the first\\""');
  });

  it('shows the columns that are asked for, in their order', () => {
    const three = { ...LISTING, items: itemsOf(THREE) };
    const text = renderListing(three, { format: 'table', columns: ['state', 'osPid'] });
    expect(text).toBe('STATE    OSPID\nrunning      -\nwaiting   4711\ndead         -\n');
    expect(() => renderListing(LISTING, { format: 'csv', columns: ['usd'] })).toThrow(
      'There is no column "usd"',
    );
  });
});

describe('sortItems()', () => {
  const sorted = (key: string): readonly number[] =>
    sortItems(itemsOf(THREE), { key, columns }).map(({ pid }) => pid);

  it('rises, falls with a minus, and puts unknown values last', () => {
    expect(sorted('tokens')).toEqual([1, 7, 8]);
    expect(sorted('-tokens')).toEqual([8, 7, 1]);
    expect(sorted('osPid')).toEqual([7, 1, 8]);
    expect(sorted('-osPid')).toEqual([7, 1, 8]);
    expect(sorted('state')).toEqual([7, 8, 1]);
  });
});

describe('readFormat()', () => {
  it('knows the words of -o and no others', () => {
    expect(readFormat('jsonl')).toBe('jsonl');
    expect(() => readFormat('xml')).toThrow('-o wants one of table, wide, json');
  });
});

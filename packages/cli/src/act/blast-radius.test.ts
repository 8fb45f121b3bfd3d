import { describe, expect, it } from 'vitest';
import { agentRow } from '../../test/agent-row.ts';
import { blastOf, blastWords } from './blast-radius.ts';

const lead = agentRow({ role: 'lead', tasksRunning: 2, tokens: 190_000, inboxDepth: 2 });
const worker = agentRow({ tokens: 22_000 });
const busy = agentRow({ tasksRunning: 1, tokensSimulated: 1_200, inboxDepth: 1 });

describe('blastOf()', () => {
  it('counts roles, those in the middle of a task, tokens and unread messages', () => {
    expect(blastOf([lead, worker, busy])).toEqual({
      agents: 3,
      roles: { lead: 1, worker: 2 },
      midTask: 2,
      tokens: 212_000,
      tokensSimulated: 1_200,
      unread: 3,
    });
  });
});

describe('blastWords()', () => {
  it.each([
    [[], 'nobody'],
    [[agentRow()], '1 worker'],
    [[agentRow(), agentRow()], '2 workers'],
    [[agentRow({ role: 'lead' }), agentRow()], '1 lead and 1 worker'],
    [
      [agentRow({ role: 'daemon' }), agentRow({ role: 'lead' }), agentRow()],
      '1 daemon, 1 lead and 1 worker',
    ],
    [[agentRow({ inboxDepth: 1 })], '1 worker (1 unread message)'],
    [
      [lead, worker, busy],
      '1 lead and 2 workers (2 mid-task, 212k tokens spent, 1.2k simulated tokens, ' +
        '3 unread messages)',
    ],
  ])('of case %# are %2$s', (agents, words) => {
    expect(blastWords(blastOf(agents))).toBe(words);
  });
});

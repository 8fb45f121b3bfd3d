// `--dry-run`: who would be hit and what would be lost, as data.
// It only tells; nothing here calls the kernel.

import type { AgentView } from '@hivekernel/client';
import type { Context } from '../context.ts';
import { renderListing } from '../output/listing.ts';
import { agentColumns, toAgentItem } from '../select/agent-items.ts';
import { blastOf, blastWords } from './blast-radius.ts';

const COLUMNS = ['pid', 'name', 'state', 'activity', 'inbox', 'tokens', 'address'];

export interface Plan {
  /** `kill`, and what it would do: `stop`. */
  readonly verb: string;
  readonly effect: string;
  readonly hit: readonly AgentView[];
  readonly gone?: readonly number[];
  /** Further fields of the document. */
  readonly also?: Readonly<Record<string, string | number | null>> | undefined;
}

export function tellPlan(context: Context, plan: Plan): void {
  const { terminal, format } = context;
  const { verb, effect, hit, gone = [], also } = plan;
  const nowMs = Date.now();
  const agents = hit.map((agent) => toAgentItem(agent, nowMs));
  const blast = blastOf(hit);
  if (format === 'name') return void terminal.out(hit.map(({ pid }) => `${pid}\n`).join(''));
  context.show('Plan', { dryRun: true, verb, ...also, blast, agents, gone }, () => {
    const columns = agentColumns(terminal.outPaint);
    const listing = { kind: 'AgentList', items: agents, columns, nameOf: () => '' };
    const options = { format: 'table', columns: COLUMNS, width: terminal.outColumns } as const;
    const table = agents.length === 0 ? '' : renderListing(listing, options);
    return `would ${effect} ${blastWords(blast)}\n${table}`;
  });
  for (const pid of gone) terminal.note(`pid ${pid} is already gone`);
}

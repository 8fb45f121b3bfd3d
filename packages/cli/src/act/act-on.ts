// The way of every command that acts on agents: find them, show what it would hit, ask where that
// is more than a slip may do, do it to each, tell what became of it.

import type { AgentView, HiveClient } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { confirm } from '../output/confirm.ts';
import { plural } from '../output/human.ts';
import { readSelectors } from '../select/read-selectors.ts';
import { isOver } from '../select/state-words.ts';
import { blastOf, blastWords } from './blast-radius.ts';
import { carryOut, tellOutcome } from './carry-out.ts';
import type { Done, Telling } from './carry-out.ts';
import { tellPlan } from './dry-run.ts';
import { findTargets, reachOf } from './targets.ts';
import type { Target } from './targets.ts';

export interface Act extends Telling {
  /** `kill`, and what it does to whom it hits: `stop`. */
  readonly verb: string;
  readonly effect: string;
  readonly isRecursive?: boolean;
  /** Each process of a subtree by a call of its own; left out: one call for the subtree. */
  readonly isOneByOne?: boolean;
  /** Throws for whom it is not. */
  readonly check?: (hit: readonly AgentView[]) => void;
  /** Whom it can concern; left out: who lives, or may be restarted. */
  readonly canHit?: (agent: AgentView) => boolean;
  /** Who is meant where a word names several; left out: whom it can concern. */
  readonly prefers?: (agent: AgentView) => boolean;
  /** Whether to ask; left out: never. */
  readonly asks?: (hit: readonly AgentView[], targets: readonly Target[]) => boolean;
  readonly run: (client: HiveClient, target: Target) => Promise<Done>;
}

export interface ActFlags {
  readonly dryRun?: boolean;
}

export const SELECTORS_HELP = 'agents; 42/ is the subtree; - reads them from stdin';

/** The words that every acting command has. */
export const addActOptions = (command: Command): Command =>
  command.option('--dry-run', 'show whom it would hit, and do nothing');

export async function actOn(context: Context, command: Command, act: Act): Promise<number> {
  const words = await readSelectors(command.args, context.terminal);
  const client = await context.client();
  const { agents } = await client.processes({ includeDead: true });
  const { canHit = (agent) => !isOver(agent), isRecursive = false, isOneByOne = false } = act;
  const prefers = act.prefers ?? canHit;
  const named = await findTargets(words, { agents, isRecursive, isOneByOne, prefers });
  act.check?.(reachOf(named, agents));
  const targets = named.filter(({ agent, isSubtree }) => isSubtree || canHit(agent));
  const hit = reachOf(targets, agents).filter(canHit);
  const gone = named.filter(({ agent }) => !canHit(agent)).map(({ agent }) => agent.pid);
  if (command.opts<ActFlags>().dryRun === true) {
    tellPlan(context, { verb: act.verb, effect: act.effect, hit, gone, also: act.also });
    return EXIT.ok;
  }
  if (act.asks?.(hit, targets) === true && !(await ask(context, act, hit))) return EXIT.failed;
  const living = new Set(hit.map(({ pid }) => pid));
  const outcome = await carryOut({ targets, gone }, async (target) => {
    const { pids, ...rest } = await act.run(client, target);
    // An end that was there before is not counted as one of now.
    return { ...rest, pids: pids.filter((pid) => living.has(pid) || pid !== target.agent.pid) };
  });
  return tellOutcome(context, outcome, act);
}

function ask(context: Context, act: Act, hit: readonly AgentView[]): Promise<boolean> {
  const blast = `This ${act.effect}s ${blastWords(blastOf(hit))}.`;
  const verb = act.verb.slice(0, 1).toUpperCase() + act.verb.slice(1);
  return confirm(context, { blast, question: `${verb} ${plural(hit.length, 'agent')}?` });
}

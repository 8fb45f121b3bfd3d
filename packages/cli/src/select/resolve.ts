// From selectors to agents: nothing found is exit 3; several where one is wanted is exit 2, with
// the list of what matches.

import type { AgentView } from '@hivekernel/client';
import { CliError, noMatch } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { nearestWord } from './nearest-word.ts';
import { matchSelector, parseSelector } from './selector.ts';

const LISTED_MAX = 10;

/** All that a selector names. Throws E_NO_MATCH. */
export async function resolveAll(
  text: string,
  agents: readonly AgentView[],
): Promise<readonly AgentView[]> {
  const found = matchSelector(parseSelector(text), agents);
  if (found.length > 0) return found;
  const nearest = await nearestWord(
    text,
    agents.map(({ name }) => name),
  );
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  throw noMatch(`No agent matches "${text}".${hint}`, {
    hints: [{ label: 'See all', command: 'hive ps' }],
  });
}

/** The one agent that a selector names. Throws E_NO_MATCH, E_AMBIGUOUS. */
export async function resolveOne(text: string, agents: readonly AgentView[]): Promise<AgentView> {
  const found = await resolveAll(text, agents);
  const [only] = found;
  if (found.length === 1 && only !== undefined) return only;
  throw ambiguous(text, found);
}

export function ambiguous(text: string, found: readonly AgentView[]): CliError {
  const shown = found.slice(0, LISTED_MAX);
  const lines = shown.map(({ pid, address, state }) => `${pid}  ${address}  ${state}`);
  if (found.length > shown.length) lines.push(`… and ${found.length - shown.length} more`);
  return new CliError({
    code: 'E_AMBIGUOUS',
    exitCode: EXIT.usage,
    message: `"${text}" names ${found.length} agents; name one by its pid or path.`,
    why: lines.join('\n'),
    details: { matches: found.map(({ pid }) => pid).join(',') },
  });
}

// Whom a task is for: a running agent by pid, name or path, else something that can be started.
// A word that is both is the running agent; what can be neither is refused with a guess.

import type { AgentView, HiveClient } from '@hivekernel/client';
import { noMatch } from '../errors/cli-error.ts';
import { nearestWord } from '../select/nearest-word.ts';
import { ambiguous } from '../select/resolve.ts';
import { matchSelector, parseSelector } from '../select/selector.ts';
import { findSpec, isImage } from './agent-spec.ts';
import type { AgentSpec } from './agent-spec.ts';
import { loadCrew } from './crew.ts';

export type TaskTarget =
  | { readonly kind: 'running'; readonly pid: number; readonly name: string }
  | { readonly kind: 'spec'; readonly spec: AgentSpec };

const ENDED = new Set(['zombie', 'dead', 'stopping']);

/** Throws E_NO_MATCH, E_AMBIGUOUS. */
export async function findTarget(
  word: string,
  place: { client: HiveClient; cwd: string },
): Promise<TaskTarget> {
  if (!isImage(word)) {
    const { agents } = await place.client.processes();
    const live = agents.filter(({ state }) => !ENDED.has(state));
    const running = runningOne(word, live);
    if (running !== undefined) return running;
    const spec = await findSpec(word, place.cwd);
    if (spec === undefined) throw await nobody(word, live);
    return { kind: 'spec', spec };
  }
  const spec = await findSpec(word, place.cwd);
  if (spec === undefined) throw await nobody(word, []);
  return { kind: 'spec', spec };
}

function runningOne(word: string, live: readonly AgentView[]): TaskTarget | undefined {
  const found = matchSelector(parseSelector(word), live);
  const [agent] = found;
  if (agent === undefined) return undefined;
  if (found.length > 1) throw ambiguous(word, found);
  return { kind: 'running', pid: agent.pid, name: agent.name };
}

async function nobody(word: string, live: readonly AgentView[]): Promise<Error> {
  const crew = [...(await loadCrew()).keys()];
  const names = live.map(({ name }) => name);
  const nearest = await nearestWord(word, [...names, ...crew]);
  const guess = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  return noMatch(
    `"${word}" is no running agent, no file.ts#Export, ` +
      `and none of the crew (${crew.join(', ')}).${guess}`,
    { hints: [{ label: 'See who runs', command: 'hive ps' }] },
  );
}

// What `hive wait --for` waits for: `end`, `exit`, or `state=WORD`, asked of one agent at a time.
// What cannot come to pass any more is an error, so that nobody waits for ever.

import type { AgentView } from '@hivekernel/client';
import { CliError, usageError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { safeLine } from '../output/plain-text.ts';
import { nearestWord } from './nearest-word.ts';
import { isOver, STATE_WORDS, stateWord } from './state-words.ts';

const ENDED = new Set(['zombie', 'dead']);
/** What one may still come to when it is over with it. */
const FINAL = new Set(['zombie', 'dead', 'quarantined']);

/** Undefined: its record is gone. Throws where it cannot come to that any more. */
export type Condition = (agent: AgentView | undefined) => boolean;

export async function conditionOf(text: string): Promise<Condition> {
  if (text === 'end' || text === 'exit') {
    return (agent) => agent === undefined || ENDED.has(agent.state);
  }
  const [, word] = /^state=([a-z]+)$/.exec(text) ?? [];
  if (word === undefined) throw usageError(`--for wants end, exit or state=WORD; got "${text}".`);
  if (STATE_WORDS.includes(word)) return (agent) => isIn(word, agent);
  const nearest = await nearestWord(word, STATE_WORDS);
  const guess = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  throw usageError(`There is no state "${word}"; there are ${STATE_WORDS.join(', ')}.${guess}`);
}

function isIn(word: string, agent: AgentView | undefined): boolean {
  if (agent === undefined) {
    if (word === 'dead') return true;
    throw tooFar('its record is gone', word);
  }
  if (agent.state === word || stateWord(agent) === word) return true;
  if (!isOver(agent) || FINAL.has(word)) return false;
  throw tooFar(`${safeLine(agent.name)} (pid ${agent.pid}) is ${stateWord(agent)}`, word);
}

const tooFar = (what: string, word: string): CliError =>
  new CliError({
    code: 'E_WRONG_STATE',
    exitCode: EXIT.wrongState,
    message: `${what}; it will not be ${word} any more`,
  });

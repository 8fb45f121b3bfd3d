// The state of an agent as people read it: "waiting" for blocked (P3), and words for what the
// kernel's own word does not tell: that a start is a restart, that the dead are quarantined.
//   Programs get the kernel's word. Filters and `wait` take either.

import type { AgentView } from '@hivekernel/client';
import type { Paint } from '../output/terminal.ts';

const STATES = [
  'starting',
  'idle',
  'running',
  'blocked',
  'paused',
  'sleeping',
  'stopping',
  'zombie',
  'dead',
] as const;

/** Everything that a state may be called. */
export const STATE_WORDS: readonly string[] = [...STATES, 'waiting', 'restarting', 'quarantined'];

export interface Stated {
  readonly state: string;
  /** Left out where it is not known. */
  readonly phase?: string;
  readonly isQuarantined?: boolean;
}

/** The word for people. A state of a newer kernel stays as it is. */
export function stateWord({ state, phase = '', isQuarantined = false }: Stated): string {
  if (state === 'blocked') return 'waiting';
  if (state === 'starting' && isRestart(phase)) return 'restarting';
  return state === 'dead' && isQuarantined ? 'quarantined' : state;
}

/** The kernel says so for as long as it waits with it (S4). */
const isRestart = (phase: string): boolean => /^(waiting: )?restart\b/.test(phase);

const GLYPHS: Readonly<Record<string, string>> = {
  starting: '◌',
  restarting: '◌',
  idle: '○',
  running: '●',
  blocked: '◔',
  waiting: '◔',
  paused: '⏸',
  sleeping: '⏾',
  stopping: '◍',
  failed: '✕',
  quarantined: '✕',
  zombie: '☠',
  dead: '·',
};

/** A sign beside the word (UX §3.5): state is never colour alone. `?` for an unknown one. */
export const stateGlyph = (word: string): string => GLYPHS[word] ?? '?';

/** As it stands in a column: a sign only for those that are held, so that they catch the eye. */
export const stateCell = (word: string): string =>
  word === 'paused' || word === 'sleeping' ? `${stateGlyph(word)} ${word}` : word;

const ALARMING = new Set(['zombie', 'quarantined', 'failed']);
const PENDING = new Set(['blocked', 'waiting', 'stopping', 'starting', 'restarting', 'paused']);
const MUTED = new Set(['dead', 'idle', 'sleeping']);

/** Takes a word or a cell. */
export function paintState(paint: Paint, text: string): (text: string) => string {
  const word = text.slice(text.lastIndexOf(' ') + 1);
  if (word === 'running') return paint.green;
  if (ALARMING.has(word)) return paint.red;
  if (PENDING.has(word)) return paint.yellow;
  return MUTED.has(word) ? paint.dim : (plain) => plain;
}

/** Nothing is left that could be stopped, and no restart is to come (P8). */
export const isOver = ({ state, isGone }: Pick<AgentView, 'state' | 'isGone'>): boolean =>
  state === 'dead' || (state === 'zombie' && isGone);

// The life of a process, as one table of state x event (P4).
//   P4. An absent cell is a refusal, never a silent no-op; nothing sets a state around the table.
//   P3. On the wire `starting` reads idle and `stopping` reads blocked; people see the inner words.

import { KernelError } from '../errors.ts';
import type { State } from '../events/words.ts';

export const STATE_EVENTS = [
  'ready',
  'work',
  'wait',
  'resume',
  'done',
  'stop',
  'exit',
  'killed',
  'collect',
] as const;
export type StateEvent = (typeof STATE_EVENTS)[number];

export const TRANSITIONS: Readonly<Record<State, Readonly<Partial<Record<StateEvent, State>>>>> = {
  starting: { ready: 'idle', stop: 'stopping', exit: 'zombie', killed: 'dead' },
  idle: { work: 'running', stop: 'stopping', exit: 'zombie', killed: 'dead' },
  running: { wait: 'blocked', done: 'idle', stop: 'stopping', exit: 'zombie', killed: 'dead' },
  blocked: { resume: 'running', done: 'idle', stop: 'stopping', exit: 'zombie', killed: 'dead' },
  stopping: { exit: 'zombie', killed: 'dead' },
  zombie: { collect: 'dead', killed: 'dead' },
  dead: {},
};

/** The state after `event`, or undefined where the table refuses it. */
export function nextState(state: State, event: StateEvent): State | undefined {
  return TRANSITIONS[state][event];
}

/** As `nextState`; throws `wrong_state` where the table refuses. */
export function requireMove(state: State, event: StateEvent, who: string): State {
  const next = nextState(state, event);
  if (next === undefined) {
    throw new KernelError('wrong_state', `${who} is ${state}; "${event}" is not possible (P4).`, {
      details: { state, event },
    });
  }
  return next;
}

/** Neither zombie nor dead: it counts as a child, may receive, may be given work. */
export const isLive = (state: State): boolean => state !== 'zombie' && state !== 'dead';

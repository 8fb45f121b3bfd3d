// The life of a process, as one table of state x event (P4).
//   P4. An absent cell is a refusal, never a silent no-op; nothing sets a state around the table.
//   P3. On the wire `starting` reads idle, `stopping` and `paused` read blocked; people see the
//       inner words.
//   S5. A zombie that is to come back is `starting` again, also while it backs off.

import { KernelError } from '../errors.ts';
import type { State } from '../events/words.ts';

export const STATE_EVENTS = [
  'ready',
  'work',
  'wait',
  'resume',
  'done',
  'pause',
  'continue',
  'sleep',
  'wake',
  'stop',
  'exit',
  'killed',
  'restart',
  'quarantine',
  'collect',
] as const;
export type StateEvent = (typeof STATE_EVENTS)[number];

export const TRANSITIONS: Readonly<Record<State, Readonly<Partial<Record<StateEvent, State>>>>> = {
  starting: { ready: 'idle', stop: 'stopping', exit: 'zombie', killed: 'dead' },
  idle: {
    work: 'running',
    pause: 'paused',
    sleep: 'sleeping',
    stop: 'stopping',
    exit: 'zombie',
    killed: 'dead',
  },
  running: {
    wait: 'blocked',
    done: 'idle',
    pause: 'paused',
    stop: 'stopping',
    exit: 'zombie',
    killed: 'dead',
  },
  blocked: {
    resume: 'running',
    done: 'idle',
    pause: 'paused',
    stop: 'stopping',
    exit: 'zombie',
    killed: 'dead',
  },
  // Its tasks go on from idle.
  paused: { continue: 'idle', stop: 'stopping', exit: 'zombie', killed: 'dead' },
  sleeping: { wake: 'starting', stop: 'stopping' },
  stopping: { sleep: 'sleeping', exit: 'zombie', killed: 'dead' },
  zombie: { restart: 'starting', quarantine: 'dead', collect: 'dead', killed: 'dead' },
  // A killed one was dead before its result is taken.
  dead: { collect: 'dead' },
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

/** It executes tasks or could at once: neither on its way in or out, nor held. */
export const isAtWork = (state: State): boolean =>
  state === 'idle' || state === 'running' || state === 'blocked';

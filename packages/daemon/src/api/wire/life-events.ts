// How the life of processes is told on the wire: all kinds `process.*`, for events.ts.
//   Existing observers know a state by `spawned`, `state_changed` and `removed` alone, so whatever
//   moves a process says one of them: in place of its dotted name where there is nothing else to
//   tell, beside it where there is (a restart, a crash loop, sleep and wake).

import type { EventKind, EventOf, State } from '@hivekernel/kernel';
import { previewOfText } from './previews.ts';
import type { Teller, Told } from './teller.ts';
import { wireStateWord } from './words.ts';

type LifeKind = Extract<EventKind, `process.${string}`>;

interface Move {
  readonly from: State;
  readonly to: State;
}

export const LIFE_TELLERS: { readonly [K in LifeKind]: Teller<K> } = {
  'process.spawned': ({ body: { pid, parent, address, spec } }) => ({
    type: 'spawned',
    pid,
    ppid: parent,
    name: spec.name,
    role: spec.role,
    tier: spec.tier,
    model: spec.model,
    state: wireStateWord('starting'),
    fields: { address, user: spec.user, node: spec.node, image: spec.image },
  }),
  'process.started': ({ body }) => ({
    fields: { incarnation: `${body.incarnation}`, os_pid: `${body.osPid}` },
  }),
  'process.moved': tellMove,
  'process.start_failed': ({ body }) => ({
    type: 'removed',
    message: body.error,
    fields: { reason: 'start_failed' },
  }),
  'process.exiting': ({ body }) => ({
    fields: { exit_code: `${body.exitCode}`, output_preview: previewOfText(body.output) },
  }),
  'process.exited': ({ body }) => ({
    ...stateChange(body),
    message: body.detail,
    fields: {
      exit_code: `${body.exitCode}`,
      cause: body.cause,
      output_preview: previewOfText(body.output),
    },
  }),
  'process.collected': ({ body }) => ({
    ...stateChange({ from: body.from, to: 'dead' }),
    fields: { expired: `${body.expired}` },
  }),
  'process.gone': ({ body }) => ({ fields: { heir: `${body.heir}` } }),
  'process.removed': () => ({ type: 'removed' }),
  'process.responsive': ({ body }) => ({ fields: { responsive: `${body.isResponsive}` } }),
  'process.halting': ({ body }) => ({
    message: body.detail,
    fields: { cause: body.cause, next: body.next },
  }),
  'process.restarting': ({ body: { attempt, delayMs, atMonoMs, why } }) => {
    const fields = {
      attempt: `${attempt}`,
      delay_ms: `${delayMs}`,
      waits_for_group: `${atMonoMs === 0}`,
    };
    return withMove({ message: why, fields }, { from: 'zombie', to: 'starting' });
  },
  'process.relaunched': () => ({}),
  'process.crash_loop': ({ body: { restarts, cause, detail } }) => {
    const told = { level: 'error', message: detail, fields: { restarts: `${restarts}`, cause } };
    return withMove(told, { from: 'zombie', to: 'dead' });
  },
  'process.hung': ({ body }) => ({
    level: 'warn',
    fields: { silent_ms: `${body.silentMs}`, limit_ms: `${body.limitMs}` },
  }),
  'process.over_limit': ({ body }) => ({
    level: 'warn',
    fields: { limit_ms: `${body.limitMs}` },
  }),
  'process.sleep_asked': () => ({}),
  // Its runtime was stopped for it; what has none falls asleep by an ordinary move.
  'process.slept': ({ body: { incarnation } }) => {
    const told = { fields: { incarnation: `${incarnation}` } };
    return withMove(told, { from: 'stopping', to: 'sleeping' });
  },
  'process.woken': ({ body }) =>
    withMove({ message: body.why }, { from: 'sleeping', to: 'starting' }),
  'process.checkpointed': ({ body: { content } }) => ({
    fields: { size_bytes: `${content.bytes}`, sha256: content.hash ?? '' },
  }),
  'process.reparented': ({ body: { pid, from, to } }, source) => ({
    name: source.nameOf(pid),
    ppid: to,
    fields: { from: `${from}`, to: `${to}` },
  }),
  'process.signalled': ({ body }) => ({
    message: previewOfText(body.reason),
    fields: { signal: body.signal },
  }),
};

function tellMove({ body }: EventOf<'process.moved'>): Told {
  return { ...stateChange(body), fields: { from: body.from, to: body.to, phase: body.phase } };
}

/** None where the wire has one word for both; then the kind keeps its dotted name. */
function stateChange(move: Move): Told {
  const oldState = wireStateWord(move.from);
  const newState = wireStateWord(move.to);
  return oldState === newState
    ? { state: newState }
    : { type: 'state_changed', oldState, newState };
}

/** The event under its own name, and beside it the move that it made. */
const withMove = (told: Told, { from, to }: Move): readonly Told[] => [
  { ...told, state: wireStateWord(to) },
  { ...stateChange({ from, to }), fields: { from, to } },
];

// Upcasters: events of older versions, in the shape that the fold and the doors know. An event that
// is in a journal is never changed; it is read as what it would be today.
//   Version 1 to 2 (supervision): specs of processes got a restart policy, a strategy and limits of
//   silence, tasks a number of retries. What was spawned before has what its role had by default.

import { KernelError } from '../errors.ts';
import type { StoredEvent } from '../ports.ts';
import {
  EVENT_VERSIONS,
  type Event,
  type EventKind,
  type ProcessSpec,
  type TaskSpec,
} from './event.ts';
import type { RestartPolicy, Role } from './words.ts';

/** The defaults at the time of version 2. Later settings do not change what was. */
const POLICY_OF_ROLE: Readonly<Record<Role, RestartPolicy>> = {
  kernel: 'temporary',
  daemon: 'permanent',
  agent: 'notify',
  architect: 'temporary',
  lead: 'notify',
  worker: 'notify',
  task: 'temporary',
};
const IDLE_MS = 60_000;
const FIRST_TOKEN_MS = 120_000;

type Bare = { readonly body: Readonly<Record<string, unknown>> };

/** `conflict`: of a version that this kernel does not know yet. */
export function upcast(event: StoredEvent): Event {
  const newest = EVENT_VERSIONS[event.kind as EventKind] ?? 1;
  if (event.v === newest) return event as unknown as Event;
  if (event.v > newest) {
    throw new KernelError(
      'conflict',
      `Event ${event.seq} (${event.kind}) is of version ${event.v}; this kernel reads up to ` +
        `${newest}. It was written by a newer kernel: use that one.`,
    );
  }
  const { body } = event as unknown as Bare;
  const spec =
    event.kind === 'task.created'
      ? upcastTaskSpec(body['spec'] as TaskSpec)
      : upcastSpec(body['spec'] as ProcessSpec);
  return { ...event, v: newest, body: { ...body, spec } } as unknown as Event;
}

/** Version 1 or 2 to 2. */
export function upcastSpec(spec: ProcessSpec): ProcessSpec {
  const old: Partial<ProcessSpec> = spec;
  const byRole = POLICY_OF_ROLE[spec.role];
  const isOneShot = spec.exitAfterTask && byRole === 'permanent';
  return {
    ...spec,
    restart: old.restart ?? (isOneShot ? 'temporary' : byRole),
    strategy: old.strategy ?? 'one_for_one',
    watch: old.watch ?? { wallMs: 0, idleMs: IDLE_MS, firstTokenMs: FIRST_TOKEN_MS },
  };
}

/** Version 1 or 2 to 2. */
export function upcastTaskSpec(spec: TaskSpec): TaskSpec {
  const old: Partial<TaskSpec> = spec;
  return { ...spec, retriesMax: old.retriesMax ?? 0 };
}

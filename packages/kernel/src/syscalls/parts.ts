// The parts of the kernel and the order in which they are built, layer by layer. A part that must
// tell one built after it is given a function to call, never the part itself.
//   D2. State first; deciders over it; the handlers of calls and facts work on all of them.

import type { ArtifactCatalog } from '../artifacts/catalog.ts';
import { Librarian } from '../artifacts/librarian.ts';
import { EffectQueue } from '../events/effects.ts';
import type { Log } from '../events/log.ts';
import { Broker, type OnAcknowledged } from '../ipc/broker.ts';
import { Deliverer } from '../ipc/delivery.ts';
import type { PostOffice } from '../ipc/post-office.ts';
import { Refusals } from '../permissions/refusals.ts';
import type { ProcessTable } from '../process/table.ts';
import type { Ledger } from '../resources/ledger.ts';
import { CallRate } from '../resources/call-rate.ts';
import { OwedCalls } from '../resources/owed-calls.ts';
import { Dispatcher } from '../scheduler/dispatcher.ts';
import type { TaskTable } from '../scheduler/task-table.ts';
import type { KernelSettings } from '../settings.ts';
import { KernelState } from '../state.ts';
import { Escalations } from '../supervision/escalations.ts';
import { Killer } from '../supervision/killer.ts';
import { Life, type LifeListener } from '../supervision/life.ts';
import { Spawner } from '../supervision/spawner.ts';
import { Waiter } from '../supervision/waiter.ts';

interface Foundation {
  readonly settings: KernelSettings;
  readonly rate: CallRate;
  readonly state: KernelState;
  readonly effects: EffectQueue;
  readonly refusals: Refusals;
}

interface Mail {
  readonly deliverer: Deliverer;
  readonly broker: Broker;
}

interface Supervision {
  readonly life: Life;
  readonly spawner: Spawner;
  readonly killer: Killer;
  readonly waiter: Waiter;
  readonly escalations: Escalations;
}

export interface KernelParts extends Foundation, Mail, Supervision {
  readonly log: Log;
  readonly table: ProcessTable;
  readonly office: PostOffice;
  readonly catalog: ArtifactCatalog;
  readonly tasks: TaskTable;
  readonly ledger: Ledger;
  readonly owed: OwedCalls;
  readonly librarian: Librarian;
  readonly dispatcher: Dispatcher;
}

export function buildParts(options: { settings: KernelSettings; partition: number }): KernelParts {
  const { settings, partition } = options;
  const state = new KernelState({
    partition,
    onExpired: (message) => mail.broker.expire(message),
  });
  const owed = new OwedCalls();
  const effects = new EffectQueue({
    lastSeq: () => state.log.lastSeq,
    onReply: (to) => owed.answered(to.pid),
  });
  const rate = new CallRate(settings.syscallsPerMinuteMax);
  const refusals = new Refusals(state.log);
  const base: Foundation = { settings, state, effects, rate, refusals };
  const mail: Mail = buildMail(base, (message, ack) =>
    supervision.escalations.onAcknowledged(message, ack),
  );
  const { log, table, office, catalog, tasks, timers, ledger } = state;
  const quotaBytesPerUser = settings.artifactQuotaBytesPerUser;
  const librarian = new Librarian({ log, table, catalog, quotaBytesPerUser });
  const dispatcher: Dispatcher = new Dispatcher({
    log,
    table,
    tasks,
    effects,
    timers,
    onFinished: (record, { result }) => {
      const isOver = record.spec.exitAfterTask && record.state === 'idle';
      if (isOver) supervision.life.exit(record, result);
    },
  });
  const supervision: Supervision = buildSupervision({ ...base, ...mail, dispatcher });
  const areas = { log, table, office, catalog, tasks, ledger };
  return { ...base, ...areas, owed, ...mail, librarian, dispatcher, ...supervision };
}

function buildMail({ state, effects, refusals }: Foundation, onAcknowledged: OnAcknowledged): Mail {
  const { log, table, office } = state;
  const deliverer = new Deliverer({ table, office, effects });
  const onWaiting = deliverer.note;
  const broker = new Broker({
    log,
    table,
    office,
    onWaiting,
    onAcknowledged,
    onSignalLost: (pid, error) => refusals.note({ pid, syscall: 'signal', error }),
  });
  return { deliverer, broker };
}

function buildSupervision(
  base: Foundation & Mail & { readonly dispatcher: Dispatcher },
): Supervision {
  const { settings, state, effects, rate, deliverer, broker, dispatcher } = base;
  const { log, table, waits, kills, timers } = state;
  const life: Life = new Life({
    log,
    table,
    effects,
    timers,
    broker,
    deliverer,
    dispatcher,
    settings,
    listeners: (): readonly LifeListener[] => listeners,
  });
  const spawner = new Spawner({ log, table, effects, life, dispatcher, settings });
  const defaultMs = settings.waitDefaultMs;
  const waiter = new Waiter({ log, table, waits, effects, timers, life, defaultMs });
  const records = state.escalations;
  const answerMs = settings.escalationAnswerMs;
  const escalations = new Escalations({ log, table, records, broker, effects, timers, answerMs });
  const killer = new Killer({ log, kills, effects, life });
  // A spawn in the air is refused first, waits take the result, and only then a kill goes on.
  const forgetful: LifeListener = {
    onExited: ({ pid }) => rate.forget(pid),
    onStartFailed: ({ pid }) => rate.forget(pid),
  };
  const listeners: readonly LifeListener[] = [spawner, waiter, escalations, killer, forgetful];
  return { life, spawner, killer, waiter, escalations };
}

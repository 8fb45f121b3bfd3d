// The parts of the kernel and the order in which they are built, layer by layer. A part that must
// tell one built after it is given a function to call, never the part itself.
//   D2. State first; deciders over it; the handlers of calls and facts work on all of them.

import type { ArtifactCatalog } from '../artifacts/catalog.ts';
import { Librarian } from '../artifacts/librarian.ts';
import { EffectQueue } from '../events/effects.ts';
import type { Log } from '../events/log.ts';
import { Backchannel } from '../ipc/backchannel.ts';
import { Broker, type OnSignalLost } from '../ipc/broker.ts';
import { Deliverer } from '../ipc/delivery.ts';
import { Inboxes } from '../ipc/inboxes.ts';
import { MessageEnds, type OnAcknowledged } from '../ipc/message-ends.ts';
import type { PostOffice } from '../ipc/post-office.ts';
import { Pipes } from '../ipc/pipes.ts';
import { QueueEnds } from '../ipc/queue-ends.ts';
import { Queues } from '../ipc/queues.ts';
import { Redelivery } from '../ipc/redelivery.ts';
import { Subscriptions } from '../ipc/subscriptions.ts';
import { Topics } from '../ipc/topics.ts';
import { Grantor } from '../permissions/grants.ts';
import { Guard } from '../permissions/guard.ts';
import { Refusals } from '../permissions/refusals.ts';
import type { Tier } from '../events/words.ts';
import type { Pid, Seq } from '../ids.ts';
import type { Chance } from '../ports.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { ProcessTable } from '../process/table.ts';
import { BudgetAlarms, type BudgetAlarm } from '../resources/budget-alarms.ts';
import type { Ledger } from '../resources/ledger.ts';
import { Reserver } from '../resources/reserver.ts';
import { Treasurer } from '../resources/treasurer.ts';
import { CallRate } from '../resources/call-rate.ts';
import { OwedCalls } from '../resources/owed-calls.ts';
import { settle } from '../scheduler/activity.ts';
import { Dispatcher } from '../scheduler/dispatcher.ts';
import type { TaskTable } from '../scheduler/task-table.ts';
import type { KernelSettings } from '../settings.ts';
import { KernelState } from '../state.ts';
import { StopFlag } from '../supervision/stop-flag.ts';
import type { Foundation, Mail } from './foundation.ts';
import { knownOf } from './known.ts';
import { buildSupervision, type Supervision } from './supervision-parts.ts';

export interface KernelParts extends Foundation, Mail, Supervision {
  readonly log: Log;
  readonly table: ProcessTable;
  readonly office: PostOffice;
  readonly catalog: ArtifactCatalog;
  readonly tasks: TaskTable;
  readonly ledger: Ledger;
  readonly owed: OwedCalls;
  readonly grantor: Grantor;
  readonly librarian: Librarian;
  readonly treasurer: Treasurer;
  readonly reserver: Reserver;
  readonly dispatcher: Dispatcher;
}

export function buildParts(options: {
  settings: KernelSettings;
  partition: number;
  chance: Chance;
}): KernelParts {
  const { settings, partition, chance } = options;
  const state = new KernelState({
    partition,
    onExpired: (message) => mail.ends.expire(message),
    onQueueExpired: (message) => mail.queues.expire(message),
    onState: (record) => {
      supervision.watchdog.onState(record);
      supervision.sleeper.onState(record);
    },
  });
  const owed = new OwedCalls();
  const effects = new EffectQueue({
    lastSeq: () => state.log.lastSeq,
    onReply: (to) => owed.answered(to.pid),
  });
  const rate = new CallRate(settings.syscallsPerMinuteMax);
  const refusals = new Refusals(state.log);
  const guard = new Guard(settings.aclRules);
  const grantor = new Grantor(state.log);
  const stop = new StopFlag();
  const base: Foundation = { settings, state, effects, rate, guard, refusals, stop };
  const mail: Mail = buildMail(base, {
    onAcknowledged: (message, ack) => supervision.escalations.onAcknowledged(message, ack),
    onMail: (pid) => supervision.sleeper.stir(pid, 'a message'),
  });
  const { log, table, office, catalog, tasks, timers, ledger } = state;
  const quotaBytesPerUser = settings.artifactQuotaBytesPerUser;
  const librarian = new Librarian({ log, table, catalog, quotaBytesPerUser });
  const dispatcher: Dispatcher = new Dispatcher({
    log,
    table,
    tasks,
    effects,
    timers,
    onAssigned: ({ pid }) => supervision.sleeper.stir(pid, 'a task'),
    onFinished: (record, report) => {
      const isFree = record.state === 'idle' || record.state === 'paused';
      const isOver = record.spec.exitAfterTask && isFree;
      if (isOver && report !== undefined) supervision.life.exit(record, report.result);
      else supervision.sleeper.onFinished(record);
    },
  });
  const { treasurer, reserver } = buildTreasury(base, (record, what) =>
    supervision.escalations.report(record, what),
  );
  const supervision: Supervision = buildSupervision({
    ...base,
    ...mail,
    dispatcher,
    grantor,
    treasurer,
    onRunOver: (record) => reserver.endAllOf(record),
    chance,
    known: (record) => knownOf(parts, record),
  });
  const areas = { log, table, office, catalog, tasks, ledger };
  const makers = { grantor, librarian, dispatcher, treasurer, reserver };
  const parts = { ...base, ...areas, owed, ...mail, ...makers, ...supervision };
  return parts;
}

function buildTreasury(
  { settings, state, effects }: Foundation,
  alarm: BudgetAlarm,
): Pick<KernelParts, 'treasurer' | 'reserver'> {
  const { log, table, ledger, budgets, budgetWaits: waits } = state;
  const spentBefore = (tier: Tier): number => ledger.totals.byTier[tier];
  const treasurer = new Treasurer({ log, table, budgets, settings, spentBefore });
  const atLimit = settings.budgetAtLimit;
  const alarms = new BudgetAlarms({ log, table, atLimit, alarm });
  const onWait = (record: ProcessRecord, phase: string): void => settle(log, record, phase);
  const books = { log, table, budgets, waits, alarms, effects };
  const reserver = new Reserver({ ...books, limits: [], atLimit, onWait });
  return { treasurer, reserver };
}

function buildMail(
  { settings, state, effects, refusals, stop }: Foundation,
  told: { onAcknowledged: OnAcknowledged; onMail: (pid: Pid) => void },
): Mail {
  const { log, table, office, queueTable, timers } = state;
  const { onAcknowledged } = told;
  const isSubscribed = (pid: Pid): boolean => inboxes.isSubscribed(pid);
  const deliverer = new Deliverer({ table, office, effects, isSubscribed });
  const onWaiting = (pid: Pid): void => {
    deliverer.note(pid);
    inboxes.note(pid);
    told.onMail(pid);
  };
  const onLost =
    (syscall: 'signal' | 'ack'): OnSignalLost =>
    (pid, error) =>
      refusals.note({ pid, syscall, error });
  const kingsRelay = settings.relayByRole.kernel;
  const onSignalLost = onLost('signal');
  const broker = new Broker({ log, table, office, onWaiting, onSignalLost, kingsRelay });
  const onReportLost = onLost('ack');
  const back = new Backchannel({ log, table, office, broker, onReportLost });
  const desk = { log, table, office, broker, back };
  const ends = new MessageEnds({ ...desk, onWaiting, onAcknowledged });
  const redelivery = new Redelivery({ log, office, timers, ends, onWaiting, settings });
  const isPaused = (pid: Pid): boolean => table.find(pid)?.state === 'paused';
  const lastSeq = (): Seq => log.lastSeq;
  const subscriptions = new Subscriptions({ effects, timers, lastSeq, isPaused });
  const stir = (source: object): void => subscriptions.stir(source);
  const inboxes: Inboxes = new Inboxes({ table, office, ends, stir, onWaiting });
  const queueEnds = new QueueEnds({ log, table, back, settings });
  const isStopping = (): boolean => stop.isSet;
  const shared = { log, table, timers, stir, settings, isStopping };
  const queues = new Queues({ ...shared, queues: queueTable, ends: queueEnds });
  const topics = new Topics({ log, table, topics: state.topics, stir });
  const pipes = new Pipes({ effects, timers });
  const taken = { subscriptions, inboxes, queues, topics, pipes };
  return { deliverer, broker, ends, redelivery, ...taken };
}

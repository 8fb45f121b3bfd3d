// The parts of supervision and the order in which they are built. An end goes to life, which asks
// the supervisor what follows; whoever must hear of an end stands in the list of listeners, in this
// order.

import type { Pid } from '../ids.ts';
import type { Chance } from '../ports.ts';
import type { Grantor } from '../permissions/grants.ts';
import type { ProcessRecord } from '../process/record.ts';
import type { Dispatcher } from '../scheduler/dispatcher.ts';
import { Escalations } from '../supervision/escalations.ts';
import { Groups } from '../supervision/groups.ts';
import { Killer } from '../supervision/killer.ts';
import { Life, type LifeListener } from '../supervision/life.ts';
import { Mover } from '../supervision/mover.ts';
import { Signaller } from '../supervision/signaller.ts';
import { Sleeper } from '../supervision/sleeper.ts';
import { Spawner } from '../supervision/spawner.ts';
import { Supervisor } from '../supervision/supervisor.ts';
import type { Treasurer } from '../resources/treasurer.ts';
import { Waiter } from '../supervision/waiter.ts';
import { Watchdog } from '../supervision/watchdog.ts';
import type { Foundation, Mail } from './foundation.ts';

export interface Supervision {
  readonly life: Life;
  readonly spawner: Spawner;
  readonly killer: Killer;
  readonly supervisor: Supervisor;
  readonly waiter: Waiter;
  readonly escalations: Escalations;
  readonly sleeper: Sleeper;
  readonly watchdog: Watchdog;
  readonly signaller: Signaller;
  readonly mover: Mover;
}

type Base = Foundation &
  Mail & {
    readonly dispatcher: Dispatcher;
    readonly grantor: Grantor;
    readonly treasurer: Treasurer;
    /** B5: its calls that wait for its budget are over. */
    readonly onRunOver: (record: ProcessRecord) => void;
    readonly chance: Chance;
    readonly known: (record: ProcessRecord) => string;
  };

type Ending = Pick<Supervision, 'life' | 'killer' | 'supervisor'>;
type Serving = Pick<Supervision, 'spawner' | 'waiter' | 'escalations' | 'sleeper'>;

export function buildSupervision(base: Base): Supervision {
  const { settings, state, effects, broker, dispatcher, pipes, guard } = base;
  const { log, table, timers } = state;
  const ending: Ending = buildEnding(base, {
    listeners: () => listeners,
    onCrashLoop: (record, why) => serving.escalations.report(record, crashLoop(record, why)),
    onUndecided: (record, why) => serving.escalations.report(record, crashed(record, why)),
  });
  const { life, killer } = ending;
  const serving: Serving = buildServing(base, life);
  const { escalations } = serving;
  const alarm = escalations.report.bind(escalations);
  const watchdog = new Watchdog({ log, timers, life, settings, alarm });
  const { known } = base;
  const signaller = new Signaller({
    log,
    guard,
    effects,
    broker,
    dispatcher,
    life,
    killer,
    watchdog,
    known,
  });
  const onMoved = pipes.endBetween.bind(pipes);
  const mover = new Mover({ log, guard, table, broker, life, settings, onMoved });
  const listeners = listenersOf(base, { ...ending, ...serving });
  return { ...ending, ...serving, watchdog, signaller, mover };
}

function buildEnding(
  base: Base,
  told: {
    listeners: () => readonly LifeListener[];
    onCrashLoop: (record: ProcessRecord, why: string) => void;
    onUndecided: (record: ProcessRecord, why: string) => void;
  },
): Ending {
  const { settings, state, effects, guard, deliverer, broker, ends, dispatcher } = base;
  const { chance, stop } = base;
  const { log, table, kills, tasks, timers } = state;
  const life: Life = new Life({
    log,
    table,
    effects,
    timers,
    broker,
    ends,
    deliverer,
    dispatcher,
    settings,
    judge: () => supervisor,
    listeners: told.listeners,
  });
  const onGroupDown = (pids: readonly ProcessRecord['pid'][], delayMs: number): void =>
    supervisor.regroup(pids, delayMs);
  const killer = new Killer({ log, guard, table, kills, effects, life, onGroupDown });
  const groups = new Groups({ log, killer: () => killer, settings });
  const supervisor: Supervisor = new Supervisor({
    log,
    table,
    kills,
    tasks,
    timers,
    life,
    groups,
    settings,
    chance,
    stop,
    onCrashLoop: told.onCrashLoop,
    onUndecided: told.onUndecided,
  });
  return { life, killer, supervisor };
}

function buildServing(base: Base, life: Life): Serving {
  const { settings, state, effects, guard, grantor, broker, dispatcher, treasurer, stop } = base;
  const { subscriptions } = base;
  const { log, table, office, waits, kills, timers } = state;
  const spawner = new Spawner({
    log,
    guard,
    grantor,
    table,
    effects,
    life,
    dispatcher,
    kills,
    treasurer,
    settings,
  });
  const defaultMs = settings.waitDefaultMs;
  const waiter = new Waiter({ log, table, waits, effects, timers, life, defaultMs });
  const records = state.escalations;
  const answerMs = settings.escalationAnswerMs;
  const escalations = new Escalations({ log, table, records, broker, effects, timers, answerMs });
  const isSubscriber = (pid: Pid): boolean => subscriptions.isSubscriber(pid);
  const mail = { office, isSubscriber };
  const sleeper = new Sleeper({ log, table, ...mail, timers, life, settings, stop });
  return { spawner, waiter, escalations, sleeper };
}

/** Waits take the result first, and only then a kill goes on. */
function listenersOf(base: Base, parts: Ending & Serving): readonly LifeListener[] {
  const { rate, subscriptions, pipes } = base;
  const { waiter, escalations, killer, sleeper } = parts;
  const unplug = (record: ProcessRecord): void => {
    const { pid } = record;
    subscriptions.endAllOf(pid, record.state === 'sleeping' ? 'slept' : 'lost');
    pipes.endAllOf(pid);
    base.onRunOver(record);
  };
  const onContinued = ({ pid }: ProcessRecord): void => subscriptions.stirAllOf(pid);
  const unplugged: LifeListener = { onExited: unplug, onStartFailed: unplug, onContinued };
  const forgetful: LifeListener = {
    onExited: ({ pid }, isOver) => (isOver ? rate.forget(pid) : undefined),
    onStartFailed: ({ pid }) => rate.forget(pid),
  };
  return [unplugged, waiter, escalations, killer, sleeper, forgetful];
}

const crashLoop = (record: ProcessRecord, detail: string) =>
  ({ issue: 'crash_loop', severity: 'critical', context: contextOf(record, detail) }) as const;

const crashed = (record: ProcessRecord, detail: string) =>
  ({ issue: 'crashed', severity: 'error', context: contextOf(record, detail) }) as const;

const contextOf = (record: ProcessRecord, detail: string) => ({
  pid: String(record.pid),
  name: record.spec.name,
  address: record.address,
  detail,
});

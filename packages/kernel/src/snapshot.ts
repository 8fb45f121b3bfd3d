// Snapshots: the whole durable state as one JSON text, and back.
//   fold(all) = fold(snapshot + rest) = live: the text is canonical, so two states are equal when
//   their texts are. What is volatile (timers, delivery windows, rate windows) is not in it and is
//   made anew from what is.

import { KernelError } from './errors.ts';
import type { ArtifactRecord } from './artifacts/catalog.ts';
import type { Content } from './events/content.ts';
import type { CallRef, FoldRules, Halt, ProcessSpec } from './events/event.ts';
import type { Capability, State } from './events/words.ts';
import { asSeq, KING_PID, type Pid } from './ids.ts';
import type { QueueImage } from './ipc/named-queue.ts';
import type { KeptMail } from './ipc/post-office.ts';
import type { KeysImage } from './ipc/sent-keys.ts';
import type { TopicsImage } from './ipc/topic-table.ts';
import { upcastSpec, upcastTaskSpec } from './events/upcast.ts';
import type { Time } from './ports.ts';
import { NOT_READY, type ExitRecord, type ProcessRecord } from './process/record.ts';
import { isLive } from './process/states.ts';
import {
  imageOfBudgets,
  NO_BUDGETS,
  restoreBudgets,
  type BudgetsImage,
} from './resources/budget-image.ts';
import type { BudgetWait } from './resources/budget-waits.ts';
import type { LedgerTotals } from './resources/ledger.ts';
import type { TaskRecord } from './scheduler/task-table.ts';
import type { EscalationRecord } from './supervision/escalations.ts';
import type { KillImage } from './supervision/kill-table.ts';
import type { WaitRecord } from './supervision/waiter.ts';
import type { KernelState } from './state.ts';

export const SNAPSHOT_VERSION = 2;

interface ProcessImage {
  readonly pid: Pid;
  readonly parent: Pid;
  readonly spec: ProcessSpec;
  readonly address: string;
  readonly spawned: readonly [number, number];
  readonly state: State;
  readonly owed: CallRef | null;
  readonly phase: string;
  readonly incarnation: number;
  readonly os: readonly [number, string];
  readonly isResponsive: boolean;
  readonly exiting: ProcessRecord['exiting'] | null;
  readonly exit: ExitRecord | null;
  readonly flags: readonly [boolean, boolean];
  /** Since version 2. */
  readonly run: RunImage;
  readonly lastOutput: string;
  readonly usage: readonly [number, number, number, number, number];
  readonly changed: readonly [number, number];
  readonly children: readonly Pid[];
  /** A3. Absent where nothing differs from its role's. */
  readonly grants?: readonly (readonly [Capability, 'granted' | 'revoked'])[];
}

/** What supervision keeps of a process. */
interface RunImage {
  readonly isLaunched: boolean;
  readonly halting: Halt | null;
  readonly ready: readonly [boolean, number, number];
  readonly restartsInRow: number;
  readonly restart: readonly [boolean, number];
  readonly isQuarantined: boolean;
  readonly paused: readonly [boolean, number];
  readonly sleepAsked: boolean;
  readonly checkpoint: Content | null;
}

/** `retries` is absent in what is older than it. */
type MailImage = { readonly pid: Pid } & Omit<KeptMail, 'retries'> & Partial<KeptMail>;

interface Image {
  readonly v: number;
  readonly seq: number;
  readonly stamp: Time;
  readonly partition: number;
  readonly nextN: number;
  readonly rules: FoldRules;
  readonly processes: readonly ProcessImage[];
  readonly tasks: readonly Omit<TaskRecord, 'timer' | 'waits'>[];
  readonly waits: readonly Omit<WaitRecord, 'timer'>[];
  readonly kills: readonly KillImage[];
  readonly escalations: readonly Omit<EscalationRecord, 'timer'>[];
  readonly mail: readonly MailImage[];
  /** M1. Absent in what is older than it. */
  readonly queues?: readonly QueueImage[];
  /** M10. Absent in what is older than they are. */
  readonly topics?: TopicsImage;
  /** M5. Absent in what is older than it. */
  readonly sentKeys?: readonly KeysImage[];
  readonly artifacts: readonly ArtifactRecord[];
  readonly totals: LedgerTotals;
  /** B1, B5. Absent in what is older than they are. */
  readonly budgets?: BudgetsImage;
  readonly budgetWaits?: readonly BudgetWait[];
}

export function takeSnapshot(state: KernelState): string {
  const image: Image = {
    v: SNAPSHOT_VERSION,
    seq: state.log.lastSeq,
    stamp: state.log.stamp,
    partition: state.table.partition,
    nextN: state.table.nextN,
    rules: {
      agingMsPerLevel: state.office.agingMsPerLevel,
      artifactVersionsKept: state.catalog.versionsKept,
    },
    processes: [...state.table.byPid.values()].map(processImage),
    tasks: [...state.tasks.byId.values()].map(({ timer: _, waits: __, ...rest }) => rest),
    waits: [...state.waits.byId.values()].map(({ timer: _, ...rest }) => rest),
    kills: [...state.kills.byId.values()].map(({ left, leftBelow: _, ...rest }) => ({
      ...rest,
      left: [...left],
    })),
    escalations: [...state.escalations.byId.values()].map(({ timer: _, ...rest }) => rest),
    mail: mailImage(state),
    queues: state.queueTable.image(),
    topics: state.topics.image(),
    sentKeys: state.sentKeys.image(),
    artifacts: [...state.catalog.byId.values()],
    totals: state.ledger.totals,
    budgets: imageOfBudgets(state.budgets),
    budgetWaits: [...state.budgetWaits.byId.values()],
  };
  return JSON.stringify(image);
}

/** Fills an empty state. Throws `data_loss` for a text that is no snapshot of this version. */
export function restoreSnapshot(state: KernelState, body: string): void {
  const image = parse(body);
  state.office.agingMsPerLevel = image.rules.agingMsPerLevel;
  state.catalog.versionsKept = image.rules.artifactVersionsKept;
  restoreProcesses(state, image);
  for (const task of image.tasks) state.tasks.restore({ ...task, waits: 0, timer: undefined });
  for (const wait of image.waits) state.waits.restore({ ...wait, timer: undefined });
  for (const kill of image.kills) state.kills.restore(kill);
  for (const one of image.escalations) state.escalations.restore({ ...one, timer: undefined });
  for (const box of image.mail) state.office.restore(box.pid, { retries: [], ...box });
  for (const queue of image.queues ?? []) state.queueTable.restore(queue);
  if (image.topics !== undefined) state.topics.restore(image.topics);
  for (const [pid, keys] of image.sentKeys ?? []) {
    for (const [key, message, print] of keys) state.sentKeys.note(pid, key, { message, print });
  }
  for (const artifact of image.artifacts) state.catalog.restore(artifact);
  state.ledger.totals = image.totals;
  restoreBudgets(state.budgets, image.budgets ?? NO_BUDGETS);
  for (const wait of image.budgetWaits ?? []) state.budgetWaits.restore(wait);
  state.log.resumeAt(asSeq(image.seq), image.stamp);
}

function parse(body: string): Image {
  let image: Image;
  try {
    image = JSON.parse(body) as Image;
  } catch (cause) {
    throw new KernelError('data_loss', 'The snapshot is no JSON text.', { cause });
  }
  if (image.v === 1) return fromVersion1(image);
  if (image.v !== SNAPSHOT_VERSION) {
    throw new KernelError(
      'conflict',
      `The snapshot is of version ${image.v}; this kernel reads version ${SNAPSHOT_VERSION}.`,
    );
  }
  return image;
}

/** Before supervision: nothing had been restarted, paused or put to sleep. */
function fromVersion1(image: Image): Image {
  const processes = image.processes.map((one) => {
    const isVirtual = one.spec.image === '';
    const isLive = one.state !== 'zombie' && one.state !== 'dead';
    const wasReady = one.state !== 'starting';
    return {
      ...one,
      spec: upcastSpec(one.spec),
      run: {
        isLaunched: isLive && !isVirtual,
        halting: null,
        ready: [wasReady, wasReady && isLive ? one.spawned[1] : NOT_READY, 0] as const,
        restartsInRow: 0,
        restart: [false, 0] as const,
        isQuarantined: false,
        paused: [false, 0] as const,
        sleepAsked: false,
        checkpoint: null,
      },
    };
  });
  return {
    ...image,
    processes,
    tasks: image.tasks.map((task) => ({
      ...task,
      spec: upcastTaskSpec(task.spec),
      tries: task.isRunning ? 1 : 0,
    })),
    waits: image.waits.map((wait) => ({ ...wait, isPeek: false })),
    escalations: image.escalations.map((one) => ({ ...one, task: null })),
  };
}

function processImage(record: ProcessRecord): ProcessImage {
  return {
    pid: record.pid,
    parent: record.parent?.pid ?? (0 as Pid),
    spec: record.spec,
    address: record.address,
    spawned: [record.spawnedWallMs, record.spawnedMonoMs],
    state: record.state,
    owed: record.owed,
    phase: record.phase,
    incarnation: record.incarnation,
    os: [record.osPid, record.osStarted],
    isResponsive: record.isResponsive,
    exiting: record.exiting ?? null,
    exit: record.exit ?? null,
    flags: [record.isCollected, record.isGone],
    run: {
      isLaunched: record.isLaunched,
      halting: record.halting ?? null,
      ready: [record.wasReady, record.readyMonoMs, record.healthMs],
      restartsInRow: record.restartsInRow,
      restart: [record.isRestarting, record.restartAtMonoMs],
      isQuarantined: record.isQuarantined,
      paused: [record.isHeld, record.pausedMonoMs],
      sleepAsked: record.sleepAsked,
      checkpoint: record.checkpoint ?? null,
    },
    lastOutput: record.lastOutput,
    usage: [
      record.tokens,
      record.tokensSimulated,
      record.tokensSubtree,
      record.tokensUnreported,
      record.llmCalls,
    ],
    changed: [record.changedSeq, record.changedBy],
    children: [...record.children.keys()],
    ...(record.grants.size > 0 && { grants: [...record.grants] }),
  };
}

function mailImage(state: KernelState): Image['mail'] {
  const mail: MailImage[] = [];
  for (const [pid, box] of state.office.boxes) {
    if (box.depth === 0 && box.deadLetters.length === 0) continue;
    const retries = [...box.retries.values()];
    mail.push({ pid, waiting: [...box.messages()], dead: box.deadLetters, retries });
  }
  return mail.sort((a, b) => a.pid - b.pid);
}

function restoreProcesses(state: KernelState, image: Image): void {
  const { table } = state;
  for (const one of image.processes) {
    const [wallMs, monoMs] = one.spawned;
    const { pid, spec, address } = one;
    const record = table.enter({ pid, parent: undefined, spec, address, wallMs, monoMs });
    fill(record, one);
  }
  for (const one of image.processes) {
    const parent = table.require(one.pid);
    for (const pid of one.children) link(parent, table.require(pid));
  }
  setDepths(table.require(KING_PID));
  table.restoreCounters(image.nextN);
}

function fill(record: ProcessRecord, image: ProcessImage): void {
  record.state = image.state;
  record.owed = image.owed;
  record.phase = image.phase;
  record.incarnation = image.incarnation;
  [record.osPid, record.osStarted] = image.os;
  record.isResponsive = image.isResponsive;
  record.exiting = image.exiting ?? undefined;
  record.exit = image.exit ?? undefined;
  [record.isCollected, record.isGone] = image.flags;
  fillRun(record, image.run);
  record.lastOutput = image.lastOutput;
  [
    record.tokens,
    record.tokensSimulated,
    record.tokensSubtree,
    record.tokensUnreported,
    record.llmCalls,
  ] = image.usage;
  for (const [capability, what] of image.grants ?? []) record.grants.set(capability, what);
  record.changedSeq = asSeq(image.changed[0]);
  record.changedBy = image.changed[1] as Pid;
}

function fillRun(record: ProcessRecord, run: RunImage): void {
  record.isLaunched = run.isLaunched;
  record.halting = run.halting ?? undefined;
  [record.wasReady, record.readyMonoMs, record.healthMs] = run.ready;
  record.restartsInRow = run.restartsInRow;
  [record.isRestarting, record.restartAtMonoMs] = run.restart;
  record.isQuarantined = run.isQuarantined;
  [record.isHeld, record.pausedMonoMs] = run.paused;
  record.sleepAsked = run.sleepAsked;
  record.checkpoint = run.checkpoint ?? undefined;
}

function link(parent: ProcessRecord, child: ProcessRecord): void {
  child.parent = parent;
  parent.children.set(child.pid, child);
  if (isLive(child.state)) parent.liveChildren += 1;
}

function setDepths(root: ProcessRecord): void {
  const stack = [root];
  for (let record = stack.pop(); record !== undefined; record = stack.pop()) {
    for (const child of record.children.values()) {
      child.depth = record.depth + 1;
      stack.push(child);
    }
  }
}

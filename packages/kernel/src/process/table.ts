// The process table: every record by pid and by address, and the fold of the `process.*` events.
//   P1. `nextN` only rises. P7. An address belongs to one process until that is gone for good.
//   P9. What is gone leaves its children to `heir`.
// Nothing here decides; it only records what was decided.

import { assert, KernelError } from '../errors.ts';
import type { EventOf, ProcessSpec } from '../events/event.ts';
import type { Handlers } from '../events/fold.ts';
import type { State } from '../events/words.ts';
import { KING_PID, pidOf, SEQ_ZERO, type Pid, type Seq } from '../ids.ts';
import { KING_ADDRESS } from './address.ts';
import type { ProcessRecord } from './record.ts';
import { isLive } from './states.ts';

export interface Birth {
  readonly pid: Pid;
  readonly parent: ProcessRecord | undefined;
  readonly spec: ProcessSpec;
  readonly address: string;
  readonly wallMs: number;
  readonly monoMs: number;
}

const SUFFIX_HINTS_MAX = 10_000;

export class ProcessTable {
  readonly partition: number;
  readonly byPid = new Map<Pid, ProcessRecord>();
  readonly #byAddress = new Map<string, ProcessRecord>();
  /** Where the search for a free suffix goes on: a thousand namesakes cost a thousand steps. */
  readonly #suffixHints = new Map<string, number>();
  #nextN = 1;

  constructor(partition: number) {
    this.partition = partition;
  }

  get king(): ProcessRecord {
    const king = this.byPid.get(KING_PID);
    assert(king !== undefined, 'the king is there from the first event on (P2)');
    return king;
  }

  get nextPid(): Pid {
    return pidOf(this.partition, this.#nextN);
  }

  get nextN(): number {
    return this.#nextN;
  }

  find(pid: Pid): ProcessRecord | undefined {
    return this.byPid.get(pid);
  }

  /** Throws `not_found` for a pid that never was or whose record is gone (P8). */
  require(pid: Pid): ProcessRecord {
    const record = this.byPid.get(pid);
    if (record === undefined) throw unknownProcess(pid);
    return record;
  }

  atAddress(address: string): ProcessRecord | undefined {
    return this.#byAddress.get(address);
  }

  /** P7: the first free one of `wanted`, `wanted~2`, `wanted~3`, … */
  freeAddress(wanted: string): string {
    if (!this.#byAddress.has(wanted)) return wanted;
    let n = this.#suffixHints.get(wanted) ?? 2;
    while (this.#byAddress.has(`${wanted}~${n}`)) n += 1;
    if (this.#suffixHints.size >= SUFFIX_HINTS_MAX) this.#suffixHints.clear();
    this.#suffixHints.set(wanted, n + 1);
    return `${wanted}~${n}`;
  }

  /** Enters a record; also at a restore, where the rest of its fields is then filled in. */
  enter(birth: Birth): ProcessRecord {
    const record = newRecord(birth);
    this.byPid.set(record.pid, record);
    this.#byAddress.set(record.address, record);
    birth.parent?.children.set(record.pid, record);
    return record;
  }

  /** At a restore: the counter, and addresses of those that are gone already. */
  restoreCounters(nextN: number): void {
    this.#nextN = nextN;
    for (const record of this.byPid.values()) if (record.isGone) this.#freeAddress(record);
  }

  handlers(): Handlers {
    return {
      'process.spawned': (event) => this.#spawned(event),
      'process.started': (event) => {
        const record = this.require(event.body.pid);
        record.incarnation = event.body.incarnation;
        record.osPid = event.body.osPid;
        record.osStarted = event.body.osStarted;
        touch(record, event);
      },
      'process.moved': (event) => {
        const record = this.require(event.body.pid);
        setState(record, event.body.to);
        if (event.body.to === 'idle') record.owed = null;
        record.phase = event.body.phase;
        touch(record, event);
      },
      'process.start_failed': (event) => this.#remove(this.require(event.body.pid)),
      'process.responsive': (event) => {
        const record = this.require(event.body.pid);
        record.isResponsive = event.body.isResponsive;
        touch(record, event);
      },
      'process.exiting': (event) => {
        const record = this.require(event.body.pid);
        record.exiting = { exitCode: event.body.exitCode, output: event.body.output };
        touch(record, event);
      },
      'process.exited': (event) => this.#exited(event),
      'process.collected': (event) => {
        const record = this.require(event.body.pid);
        setState(record, 'dead');
        record.isCollected = true;
        touch(record, event);
      },
      'process.gone': (event) => this.#gone(event),
      'process.removed': (event) => this.#remove(this.require(event.body.pid)),
    };
  }

  #spawned(event: EventOf<'process.spawned'>): void {
    const { pid, parent, spec, address } = event.body;
    const record = this.enter({
      pid,
      parent: this.byPid.get(parent),
      spec,
      address,
      wallMs: event.wallMs,
      monoMs: event.monoMs,
    });
    record.owed = event.body.owed;
    if (record.parent !== undefined) record.parent.liveChildren += 1;
    this.#nextN = Math.max(this.#nextN, pid - pidOf(this.partition, 0) + 1);
    touch(record, event);
  }

  #exited(event: EventOf<'process.exited'>): void {
    const { pid, to, exitCode, cause, detail, output } = event.body;
    const record = this.require(pid);
    setState(record, to);
    record.phase = '';
    record.osPid = 0;
    record.osStarted = '';
    record.exiting = undefined;
    record.exit = { exitCode, cause, detail, output, wallMs: event.wallMs, monoMs: event.monoMs };
    touch(record, event);
  }

  #gone(event: EventOf<'process.gone'>): void {
    const record = this.require(event.body.pid);
    const heir = this.require(event.body.heir);
    record.isGone = true;
    this.#freeAddress(record);
    for (const child of record.children.values()) adopt(child, heir);
    record.children.clear();
    record.liveChildren = 0;
    touch(record, event);
  }

  #remove(record: ProcessRecord): void {
    if (isLive(record.state) && record.parent !== undefined) record.parent.liveChildren -= 1;
    record.parent?.children.delete(record.pid);
    this.#freeAddress(record);
    this.byPid.delete(record.pid);
  }

  #freeAddress(record: ProcessRecord): void {
    if (this.#byAddress.get(record.address) === record) this.#byAddress.delete(record.address);
  }
}

export const unknownProcess = (pid: Pid): KernelError =>
  new KernelError('not_found', `There is no process ${pid}.`, { details: { pid } });

/** DESIGN §3, read gate: who changed the record last. */
export function touch(record: ProcessRecord, event: { seq: Seq; by: Pid }): void {
  record.changedSeq = event.seq;
  record.changedBy = event.by;
}

/** In the fold only: the move was checked against the table before its event was written. */
function setState(record: ProcessRecord, to: State): void {
  const wasLive = isLive(record.state);
  record.state = to;
  if (wasLive && !isLive(to) && record.parent !== undefined) record.parent.liveChildren -= 1;
}

function adopt(child: ProcessRecord, heir: ProcessRecord): void {
  child.parent = heir;
  heir.children.set(child.pid, child);
  if (isLive(child.state)) heir.liveChildren += 1;
  setDepths(child, heir.depth + 1);
}

function setDepths(root: ProcessRecord, depth: number): void {
  root.depth = depth;
  const stack = [root];
  for (let record = stack.pop(); record !== undefined; record = stack.pop()) {
    for (const child of record.children.values()) {
      child.depth = record.depth + 1;
      stack.push(child);
    }
  }
}

function newRecord(birth: Birth): ProcessRecord {
  return {
    pid: birth.pid,
    spec: birth.spec,
    address: birth.address,
    spawnedWallMs: birth.wallMs,
    spawnedMonoMs: birth.monoMs,
    parent: birth.parent,
    children: new Map(),
    liveChildren: 0,
    depth: birth.parent === undefined ? 0 : birth.parent.depth + 1,
    state: birth.pid === KING_PID ? 'running' : 'starting',
    owed: null,
    phase: '',
    incarnation: 0,
    osPid: 0,
    osStarted: '',
    isResponsive: true,
    exiting: undefined,
    exit: undefined,
    isCollected: false,
    isGone: false,
    decay: undefined,
    tasks: new Set(),
    tasksInLine: new Set(),
    requestedTasks: new Set(),
    tasksRunning: 0,
    lastOutput: '',
    waits: 0,
    tokens: 0,
    tokensSimulated: 0,
    tokensSubtree: 0,
    tokensUnreported: 0,
    llmCalls: 0,
    changedSeq: SEQ_ZERO,
    changedBy: birth.pid,
  };
}

/** P2. The king: parent 0, role kernel, strategic, always running. */
export function kingSpec(node: string, model: string, childrenMax: number): ProcessSpec {
  return {
    name: KING_ADDRESS.slice(1),
    user: 'root',
    role: 'kernel',
    tier: 'strategic',
    model,
    node,
    image: '',
    systemPrompt: '',
    tools: [],
    env: {},
    cwd: '',
    limits: {
      tokensPerHourMax: Number.MAX_SAFE_INTEGER,
      contextTokensMax: Number.MAX_SAFE_INTEGER,
      childrenMax,
      concurrentTasksMax: 1,
      taskTimeoutMs: Number.MAX_SAFE_INTEGER,
      tokensTotalMax: 0,
    },
    initialTask: '',
    exitAfterTask: false,
  };
}

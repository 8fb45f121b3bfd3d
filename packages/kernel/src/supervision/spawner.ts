// The spawner: makes children. A refused spawn leaves nothing; a failed start leaves no process.
//   P5. The order of the checks: rights, user, tools, then the rules of process/spawn-rules.ts.
//   B2. Its budget comes out of its giver's, checked last of all and moved at once.
//   P6. What the request leaves out comes from the settings. P7. The address is fixed here.
//   PROTOCOL §3. The reply comes once the agent answered Init; a virtual process needs no runtime.

import { KernelError } from '../errors.ts';
import { EMPTY_CONTENT } from '../events/content.ts';
import type { CallRef, ProcessSpec, ResourceLimits, WatchLimits } from '../events/event.ts';
import type { CallResult, EffectQueue } from '../events/effects.ts';
import type { Log } from '../events/log.ts';
import type { Capability, Relay, RestartPolicy, Role, Strategy, Tier } from '../events/words.ts';
import type { Pid } from '../ids.ts';
import { requireTools } from '../permissions/capabilities.ts';
import type { Grantor } from '../permissions/grants.ts';
import type { Guard } from '../permissions/guard.ts';
import { isOf } from '../permissions/rules.ts';
import { checkName, childAddress } from '../process/address.ts';
import { describeProcess, type ProcessRecord } from '../process/record.ts';
import { checkSpawn } from '../process/spawn-rules.ts';
import type { ProcessTable } from '../process/table.ts';
import type { Allotment, Treasurer } from '../resources/treasurer.ts';
import type { Dispatcher } from '../scheduler/dispatcher.ts';
import type { KernelSettings } from '../settings.ts';
import type { KillTable } from './kill-table.ts';
import type { Life } from './life.ts';
import { comesBack } from './restart-policy.ts';

export interface SpawnOrder {
  readonly name: string;
  readonly role: Role;
  readonly tier: Tier;
  /** Empty: by the tier. */
  readonly model: string;
  /** Empty: the parent's. Another one only by the king (A1). */
  readonly user: string;
  readonly image: string;
  readonly systemPrompt: string;
  readonly tools: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** 0 in a field means left out (P6). */
  readonly limits: ResourceLimits;
  /** B1: dollars of its own, in millionths; 0 or left out: none. */
  readonly usdMicros?: number;
  readonly initialTask: string;
  readonly exitAfterTask: boolean;
  /** Left out: by the role. */
  readonly restart: RestartPolicy | undefined;
  readonly strategy: Strategy | undefined;
  readonly relay?: Relay | undefined;
  /** 0 in a field means left out. */
  readonly watch: WatchLimits;
  /** A3: what the parent hands on to it beside its role's. */
  readonly capabilities?: readonly Capability[];
}

export class Spawner {
  readonly #log: Log;
  readonly #guard: Guard;
  readonly #grantor: Grantor;
  readonly #table: ProcessTable;
  readonly #effects: EffectQueue;
  readonly #life: Life;
  readonly #dispatcher: Dispatcher;
  readonly #kills: KillTable;
  readonly #treasurer: Treasurer;
  readonly #settings: KernelSettings;

  constructor(options: {
    log: Log;
    guard: Guard;
    grantor: Grantor;
    table: ProcessTable;
    effects: EffectQueue;
    life: Life;
    dispatcher: Dispatcher;
    kills: KillTable;
    treasurer: Treasurer;
    settings: KernelSettings;
  }) {
    this.#log = options.log;
    this.#guard = options.guard;
    this.#grantor = options.grantor;
    this.#table = options.table;
    this.#effects = options.effects;
    this.#life = options.life;
    this.#dispatcher = options.dispatcher;
    this.#kills = options.kills;
    this.#treasurer = options.treasurer;
    this.#settings = options.settings;
  }

  /** The new pid; for a process with a runtime the reply is owed to `ref` until it is ready. */
  spawn(parent: ProcessRecord, order: SpawnOrder, ref: CallRef): { pid: Pid; isOwed: boolean } {
    this.#check(parent, order);
    const spec = this.#specOf(parent, order);
    const pid = this.#table.nextPid;
    const address = this.#table.freeAddress(childAddress(parent.address, spec.name));
    const isOwed = spec.image !== '';
    const owed = isOwed ? ref : null;
    this.#log.emit('process.spawned', { pid, parent: parent.pid, address, spec, owed });
    const record = this.#table.require(pid);
    this.#grantor.endow(record, order.capabilities ?? []);
    this.#grantor.endow(record, this.#configuredFor(parent, order));
    this.#treasurer.allot(record, allotmentOf(order));
    if (isOwed) this.#life.launch(record);
    else this.#life.ready(record);
    return { pid, isOwed };
  }

  /** The runtime made an OS process for it. */
  started(
    record: ProcessRecord,
    os: { incarnation: number; osPid: number; osStarted: string },
  ): void {
    this.#log.emit('process.started', { pid: record.pid, ...os });
  }

  /** Init was answered well. */
  ready(record: ProcessRecord): void {
    if (record.state !== 'starting') return;
    const { owed, wasReady } = record;
    this.#life.ready(record);
    // S5: a later run goes on with what is there; the initial task was given to the first.
    if (!wasReady && record.spec.initialTask !== '') {
      const retriesMax = comesBack(record.spec.restart) ? this.#settings.restartsMax : 0;
      this.#dispatcher.assign(record, initialTaskOf(record, retriesMax));
    }
    this.#settle(owed, { ok: true, value: wasReady ? {} : { pid: record.pid } });
  }

  /** It never came to be: what it did meanwhile is undone as far as its children go (P9). */
  failed(record: ProcessRecord, error: string): void {
    if (record.state !== 'starting') return;
    if (record.wasReady) {
      // S4: a restart that fails is a crash like another.
      this.#life.exited(record, { exitCode: -1, cause: 'start_failed', detail: error });
      return;
    }
    const refusal = new KernelError('start_failed', `${record.spec.name} did not start: ${error}`, {
      details: { image: record.spec.image },
    });
    this.#life.startFailed(record, { error, refusal });
    this.#settle(record.owed, { ok: false, error: refusal });
  }

  #settle(to: CallRef | null, result: CallResult): void {
    if (to !== null) this.#effects.push({ do: 'reply', to, result });
  }

  /** S8: what is being collapsed gets no new children. */
  #requireGrowing(parent: ProcessRecord): void {
    if (!this.#kills.isCollapsing(parent.pid)) return;
    const what = `The branch of ${describeProcess(parent)} is being collapsed (S8).`;
    throw new KernelError('wrong_state', what, { details: { pid: parent.pid } });
  }

  #check(parent: ProcessRecord, order: SpawnOrder): void {
    this.#guard.requireRight(parent, 'spawn');
    this.#guard.requireCapability(parent, 'spawn_children');
    this.#requireHandedOn(parent, order);
    if (order.user !== '' && order.user !== parent.spec.user && parent.parent !== undefined) {
      throw new KernelError(
        'permission_denied',
        `denied: ${describeProcess(parent)} may not give its child the user "${order.user}" (A1).`,
      );
    }
    const { role, tools } = order;
    const handedOn = new Set(order.capabilities);
    const configured = new Set(this.#configuredFor(parent, order));
    requireTools(tools, { role, handedOn, configured }, parent);
    this.#requireGrowing(parent);
    checkSpawn({
      parent,
      role: order.role,
      tier: order.tier,
      processes: this.#table.byPid.size,
      runtimes: this.#table.runtimes,
      runtimesMax: this.#settings.osProcessesMax,
      isVirtual: order.image === '',
      mayOutrank: this.#settings.spawnOutrank === 'allow',
    });
    checkName(order.name);
    if (order.image === '' && order.initialTask !== '') {
      throw new KernelError(
        'invalid_argument',
        'A virtual process has no runtime that could do its initial_task; name a runtime_image.',
        { details: { field: 'initial_task' } },
      );
    }
    this.#treasurer.checkSpawn(parent, allotmentOf(order));
  }

  /** A3: what goes beyond a role is handed on by one who holds it. */
  #requireHandedOn(parent: ProcessRecord, { capabilities = [] }: SpawnOrder): void {
    for (const capability of capabilities) this.#guard.requireCapability(parent, capability);
  }

  /** A3: what the operator's configuration gives it beside its role's. */
  #configuredFor(parent: ProcessRecord, order: SpawnOrder): readonly Capability[] {
    const user = order.user === '' ? parent.spec.user : order.user;
    const address = childAddress(parent.address, order.name);
    const child = { address, spec: { role: order.role, user } };
    const grants = this.#settings.grants.filter(({ to }) => isOf(to, child));
    return grants.flatMap(({ capabilities }) => capabilities);
  }

  #specOf(parent: ProcessRecord, order: SpawnOrder): ProcessSpec {
    return {
      name: order.name,
      user: order.user === '' ? parent.spec.user : order.user,
      role: order.role,
      tier: order.tier,
      model: order.model === '' ? this.#settings.tierModels[order.tier] : order.model,
      node: parent.spec.node,
      image: order.image,
      systemPrompt: order.systemPrompt,
      tools: order.tools,
      env: order.env,
      cwd: order.cwd,
      limits: withDefaults(order.limits, this.#settings),
      initialTask: order.initialTask,
      exitAfterTask: order.exitAfterTask || order.role === 'task',
      restart: this.#restartOf(order),
      strategy: order.strategy ?? this.#settings.strategyByRole[order.role],
      watch: this.#watchOf(order.watch),
      relay: order.relay ?? this.#settings.relayByRole[order.role],
    };
  }

  /** S2. Who is to end with its task would come back for nothing under `permanent`. */
  #restartOf(order: SpawnOrder): RestartPolicy {
    const byRole = this.#settings.restartByRole[order.role];
    const isOneShot = order.exitAfterTask && byRole === 'permanent';
    return order.restart ?? (isOneShot ? 'temporary' : byRole);
  }

  /** S6. */
  #watchOf(asked: WatchLimits): WatchLimits {
    const { wallLimitMs, hangAfterMs, firstTokenMs } = this.#settings;
    return {
      wallMs: asked.wallMs || wallLimitMs,
      idleMs: asked.idleMs || hangAfterMs,
      firstTokenMs: asked.firstTokenMs || firstTokenMs,
    };
  }
}

/** B2 */
const allotmentOf = ({ tier, limits, usdMicros = 0 }: SpawnOrder): Allotment => ({
  tier,
  tokens: limits.tokensTotalMax,
  usdMicros,
});

/** P6. */
function withDefaults(asked: ResourceLimits, settings: KernelSettings): ResourceLimits {
  const d = settings.spawnDefaults;
  return {
    tokensPerHourMax: asked.tokensPerHourMax || d.tokensPerHourMax,
    contextTokensMax: asked.contextTokensMax || d.contextTokensMax,
    childrenMax: asked.childrenMax || d.childrenMax,
    concurrentTasksMax: asked.concurrentTasksMax || d.concurrentTasksMax,
    taskTimeoutMs: asked.taskTimeoutMs || d.taskTimeoutMs,
    tokensTotalMax: asked.tokensTotalMax,
  };
}

/** It is what the process is for: who comes back tries it again. */
const initialTaskOf = (record: ProcessRecord, retriesMax: number) => ({
  spec: {
    description: record.spec.initialTask,
    params: {},
    timeoutMs: record.spec.limits.taskTimeoutMs,
    priority: 2 as const,
    context: EMPTY_CONTENT,
    retriesMax,
  },
  parentTask: null,
  isInitial: true,
  owed: null,
});

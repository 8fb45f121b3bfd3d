// The ground on which the runtime is tested: the real kernel behind a journal in memory, and real
// processes of the test's own runner. Whatever a test leaves is killed at its end.

import { JournaledKernel } from '../../src/journal/journaled-kernel.ts';
import type { Observation } from '../../src/journal/host.ts';
import { DEFAULT_SETTINGS, KING_PID, KernelError } from '@hivekernel/kernel';
import type { Abi, Call, Event, EventKind, EventOf, Pid, SpawnOrder } from '@hivekernel/kernel';
import { MemoryStore } from '@hivekernel/testkit';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuntimeOptions } from '../../src/runtime/runtime-options.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { shareCompileCache } from '@hivekernel/testkit/compile-cache';
import { groundOptions } from './ground-options.ts';

const SPAWN: SpawnOrder = {
  name: 'a',
  role: 'agent',
  tier: 'operational',
  model: '',
  user: '',
  image: 'echo',
  systemPrompt: '',
  tools: [],
  env: {},
  cwd: '',
  limits: {
    tokensPerHourMax: 0,
    contextTokensMax: 0,
    childrenMax: 0,
    concurrentTasksMax: 0,
    taskTimeoutMs: 0,
    tokensTotalMax: 0,
  },
  initialTask: '',
  exitAfterTask: false,
  restart: undefined,
  strategy: undefined,
  watch: { wallMs: 0, idleMs: 0, firstTokenMs: 0 },
};

export class RuntimeGround {
  readonly kernel: JournaledKernel;
  readonly runtime: Runtime;
  readonly dir: string;
  readonly keys = new Map<Pid, string>();
  readonly events: Event[] = [];
  readonly observations: Observation[] = [];
  #lastCall = 0;

  static async make(options: Partial<RuntimeOptions> = {}): Promise<RuntimeGround> {
    const dir = await mkdtemp(join(tmpdir(), 'hive-rt-'));
    shareCompileCache(join(dir, 'data'));
    const onFatal = (error: Error): void => {
      throw error;
    };
    const store = new MemoryStore();
    const kernel = await JournaledKernel.open({ store, settings: DEFAULT_SETTINGS, onFatal });
    const ground = new RuntimeGround(kernel, dir, options);
    await ground.runtime.startService();
    kernel.start(ground.runtime);
    kernel.fact({ fact: 'booted', version: '0', bootId: 'b' });
    return ground;
  }

  constructor(kernel: JournaledKernel, dir: string, options: Partial<RuntimeOptions>) {
    this.kernel = kernel;
    this.dir = dir;
    kernel.onDurable((events) => this.events.push(...events));
    kernel.onObservation((observation) => this.observations.push(observation));
    const { keys } = this;
    this.runtime = new Runtime({ ...groundOptions({ host: kernel, dir, keys }), ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.stopService();
    await this.kernel.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  call<N extends keyof Abi>(name: N, args: Abi[N][0], as: Pid = KING_PID): Promise<Abi[N][1]> {
    this.#lastCall += 1;
    const ref = { channel: 'test', pid: as, id: this.#lastCall };
    const call = { name, args, ref, task: null, isOperator: as === KING_PID } as unknown as Call;
    return new Promise((resolve, reject) => {
      this.kernel.call(call, (result) => {
        if (result.ok) resolve(result.value as Abi[N][1]);
        else reject(result.error);
      });
    });
  }

  async spawn(image: string, more: Partial<SpawnOrder> = {}): Promise<Pid> {
    const { pid } = await this.call('spawn', { ...SPAWN, image, ...more });
    return pid;
  }

  /** The refusal of a spawn that must fail. */
  async failedSpawn(image: string, more: Partial<SpawnOrder> = {}): Promise<KernelError> {
    const outcome = await this.spawn(image, more).catch((error: unknown) => error);
    if (outcome instanceof KernelError) return outcome;
    throw new Error(`the spawn of ${image} did not fail: ${String(outcome)}`);
  }

  execute(pid: Pid, description: string) {
    const context = this.kernel.content(new Uint8Array());
    const spec = {
      description,
      params: {},
      timeoutMs: 10_000,
      priority: 2 as const,
      context,
      retriesMax: 0,
    };
    return this.call('execute_task', { pid, spec });
  }

  kill(pid: Pid, graceMs = 5_000) {
    return this.call('kill', { pid, isRecursive: true, reason: 'user_request', graceMs });
  }

  send(pid: Pid, payload: string | Uint8Array) {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    const content = this.kernel.content(bytes);
    return this.call('send', {
      to: pid,
      queue: '',
      type: 'test',
      priority: 2,
      content,
      requiresAck: false,
      ttlMs: 0,
      replyTo: '',
    });
  }

  /** The first durable event of the kind that fits, past ones included. */
  event<K extends EventKind>(
    kind: K,
    fits: (event: EventOf<K>) => boolean = () => true,
  ): Promise<EventOf<K>> {
    const isIt = (event: Event): boolean => event.kind === kind && fits(event as EventOf<K>);
    const found = this.events.find(isIt);
    if (found !== undefined) return Promise.resolve(found as EventOf<K>);
    return new Promise((resolve) => {
      const off = this.kernel.onDurable((events) => {
        const next = events.find(isIt);
        if (next === undefined) return;
        off();
        resolve(next as EventOf<K>);
      });
    });
  }

  /** The first line that the process prints and that fits, past ones included. */
  line(pid: Pid, form: RegExp): Promise<string> {
    const lineOf = (seen: Observation): string | undefined =>
      seen.type === 'output' && seen.pid === pid && form.test(seen.line) ? seen.line : undefined;
    for (const seen of this.observations) if (lineOf(seen)) return Promise.resolve(lineOf(seen)!);
    return new Promise((resolve) => {
      const off = this.kernel.onObservation((seen) => {
        const line = lineOf(seen);
        if (line === undefined) return;
        off();
        resolve(line);
      });
    });
  }

  exitOf(pid: Pid): Promise<EventOf<'process.exited'>> {
    return this.event('process.exited', ({ body }) => body.pid === pid);
  }

  async osPidOf(pid: Pid): Promise<number> {
    const { body } = await this.event('process.started', (event) => event.body.pid === pid);
    return body.osPid;
  }
}

/** Whether a process runs; one that nobody has reaped does not. */
export { hasLivingMember as isGroupAlive } from '../../src/runtime/os/process-group.ts';

// The runtime alone: a host that keeps what it is told, effects by hand in the place of a kernel,
// and real processes of the tests' own runner. Whatever a test leaves is killed at its end.

import { asPid, KernelError } from '@hivekernel/kernel';
import type { Content, Effect, Fact, Pid, ProcessSpec } from '@hivekernel/kernel';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ContentDesk } from '../../src/journal/content-desk.ts';
import type { Host, Observation } from '../../src/journal/host.ts';
import { readProcStat } from '../../src/runtime/os/process-group.ts';
import type { RuntimeOptions } from '../../src/runtime/runtime-options.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { shareCompileCache } from '@hivekernel/testkit/compile-cache';
import { groundOptions } from './ground-options.ts';

type EffectOf<D extends Effect['do']> = Extract<Effect, { do: D }>;
type FactOf<F extends Fact['fact']> = Extract<Fact, { fact: F }>;

/** Between two looks at the OS, which tells nobody of what it does to others' processes. */
const LOOK_MS = 5;

const SPEC: ProcessSpec = {
  name: 'a',
  user: 'root',
  role: 'agent',
  tier: 'operational',
  model: 'mini',
  node: 'vps1',
  image: 'echo',
  systemPrompt: '',
  tools: [],
  env: {},
  cwd: '',
  limits: {
    tokensPerHourMax: 1,
    contextTokensMax: 1,
    childrenMax: 1,
    concurrentTasksMax: 1,
    taskTimeoutMs: 1,
    tokensTotalMax: 0,
  },
  initialTask: '',
  exitAfterTask: false,
  restart: 'notify',
  strategy: 'one_for_one',
  watch: { wallMs: 0, idleMs: 0, firstTokenMs: 0 },
};

/** Nobody is behind it: calls are refused, and what it is told is kept in order. */
class RecordingHost implements Host {
  readonly durableSeq = 0;
  readonly facts: Fact[] = [];
  readonly observations: Observation[] = [];
  readonly #desk = new ContentDesk(() => Promise.resolve(undefined));
  readonly #onNews = new Set<() => void>();

  call: Host['call'] = (_call, reply) =>
    reply({ ok: false, error: new KernelError('unimplemented', 'There is no kernel here.') });

  fact(fact: Fact): void {
    this.facts.push(fact);
    this.#tell();
  }

  observe(observation: Observation): void {
    this.observations.push(observation);
    this.#tell();
  }

  content = (bytes: Uint8Array): Content => this.#desk.take(bytes);
  hashedContent = (bytes: Uint8Array): Content => this.#desk.takeHashed(bytes);
  bytes = (content: Content): Promise<Uint8Array> => this.#desk.bytes(content);
  onDurable = (): (() => void) => () => undefined;
  onObservation = (): (() => void) => () => undefined;
  async *read(): AsyncGenerator<never> {}

  /** Resolves with the first thing found, now or later. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#onNews.add(resolve));
    }
  }

  #tell(): void {
    const waiting = [...this.#onNews];
    this.#onNews.clear();
    for (const wake of waiting) wake();
  }
}

export class EffectGround {
  readonly host = new RecordingHost();
  readonly keys = new Map<Pid, string>();
  readonly runtime: Runtime;
  readonly dir: string;

  static async make(options: Partial<RuntimeOptions> = {}): Promise<EffectGround> {
    const dir = await mkdtemp(join(tmpdir(), 'hive-fx-'));
    shareCompileCache(join(dir, 'data'));
    const ground = new EffectGround(dir, options);
    await ground.runtime.startService();
    return ground;
  }

  constructor(dir: string, options: Partial<RuntimeOptions>) {
    this.dir = dir;
    this.runtime = new Runtime({ ...groundOptions(this), ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.stopService();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Not yet ready when it returns. */
  begin(image: string, more: Partial<EffectOf<'start'>> = {}): Process {
    const { pid = asPid(7), incarnation = 1 } = more;
    const spec = { ...SPEC, image };
    const where = { parent: asPid(1), address: '/king/a', checkpoint: undefined };
    this.runtime.start({ do: 'start', spec, ...where, ...more, pid, incarnation });
    return new Process(this, { pid, incarnation });
  }

  async start(image: string, more: Partial<EffectOf<'start'>> = {}): Promise<Process> {
    const started = this.begin(image, more);
    await started.told('ready');
    return started;
  }
}

/** One incarnation, by the effects and facts that name it. */
export class Process {
  readonly pid: Pid;
  readonly incarnation: number;
  readonly #ground: EffectGround;

  constructor(ground: EffectGround, who: { pid: Pid; incarnation: number }) {
    this.#ground = ground;
    this.pid = who.pid;
    this.incarnation = who.incarnation;
  }

  pause(): void {
    this.#ground.runtime.pause({ do: 'pause', ...this.#who });
  }

  resume(): void {
    this.#ground.runtime.resume({ do: 'resume', ...this.#who });
  }

  stop(graceMs = 5_000): void {
    this.#ground.runtime.stop({ do: 'stop', ...this.#who, reason: 'normal', graceMs });
  }

  /** Resolves with the dump, as it is kept. */
  async dump(id = 1): Promise<{ kernel: unknown; agent: unknown }> {
    const { host, runtime } = this.#ground;
    const to = { channel: 'test', pid: this.pid, id };
    const known = JSON.stringify({ pid: this.pid });
    runtime.dump({ do: 'dump', ...this.#who, to, key: `dump/${id}`, known });
    const fact = await host.until(() =>
      host.facts.find((one) => one.fact === 'dumped' && one.to.id === id),
    );
    const { content, key } = fact as FactOf<'dumped'>;
    if (key !== `dump/${id}` || content.hash === undefined) throw new Error('not as it was asked');
    const text = Buffer.from(await host.bytes(content)).toString();
    return JSON.parse(text) as { kernel: unknown; agent: unknown };
  }

  /** The first fact of the kind about this incarnation, past ones included. */
  told<F extends Fact['fact']>(kind: F): Promise<FactOf<F>> {
    const { host } = this.#ground;
    return host.until(() => host.facts.find((fact) => this.#isOwn(fact, kind))) as Promise<
      FactOf<F>
    >;
  }

  /** The first line that it prints and that fits, past ones included. */
  async line(form: RegExp): Promise<string> {
    const { host } = this.#ground;
    return host.until(() => {
      for (const seen of host.observations) {
        const isOwn = seen.type === 'output' && seen.pid === this.pid;
        if (isOwn && form.test(seen.line)) return seen.line;
      }
      return undefined;
    });
  }

  async osPid(): Promise<number> {
    return (await this.told('started')).osPid;
  }

  get #who(): { pid: Pid; incarnation: number } {
    return { pid: this.pid, incarnation: this.incarnation };
  }

  #isOwn(fact: Fact, kind: Fact['fact']): boolean {
    if (fact.fact !== kind || !('pid' in fact) || fact.pid !== this.pid) return false;
    return !('incarnation' in fact) || fact.incarnation === this.incarnation;
  }
}

/** Resolves when the OS says so. T: it stands still; gone: it runs no more. */
export async function untilState(osPid: number, state: 'T' | 'runs' | 'gone'): Promise<void> {
  for (;;) {
    const stat = await readProcStat(osPid);
    const letter = stat?.state ?? 'X';
    const now = 'ZX'.includes(letter) ? 'gone' : letter === 'T' ? 'T' : 'runs';
    if (now === state) return;
    await delay(LOOK_MS);
  }
}

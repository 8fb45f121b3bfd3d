// The maid of this node, `maid@NODE`: an agent of the crew that looks after the health of the
// system. She is seen to once, at the end of the boot, and nothing waits for her or fails with her.
//   She is permanent: after a kernel that died she comes back by herself, and is left as she is.
//   One that was made for other settings, or from another place, is ended for a new one.
//   Where the setting says no she is ended; where no crew is installed, one line says so.
//   Whoever else has taken her name keeps it.

import { createRequire } from 'node:module';
import {
  KING_PID,
  type AnswerOf,
  type ArgsOf,
  type Call,
  type ProcessSpec,
  type SpawnOrder,
} from '@hivekernel/kernel';
import type { Config } from '../config/index.ts';
import type { JournaledKernel } from '../journal/journaled-kernel.ts';
import type { Ground } from './parts.ts';

const IMAGE_ENTRY = '@hivekernel/crew/maid';
const IMAGE_EXPORT = '#Maid';
const GRACE_MS = 2_000;
/** She keeps next to nothing: a small young generation, and a bound that shows where not. */
const NODE_OPTIONS = '--max-semi-space-size=1 --max-old-space-size=128';

type HerSpec = Pick<SpawnOrder, 'image' | 'env'>;

/** Does not throw, and does not wait. What comes of it is in the log. */
export function seeToMaid(ground: Ground, host: JournaledKernel): void {
  const { config, log } = ground;
  const keeper = new MaidKeeper({ host, channel: `maid:${ground.bootId}` });
  const name = `maid@${config.kernel.nodeName}`;
  keeper.settle(name, wantedSpec(config, log)).catch((error: unknown) => {
    log(`the maid: ${error instanceof Error ? error.message : String(error)}`);
  });
}

/** Undefined: there is to be none. */
function wantedSpec(config: Config, log: (line: string) => void): HerSpec | undefined {
  const { isEnabled, intervalMs } = config.daemon.maid;
  if (!isEnabled) return undefined;
  const image = imageOfMaid();
  if (image !== undefined) {
    return { image, env: { MAID_INTERVAL_MS: String(intervalMs), NODE_OPTIONS } };
  }
  log(`the maid: ${IMAGE_ENTRY} is not installed, so there is none`);
  return undefined;
}

function imageOfMaid(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(IMAGE_ENTRY) + IMAGE_EXPORT;
  } catch {
    return undefined;
  }
}

class MaidKeeper {
  readonly #host: JournaledKernel;
  readonly #channel: string;
  #calls = 0;

  constructor(options: { host: JournaledKernel; channel: string }) {
    this.#host = options.host;
    this.#channel = options.channel;
  }

  async settle(name: string, wanted: HerSpec | undefined): Promise<void> {
    const { table } = this.#host.kernel.state;
    const there = table.atAddress(`${table.king.address}/${name}`);
    if (there !== undefined) {
      if (!isMaid(there.spec) || (wanted !== undefined && isSame(there.spec, wanted))) return;
      const { pid } = there;
      await this.#call('kill', { pid, isRecursive: true, reason: 'normal', graceMs: GRACE_MS });
    }
    if (wanted !== undefined) await this.#call('spawn', { ...orderOf(name), ...wanted });
  }

  /** As the operator, for the king. */
  #call<N extends 'spawn' | 'kill'>(name: N, args: ArgsOf<N>): Promise<AnswerOf<N>> {
    this.#calls += 1;
    const ref = { channel: this.#channel, pid: KING_PID, id: this.#calls };
    const call = { name, args, ref, task: null, isOperator: true } as Call;
    return new Promise((resolve, reject) => {
      this.#host.call(call, (result) => {
        if (result.ok) resolve(result.value as AnswerOf<N>);
        else reject(result.error);
      });
    });
  }
}

const isMaid = ({ role, image }: ProcessSpec): boolean =>
  role === 'daemon' && image.endsWith(IMAGE_EXPORT);

function isSame(spec: ProcessSpec, wanted: HerSpec): boolean {
  const names = Object.keys(wanted.env);
  return spec.image === wanted.image && names.every((name) => spec.env[name] === wanted.env[name]);
}

function orderOf(name: string): Omit<SpawnOrder, keyof HerSpec> {
  return {
    name,
    role: 'daemon',
    tier: 'operational',
    model: '',
    user: '',
    systemPrompt: '',
    tools: [],
    cwd: '',
    initialTask: '',
    exitAfterTask: false,
    restart: 'permanent',
    strategy: undefined,
    limits: NO_LIMITS,
    watch: { wallMs: 0, idleMs: 0, firstTokenMs: 0 },
  };
}

/** P6: zero means left out. */
const NO_LIMITS: SpawnOrder['limits'] = {
  tokensPerHourMax: 0,
  contextTokensMax: 0,
  childrenMax: 0,
  concurrentTasksMax: 0,
  taskTimeoutMs: 0,
  tokensTotalMax: 0,
};

// The arguments of calls with everything filled in, so that a test names only what it is about.
// What is filled in is the plainest that the kernel takes; nothing here is a rule of it.

import {
  asPid,
  EMPTY_CONTENT,
  type ArgsOf,
  type Content,
  type LlmCallFact,
  type Pid,
  type ReserveOrder,
  type ResourceLimits,
  type SpawnOrder,
  type TaskResult,
  type TaskSpec,
  type WatchLimits,
} from '@hivekernel/kernel';

/** P6: zero means left out. */
export const NO_LIMITS: ResourceLimits = {
  tokensPerHourMax: 0,
  contextTokensMax: 0,
  childrenMax: 0,
  concurrentTasksMax: 0,
  taskTimeoutMs: 0,
  tokensTotalMax: 0,
};

export type SpawnWish = Partial<Omit<SpawnOrder, 'limits' | 'watch'>> & {
  readonly watch?: Partial<WatchLimits>;
  readonly limits?: Partial<ResourceLimits>;
};

/** A virtual tactical worker, unless the wish says otherwise. */
export function spawnOrder(wish: SpawnWish = {}): SpawnOrder {
  const { limits, watch, ...rest } = wish;
  return {
    name: 'worker',
    role: 'worker',
    tier: 'tactical',
    model: '',
    user: '',
    image: '',
    systemPrompt: '',
    tools: [],
    env: {},
    cwd: '',
    initialTask: '',
    exitAfterTask: false,
    restart: undefined,
    strategy: undefined,
    ...rest,
    watch: { wallMs: 0, idleMs: 0, firstTokenMs: 0, ...watch },
    limits: { ...NO_LIMITS, ...limits },
  };
}

export function textContent(text: string): Content {
  const bytes = Buffer.from(text, 'utf8');
  return { bytes: bytes.length, inline: bytes.toString('base64') };
}

/** Content of this size that lies in the content store. */
export const bulkContent = (bytes: number, hash = 'ab'.repeat(32)): Content => ({ bytes, hash });

export const textOf = (content: Content): string =>
  Buffer.from(content.inline ?? '', 'base64').toString('utf8');

export function messageOrder(wish: Partial<ArgsOf<'send'>> = {}): ArgsOf<'send'> {
  return {
    to: asPid(0),
    queue: '',
    type: 'note',
    priority: 3,
    content: textContent('hello'),
    requiresAck: false,
    ttlMs: 0,
    replyTo: '',
    ...wish,
  };
}

export function taskSpec(wish: Partial<TaskSpec> = {}): TaskSpec {
  return {
    description: 'do it',
    params: {},
    timeoutMs: 0,
    priority: 2,
    context: EMPTY_CONTENT,
    retriesMax: 0,
    ...wish,
  };
}

export function taskResult(wish: Partial<TaskResult> = {}): TaskResult {
  return { exitCode: 0, output: '', artifacts: {}, metadata: {}, ...wish };
}

export function artifactOrder(wish: Partial<ArgsOf<'store'>> = {}): ArgsOf<'store'> {
  return {
    key: 'report',
    content: textContent('content'),
    contentType: 'text/plain',
    visibility: 'private',
    ...wish,
  };
}

/** A tactical call of 100 tokens at most. */
export function reserveOrder(wish: Partial<ReserveOrder> = {}): ReserveOrder {
  return {
    tier: 'tactical',
    model: 'sonnet',
    provider: 'p',
    simulated: false,
    promptTokens: 70,
    completionTokensMax: 30,
    usdMicrosMax: 0,
    priority: 2,
    ...wish,
  };
}

/** A tactical call that used 100 tokens. */
export function modelCall(pid: Pid, wish: Partial<LlmCallFact> = {}): LlmCallFact {
  return {
    pid,
    tier: 'tactical',
    model: 'sonnet',
    provider: 'p',
    simulated: false,
    promptTokens: 70,
    completionTokens: 30,
    estimated: false,
    latencyMs: 5,
    outcome: 'ok',
    errorCode: '',
    ...wish,
  };
}

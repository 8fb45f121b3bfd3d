import { describe, expect, it } from 'vitest';
import { LIMITS } from '@hivekernel/kernel';
import type { Call, Content, KernelError, SyscallName } from '@hivekernel/kernel';
import { agent, core, link, make } from '@hivekernel/protocol';
import type { CallBody, CallCase, CallValue } from '@hivekernel/protocol';
import { toCall } from './calls.ts';

const MIB = 1024 ** 2;

function hostOf(taken: number[] = []) {
  const take = (bytes: Uint8Array): Content => {
    taken.push(bytes.length);
    return { bytes: bytes.length, inline: Buffer.from(bytes).toString('base64') };
  };
  return { content: take, hashedContent: (bytes: Uint8Array) => ({ ...take(bytes), hash: 'h' }) };
}

interface How {
  readonly pid?: number;
  readonly taskId?: string;
  readonly isOperator?: boolean;
  readonly taken?: number[];
}

function read(body: CallBody, how: How = {}): Call {
  const { pid = 7, taskId = '', isOperator = false, taken } = how;
  const origin = { host: hostOf(taken), channel: 'c', isOperator, termGraceMs: 5_000 };
  return toCall({ id: 3, pid, taskId, body }, origin);
}

function refusal(body: CallBody, how: How = {}): Pick<KernelError, 'code' | 'message'> {
  try {
    read(body, how);
  } catch (error) {
    return error as KernelError;
  }
  throw new Error('it was not refused');
}

const spawn = (wish: Partial<agent.SpawnRequest>): CallBody => ({
  $case: 'spawn',
  value: make(agent.SpawnRequest, { name: 'w', role: 5, cognitiveTier: 1, ...wish }),
});
const send = (wish: Partial<agent.SendMessageRequest>): CallBody => ({
  $case: 'send',
  value: make(agent.SendMessageRequest, { toPid: 9, priority: 2, ...wish }),
});
const executeOn = (wish: Partial<agent.TaskRequest>, targetPid = 9): CallBody => ({
  $case: 'executeOn',
  value: { targetPid, task: make(agent.TaskRequest, wish) },
});

const waitChild = (wish: Partial<agent.WaitChildRequest>): CallBody => ({
  $case: 'waitChild',
  value: make(agent.WaitChildRequest, { targetPid: 9, ...wish }),
});
const signal = (wish: Partial<link.SignalCall>): CallBody => ({
  $case: 'signal',
  value: make(link.SignalCall, { targetPid: 9, signal: 15, ...wish }),
});

describe('toCall()', () => {
  it('takes the caller and the channel from where the call came', () => {
    const call = read({ $case: 'usage', value: {} }, { taskId: 't12' });
    expect(call).toEqual({
      name: 'usage',
      args: {},
      ref: { channel: 'c', pid: 7, id: 3 },
      task: 12,
      isOperator: false,
    });
  });

  it('reads pid 0 as the king on an operator channel only', () => {
    const usage = { $case: 'usage', value: {} } as const;
    expect(read(usage, { pid: 0, isOperator: true }).ref.pid).toBe(1);
    expect(read(usage, { pid: 0 }).ref.pid).toBe(0);
  });

  it('refuses a task id that is none', () => {
    const refused = refusal({ $case: 'usage', value: {} }, { taskId: 'm12' });
    expect(refused).toMatchObject({ code: 'invalid_argument' });
    expect(refused.message).toContain('task_id "m12"');
  });

  it.each(['kernelStatus', 'followEvents', 'stopKernel'] as const)(
    'refuses %s, which is no syscall',
    ($case) => {
      const refused = refusal({ $case, value: {} } as CallBody);
      expect(refused).toMatchObject({ code: 'permission_denied' });
      expect(refused.message).toContain('denied');
    },
  );

  it('turns seconds into milliseconds, and a missing grace into the setting', () => {
    const kill = (gracePeriodSeconds: number) =>
      read({
        $case: 'kill',
        value: make(agent.KillRequest, { targetPid: 9, gracePeriodSeconds }),
      }).args;
    expect(kill(2)).toMatchObject({ graceMs: 2_000 });
    expect(kill(0)).toMatchObject({ graceMs: 5_000 });
  });

  it('bounds a grace to an hour: a timer takes no more than 2^31 ms', () => {
    const kill = (gracePeriodSeconds: number) =>
      read({
        $case: 'kill',
        value: make(agent.KillRequest, { targetPid: 9, gracePeriodSeconds }),
      }).args;
    expect(kill(3_600)).toMatchObject({ graceMs: 3_600_000 });
    expect(kill(3_601)).toMatchObject({ graceMs: 3_600_000 });
    expect(kill(2 ** 32 - 1)).toMatchObject({ graceMs: 3_600_000 });
    expect(read(executeOn({ timeoutSeconds: 3 })).args).toMatchObject({
      spec: { timeoutMs: 3_000 },
    });
  });

  it('reads a wait of 0 or less as the kernel default', () => {
    const wait = (timeoutSeconds: number) => read(waitChild({ timeoutSeconds })).args;
    expect(wait(-5)).toMatchObject({ timeoutMs: 0, isPeek: false });
    expect(wait(2)).toMatchObject({ timeoutMs: 2_000 });
    expect(read(waitChild({ peek: true })).args).toMatchObject({ isPeek: true });
  });

  it('reads progress beyond 0 to 100 as unknown', () => {
    const percent = (value: number) =>
      read({ $case: 'progress', value: { message: '', percent: value, quietMs: 0 } }).args;
    expect([40, -1, 400, NaN].map(percent)).toMatchObject([
      { percent: 40 },
      { percent: -1 },
      { percent: -1 },
      { percent: -1 },
    ]);
  });

  it('names the call of the same channel and caller that a cancel means', () => {
    const args = read({ $case: 'cancel', value: { callId: 2 } }).args;
    expect(args).toEqual({ call: { channel: 'c', pid: 7, id: 2 } });
  });

  it('reads a store: the version demanded, which may be 0, and where it goes (M12)', () => {
    const args = (wish: Partial<agent.StoreArtifactRequest>) =>
      read({ $case: 'store', value: make(agent.StoreArtifactRequest, wish) }).args;
    expect(args({ key: 'k' })).toMatchObject({
      ...{ ifVersion: undefined, artifact: undefined, isFrozen: false, trace: '' },
    });
    expect(args({ artifactId: 'a5', ifVersion: 0, frozen: true, traceId: 'tr' })).toMatchObject({
      ...{ key: '', ifVersion: 0, artifact: 5, isFrozen: true, trace: 'tr' },
    });
  });

  it('takes the trace of an artifact from small JSON that names one (PROTOCOL §3)', () => {
    const traceOf = (text: string, traceId = '') => {
      const value = make(agent.StoreArtifactRequest, { content: Buffer.from(text), traceId });
      return read({ $case: 'store', value }).args;
    };
    expect(traceOf('{"trace_id":"x"}')).toMatchObject({ trace: 'x' });
    expect(traceOf('{"trace_id":"x"}', 'given')).toMatchObject({ trace: 'given' });
    for (const text of ['{"trace_id":7}', '{"trace_id"', `{"trace_id":"x"}${' '.repeat(5_000)}`]) {
      expect(traceOf(text)).toMatchObject({ trace: '' });
    }
  });

  it('lets go of the content of a store once it is taken', () => {
    const value = make(agent.StoreArtifactRequest, { key: 'k', content: Buffer.alloc(9) });
    expect(read({ $case: 'store', value }).args).toMatchObject({ content: { bytes: 9 } });
    expect(value.content).toHaveLength(0);
  });

  it('lets the key of an artifact beat its id', () => {
    const by = (wish: Partial<agent.GetArtifactRequest>) =>
      read({ $case: 'getArtifact', value: make(agent.GetArtifactRequest, wish) }).args;
    expect(by({ key: 'k', artifactId: 'nonsense' })).toMatchObject({ by: { key: 'k' } });
    expect(by({ artifactId: 'a5' })).toMatchObject({ by: { artifact: 5 } });
  });
});

/** Everything that they can say: name, what came, what the kernel is asked. */
const SUPERVISION: readonly (readonly [SyscallName, CallBody, object])[] = [
  [
    'signal',
    signal({ signal: 18, recursive: true, reason: 'r', gracePeriodSeconds: 2 }),
    { pid: 9, signal: 'CONT', isRecursive: true, reason: 'r', graceMs: 2_000 },
  ],
  [
    'signal',
    signal({ targetPid: 0 }),
    { pid: 0, signal: 'TERM', isRecursive: false, reason: '', graceMs: 5_000 },
  ],
  [
    'restart',
    of('restart', { targetPid: 9, reason: 'r', gracePeriodSeconds: 3 }),
    { pid: 9, reason: 'r', graceMs: 3_000 },
  ],
  ['restart', of('restart', make(link.RestartCall, {})), { pid: 0, reason: '', graceMs: 5_000 }],
  ['sleep', of('sleep', { targetPid: 0 }), { pid: 0 }],
  ['wake', of('wake', { targetPid: 9 }), { pid: 9 }],
  ['exit', of('exit', { exitCode: 3, output: 'o', pid: 9 }), { pid: 9, exitCode: 3, output: 'o' }],
  [
    'collapse',
    of('collapse', { targetPid: 9, reason: 4, gracePeriodSeconds: 3_601 }),
    { pid: 9, reason: 'user_request', graceMs: 3_600_000 },
  ],
  ['pending_results', of('pendingResults', { targetPid: 0 }), { pid: 0 }],
  ['reparent', of('reparent', { targetPid: 9, parentPid: 8 }), { pid: 9, parent: 8 }],
  ['ancestors', of('ancestors', { targetPid: 9 }), { pid: 9 }],
  ['common_ancestor', of('commonAncestor', { targetPid: 0, otherPid: 8 }), { pid: 0, other: 8 }],
  ['subtree_nodes', of('subtreeNodes', { targetPid: 9 }), { pid: 9 }],
  ['remove', of('remove', { targetPid: 9 }), { pid: 9 }],
];

describe('toCall() on supervision', () => {
  it.each(SUPERVISION)('reads %s', (name, body, args) => {
    const call = read(body);
    expect([call.name, call.args]).toEqual([name, args]);
  });

  it('keeps the state of a checkpoint as content, whatever its size up to 8 MiB', () => {
    const taken: number[] = [];
    const call = read(checkpoint(8 * MIB), { taken });
    expect([call.name, taken]).toEqual(['checkpoint', [8 * MIB]]);
    expect(call.args).toMatchObject({ content: { bytes: 8 * MIB } });
  });

  it('takes up to 100 tries of a task, and a silence of up to a day', () => {
    expect(read(executeOn({ retriesMax: 100 })).args).toMatchObject({ spec: { retriesMax: 100 } });
    expect(read(executeTask(1, 3)).args).toMatchObject({ spec: { retriesMax: 3 } });
    expect(read(executeTask(1)).args).toMatchObject({ spec: { retriesMax: 0 } });
    expect(read(progress(86_400_000)).args).toMatchObject({ quietMs: 86_400_000 });
  });
});

describe('toCall() on what to run', () => {
  it.each([
    ['nothing, whatever the type', { runtimeType: 2 }, ''],
    ['our runtime by its number', { runtimeType: 100, runtimeImage: './a.ts' }, './a.ts'],
    ['our runtime by the #', { runtimeType: 0, runtimeImage: './a.ts#A' }, './a.ts#A'],
  ] as const)('takes %s', (_, wish, image) => {
    expect(read(spawn(wish)).args).toMatchObject({ image });
  });

  it.each([
    [{ runtimeType: 0, runtimeImage: 'mod:Class' }, 'unimplemented'],
    [{ runtimeType: 1, runtimeImage: 'x#y' }, 'unimplemented'],
    [{ runtimeType: 2, runtimeImage: './run.sh' }, 'unimplemented'],
    [{ runtimeType: 3 as never, runtimeImage: '' }, 'invalid_argument'],
  ] as const)('refuses %o', (wish, code) => {
    expect(refusal(spawn(wish))).toMatchObject({ code });
  });
});

const LONG = 'x'.repeat(LIMITS.textBytesMax + 1);
const WIDE = '\u20ac'.repeat(Math.ceil(LIMITS.textBytesMax / 3) + 1);
const MANY = Object.fromEntries(
  Array.from({ length: LIMITS.mapEntriesMax + 1 }, (_, i) => [`k${i}`, '']),
);
const HUGE = 2 ** 53;

const REFUSED: readonly (readonly [string, CallBody, string, string])[] = [
  ['a role beyond the table', spawn({ role: 7 as never }), 'invalid_argument', 'role'],
  ['a tier beyond it', spawn({ cognitiveTier: 3 as never }), 'invalid_argument', 'cognitive_tier'],
  ['a prompt over 1 MiB', spawn({ systemPrompt: LONG }), 'too_large', 'system_prompt'],
  ['a prompt over 1 MiB in UTF-8', spawn({ systemPrompt: WIDE }), 'too_large', 'system_prompt'],
  ['too many variables', spawn({ env: MANY }), 'invalid_argument', 'env'],
  ['variables over 1 MiB', spawn({ env: { a: LONG } }), 'too_large', 'env'],
  ['a tool name too long', spawn({ tools: ['x'.repeat(200)] }), 'invalid_argument', 'tools'],
  ['a zero in a path', spawn({ cwd: '/tmp/\0x' }), 'invalid_argument', 'cwd'],
  ['a schedule', spawn({ schedule: { cron: '', keepAlive: true } }), 'unimplemented', 'Schedules'],
  [
    'a limit beyond 2^53',
    spawn({ limits: make(agent.ResourceLimits, { maxTokensPerHour: HUGE }) }),
    'invalid_argument',
    'max_tokens_per_hour',
  ],
  ['nobody to kill', kill(0), 'invalid_argument', 'target_pid'],
  ['an unknown reason', kill(9, 17), 'invalid_argument', 'reason'],
  ['nobody to wait for', waitChild({ targetPid: 0 }), 'invalid_argument', 'target_pid'],
  ['nobody to write to', send({ toPid: 0 }), 'invalid_argument', 'to_pid'],
  ['a payload over 1 MiB', send({ payload: new Uint8Array(MIB + 1) }), 'too_large', 'payload'],
  ['a priority beyond the table', send({ priority: 9 as never }), 'invalid_argument', 'priority'],
  ['a type too long', send({ type: 'x'.repeat(200) }), 'invalid_argument', 'type'],
  [
    'no task',
    { $case: 'executeOn', value: { targetPid: 9, task: undefined } },
    'invalid_argument',
    'task',
  ],
  ['a context over 1 MiB', executeOn({ context: new Uint8Array(MIB + 1) }), 'too_large', 'context'],
  ['nobody to run it', executeOn({}, 0), 'invalid_argument', 'target_pid'],
  ['a negative time', executeTask(-1), 'invalid_argument', 'timeout_seconds'],
  ['too many tries', executeOn({ retriesMax: 101 }), 'invalid_argument', 'retries_max 101'],
  ['too many tries of a person', executeTask(1, 101), 'invalid_argument', 'retries_max 101'],
  ['a silence over a day', progress(86_400_001), 'invalid_argument', 'quiet_ms 86400001'],
  ['no signal', signal({ signal: 0 }), 'invalid_argument', 'signal 0 is not known'],
  ['a signal of no name', signal({ signal: 3 as never }), 'invalid_argument', '15 TERM'],
  ['a reason over 1,000 characters', signal({ reason: LONG }), 'invalid_argument', 'reason'],
  ['nobody to wake', of('wake', { targetPid: 0 }), 'invalid_argument', 'target_pid'],
  ['nobody to remove', of('remove', { targetPid: 0 }), 'invalid_argument', 'target_pid'],
  ['nobody to move', of('reparent', { targetPid: 0, parentPid: 8 }), 'invalid_argument', 'target'],
  ['no new parent', of('reparent', { targetPid: 9, parentPid: 0 }), 'invalid_argument', 'parent'],
  ['nobody else', of('commonAncestor', { targetPid: 9, otherPid: 0 }), 'invalid_argument', 'other'],
  ['a state over 8 MiB', checkpoint(8 * MIB + 1), 'too_large', 'state'],
  ['an unknown reason of an end', collapse(9), 'invalid_argument', 'reason'],
  ['no artifact', get({}), 'invalid_argument', 'key'],
  ['no id of an artifact', get({ artifactId: 't5' }), 'invalid_argument', 'artifact_id'],
  [
    'an id of an artifact to write to that is none',
    storeAt('t5'),
    'invalid_argument',
    'artifact_id',
  ],
  ['an artifact over 16 MiB', store(16 * MIB + 1), 'too_large', 'content'],
  ['an unknown visibility', store(1, 4), 'invalid_argument', 'visibility'],
  ['a metric that is no number', metric(Infinity), 'invalid_argument', 'value'],
  ['an unknown severity', escalate(4), 'invalid_argument', 'severity'],
];

describe('toCall() on what cannot be', () => {
  it.each(REFUSED)('refuses %s before any content is made', (_, body, code, field) => {
    const taken: number[] = [];
    const refused = refusal(body, { taken });
    expect(refused).toMatchObject({ code });
    expect(refused.message).toContain(field);
    expect(taken).toEqual([]);
  });
});

function kill(targetPid: number, reason = 0): CallBody {
  return { $case: 'kill', value: make(agent.KillRequest, { targetPid, reason: reason as never }) };
}
function of<C extends CallCase>($case: C, value: CallValue<C>): CallBody {
  return { $case, value } as unknown as CallBody;
}
function progress(quietMs: number): CallBody {
  return of('progress', { message: '', percent: 0, quietMs });
}
function checkpoint(bytes: number): CallBody {
  return of('checkpoint', { state: new Uint8Array(bytes) });
}
function collapse(reason: number): CallBody {
  return of('collapse', make(link.CollapseCall, { reason: reason as never }));
}
function executeTask(timeoutSeconds: number, retriesMax = 0): CallBody {
  const value = make(core.ExecuteTaskRequest, { targetPid: 9, timeoutSeconds, retriesMax });
  return { $case: 'executeTask', value };
}
function storeAt(artifactId: string): CallBody {
  return { $case: 'store', value: make(agent.StoreArtifactRequest, { artifactId }) };
}

function get(wish: Partial<agent.GetArtifactRequest>): CallBody {
  return { $case: 'getArtifact', value: make(agent.GetArtifactRequest, wish) };
}
function store(bytes: number, visibility = 0): CallBody {
  const content = new Uint8Array(bytes);
  const wish = { key: 'k', content, visibility: visibility as never };
  return { $case: 'store', value: make(agent.StoreArtifactRequest, wish) };
}
function metric(value: number): CallBody {
  return { $case: 'metric', value: make(core.MetricRequest, { name: 'm', value }) };
}
function escalate(severity: number): CallBody {
  const wish = { issue: 'i', severity: severity as never };
  return { $case: 'escalate', value: make(agent.EscalateRequest, wish) };
}

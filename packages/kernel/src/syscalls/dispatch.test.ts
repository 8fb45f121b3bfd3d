import {
  artifactOrder,
  messageOrder,
  reserveOrder,
  spawnOrder,
  taskSpec,
  testKernel,
  textContent,
} from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { AssertionError } from '../errors.ts';
import { asMessageId, asPid } from '../ids.ts';
import type { ArgsOf, Call, SyscallName } from './abi.ts';
import { SYSCALLS } from './table.ts';

describe('dispatch', () => {
  it('knows no caller that is unknown, dead or a zombie', () => {
    const t = testKernel();
    const dead = t.spawn();
    const zombie = t.spawn({ image: 'hold' });
    t.call('kill', { pid: dead, isRecursive: false, reason: 'normal', graceMs: 0 });
    t.runtime.exits(zombie);
    t.pass();
    for (const pid of [asPid(99), dead, zombie]) {
      expect(t.call('usage', {}, { pid }).refusal.code).toBe('unauthenticated');
    }
  });

  it('serves a process that starts or stops (calls during Init, PROTOCOL §2)', () => {
    const t = testKernel();
    t.call('spawn', spawnOrder({ image: 'starting', role: 'lead' }));
    const starting = asPid(2);
    expect(t.call('usage', {}, { pid: starting }).result?.ok).toBe(true);
    expect(t.spawn({}, { pid: starting })).toBe(3);
    const stubborn = t.spawn({ image: 'stubborn' });
    t.call('kill', { pid: stubborn, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(t.call('store', artifactOrder(), { pid: stubborn }).result?.ok).toBe(true);
  });

  it('takes what is no refusal for a fault of its own', () => {
    const t = testKernel();
    const broken = { name: 'send', args: undefined, task: null, isOperator: true };
    const ref = { channel: 'c', pid: asPid(1), id: 1 };
    const call = { ...broken, ref } as unknown as Call;
    expect(() => t.kernel.dispatch(call, t.time.now())).toThrow(AssertionError);
  });

  it('lets a child spawned by an operator who acts for a process be that process’s', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', user: 'leo' });
    const pid = t.spawn({}, { pid: lead, isOperator: true });
    expect(t.view(pid)).toMatchObject({ ppid: lead, user: 'leo' });
    const denied = t.call('spawn', spawnOrder({ user: 'root' }), { pid: lead, isOperator: true });
    expect(denied.refusal.code).toBe('permission_denied');
  });
});

describe('the gate of a reply (DESIGN §3)', () => {
  it('of a write is its own events', () => {
    const t = testKernel();
    const virtual = t.spawn();
    const ticket = t.hold('send', messageOrder({ to: virtual }));
    expect(ticket.gate).toBe(t.kernel.state.log.lastSeq);
    t.pass();
  });

  it('of a read of what one changed oneself is none, of what others changed their event', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const other = t.spawn({ role: 'lead' });
    const stored = t.call('store', artifactOrder({ visibility: 'user' }), { pid: lead }).value;
    const get = { by: { key: 'report' }, version: 0 };
    expect(t.call('get_artifact', get, { pid: lead }).gate).toBe(0);
    expect(t.call('get_artifact', get, { pid: other }).gate).toBe(stored.version.seq);
    const list = { prefix: '', storedBy: undefined };
    expect(t.call('list_artifacts', list, { pid: lead }).gate).toBe(0);
    expect(t.call('list_artifacts', list, { pid: other }).gate).toBe(stored.version.seq);
    t.call('metric', { name: 'tokens_consumed', value: 1, labels: {} }, { pid: lead });
    expect(t.call('info', { pid: lead }, { pid: lead }).gate).toBe(0);
    expect(t.call('info', { pid: lead }, { pid: other }).gate).toBe(t.events.at(-1)?.seq);
    expect(t.call('list_siblings', {}, { pid: other }).gate).toBe(t.events.at(-1)?.seq);
    const sent = t.call('send', messageOrder({ to: other }), { pid: lead }).value.message;
    expect(t.call('list_inbox', { pid: other }, { pid: other }).gate).toBe(sent);
    expect(t.call('list_inbox', { pid: other }, { pid: lead }).gate).toBe(0);
  });

  it('of an operator is always that of a stranger', () => {
    const t = testKernel();
    const pid = t.spawn();
    const { changedSeq } = t.kernel.state.table.require(pid);
    expect(t.call('info', { pid }).gate).toBe(changedSeq);
    const stored = t.call('store', artifactOrder()).value.version.seq;
    expect(t.call('get_artifact', { by: { key: 'report' }, version: 0 }).gate).toBe(stored);
  });

  it('of log is none: it leaves at once; its event is written', () => {
    const t = testKernel();
    const pid = t.spawn();
    const line = { level: 'warn', message: 'careful', fields: { a: 'b' } } as const;
    const ticket = t.hold('log', line, { pid });
    expect(ticket.gate).toBe(0);
    t.pass();
    expect(t.eventsOf('log.written').at(-1)).toMatchObject({ by: pid, body: { pid, ...line } });
  });

  it('of a refusal is what was written of it', () => {
    const t = testKernel();
    const ticket = t.hold('info', { pid: asPid(99) });
    expect(ticket.gate).toBe(t.kernel.state.log.lastSeq);
    t.pass();
    expect(t.events.at(-1)?.kind).toBe('syscall.refused');
  });
});

describe('low storage', () => {
  const self = asPid(0);
  const issue = { issue: 'i', severity: 'info', context: {}, autoPropagate: true } as const;
  const call = { channel: 'test', pid: asPid(2), id: 1 };
  const PIPE = { peer: asPid(9), name: '' };
  const INBOX = {
    from: { source: 'inbox' },
    type: '',
    leastUrgent: 3,
    isAcknowledged: false,
  } as const;
  const ACCEPTED = { status: 'accepted', reply: undefined } as const;
  /** What each call does to storage, and arguments that reach as far as that. */
  const CALLS: { readonly [N in SyscallName]: ['grow' | 'write' | 'read', ArgsOf<N>] } = {
    spawn: ['grow', spawnOrder()],
    kill: ['write', { pid: asPid(9), isRecursive: false, reason: 'normal', graceMs: 0 }],
    exit: ['write', { exitCode: 0, output: '' }],
    wait_child: ['write', { pid: asPid(9), timeoutMs: 1 }],
    signal: [
      'write',
      { pid: asPid(9), signal: 'STOP', isRecursive: false, reason: '', graceMs: 0 },
    ],
    restart: ['write', { pid: asPid(9), reason: '', graceMs: 0 }],
    sleep: ['write', { pid: asPid(9) }],
    wake: ['write', { pid: asPid(9) }],
    checkpoint: ['grow', { content: textContent('c') }],
    collapse: ['write', { pid: asPid(9), reason: 'normal', graceMs: 0 }],
    pending_results: ['read', { pid: asPid(9) }],
    reparent: ['write', { pid: asPid(9), parent: self }],
    ancestors: ['read', { pid: asPid(9) }],
    common_ancestor: ['read', { pid: asPid(9), other: self }],
    subtree_nodes: ['read', { pid: asPid(9) }],
    remove: ['write', { pid: asPid(9) }],
    cancel: ['write', { call }],
    subscribe: ['write', INBOX],
    take: ['write', { subscription: 9, max: 1, timeoutMs: 1, accepted: [] }],
    unsubscribe: ['write', { subscription: 9, returned: [] }],
    list_queues: ['read', { prefix: '' }],
    publish: ['grow', { topic: 'news', type: 't', content: textContent('c'), isTransient: false }],
    list_topics: ['read', { pattern: '' }],
    clear_topic: ['write', { topic: 'news' }],
    forget_cursor: ['write', { name: 'c' }],
    grant: ['write', { pid: asPid(9), capability: 'broadcast' }],
    revoke: ['write', { pid: asPid(9), capability: 'broadcast' }],
    list_capabilities: ['read', { pid: asPid(9) }],
    open_pipe: ['read', PIPE],
    write_pipe: ['read', { ...PIPE, chunk: new Uint8Array(1), isPatient: false }],
    read_pipe: ['read', { ...PIPE, max: 1, timeoutMs: 1 }],
    close_pipe: ['read', { ...PIPE, isBoth: true }],
    info: ['read', { pid: asPid(9) }],
    list_children: ['read', { isRecursive: true, state: undefined }],
    list_siblings: ['read', {}],
    list_processes: ['read', { root: self, includeDead: true }],
    send: ['grow', messageOrder()],
    requeue: ['grow', { pid: self, message: asMessageId(9) }],
    drop_letter: ['write', { pid: self, message: asMessageId(9) }],
    acknowledge: ['write', { pid: self, message: asMessageId(9), ...ACCEPTED }],
    list_inbox: ['read', { pid: self }],
    store: ['grow', artifactOrder()],
    get_artifact: ['read', { by: { key: 'k' }, version: 0 }],
    list_artifacts: ['read', { prefix: '', storedBy: undefined }],
    artifact_versions: ['read', { by: { key: 'k' } }],
    freeze_artifact: ['write', { by: { key: 'k' }, ifVersion: undefined }],
    delete_artifact: ['write', { by: { key: 'k' }, ifVersion: undefined }],
    execute_on: ['grow', { pid: self, spec: taskSpec() }],
    execute_task: ['grow', { pid: self, spec: taskSpec() }],
    interrupt: ['write', { pid: self, task: undefined, reason: '' }],
    progress: ['read', { message: 'm', percent: 1 }],
    log: ['grow', { level: 'info', message: 'm', fields: {} }],
    metric: ['grow', { name: 'n', value: 1, labels: {} }],
    escalate: ['grow', issue],
    usage: ['read', {}],
    reserve: ['grow', reserveOrder()],
    request_resources: ['grow', { what: 'tokens', amount: 1, note: '' }],
    raise_budget: ['write', { pid: asPid(9), purse: undefined, change: { by: 1 }, note: '' }],
    freeze_budget: ['write', { pid: asPid(9), isFrozen: true, note: '' }],
    list_budgets: ['read', { root: self }],
  };

  it.each(Object.keys(CALLS) as SyscallName[])('meets %s as the table says', (name) => {
    const t = testKernel();
    const pid = t.spawn({ role: 'lead' });
    t.kernel.isStorageLow = true;
    const [does, args] = CALLS[name];
    expect(SYSCALLS[name].does).toBe(does);
    const before = t.events.length;
    const { result } = t.call(name, args, { pid });
    const code = result?.ok === false && 'code' in result.error ? result.error.code : 'none';
    expect(code === 'storage_full').toBe(does === 'grow');
    if (does === 'grow' || code !== 'none') expect(t.events).toHaveLength(before);
  });

  it('writes no refusal, and no summary of earlier ones until there is room again (A4)', () => {
    const t = testKernel();
    const pid = t.spawn();
    const asks = (): unknown => t.call('info', { pid: asPid(99) }, { pid });
    for (let i = 0; i < 3; i += 1) asks();
    t.kernel.isStorageLow = true;
    const before = t.events.length;
    for (let i = 0; i < 3; i += 1) asks();
    expect(t.kernel.nextDeadline).toBeUndefined();
    t.advanceMs(5_000);
    expect(t.events).toHaveLength(before);
    t.kernel.isStorageLow = false;
    t.advanceMs(1);
    expect(t.eventsOf('syscall.refused').map(({ body }) => body.count)).toEqual([1, 2]);
  });

  it('refuses what grows it, and nothing else (DESIGN §3)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const child = t.spawn({ image: 'hold' }, { pid: lead });
    t.kernel.isStorageLow = true;
    const from = { pid: lead };
    const before = t.events.length;
    const refused = [
      t.call('spawn', spawnOrder(), from),
      t.call('send', messageOrder({ to: child }), from),
      t.call('store', artifactOrder(), from),
      t.call('execute_on', { pid: child, spec: taskSpec() }, from),
      t.call('log', { level: 'info', message: 'm', fields: {} }, from),
    ];
    for (const ticket of refused) {
      expect(ticket.refusal.code).toBe('storage_full');
      expect(ticket.gate).toBe(0);
    }
    expect(t.events).toHaveLength(before);
    t.call('kill', { pid: child, isRecursive: false, reason: 'normal', graceMs: 0 }, from);
    const wait = t.call('wait_child', { pid: child, timeoutMs: 0 }, from);
    expect(wait.value.cause).toBe('killed');
    expect(t.call('exit', { exitCode: 0, output: '' }, from).result?.ok).toBe(true);
    t.kernel.isStorageLow = false;
    expect(t.spawn()).toBe(child + 1);
  });
});

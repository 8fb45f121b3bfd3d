import { artifactOrder, messageOrder, spawnOrder, testKernel } from '@hivekernel/testkit';
import type { Caller, TestKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, type Pid } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const MINUTE_MS = 60_000;
const KILL = { isRecursive: false, reason: 'normal', graceMs: 1_000 } as const;
const RESTART = { reason: '', graceMs: 1_000 } as const;
const BORN = spawnOrder({ role: 'daemon', image: 'starting', restart: 'permanent' });

/** It crashes and is started again, so often. */
function crashes(t: TestKernel, pid: Pid, times = 1): void {
  for (let i = 0; i < times; i += 1) {
    t.ends(pid);
    t.advanceMs(16_000);
  }
}

describe('exit', () => {
  it.each([
    ['itself', true],
    ['its parent, as its executor', true],
    ['the operator', true],
    ['its grandparent', false],
    ['its child', false],
    ['a sibling', false],
  ] as const)('with a result by %s: %s (S8)', (who, isAllowed) => {
    const t = testKernel();
    const top = t.spawn({ role: 'daemon', image: 'hold' });
    const parent = t.spawn({ role: 'worker', image: 'hold' }, { pid: top });
    const pid = t.spawn({ role: 'worker', image: 'hold' }, { pid: parent });
    const sibling = t.spawn({ role: 'worker', image: 'hold' }, { pid: parent });
    const child = t.spawn({ role: 'worker', image: 'hold' }, { pid });
    const callers: Readonly<Record<typeof who, Caller>> = {
      itself: { pid },
      'its parent, as its executor': { pid: parent },
      'the operator': {},
      'its grandparent': { pid: top },
      'its child': { pid: child },
      'a sibling': { pid: sibling },
    };
    const ticket = t.call('exit', { pid, exitCode: 3, output: 'parsed' }, callers[who]);
    if (!isAllowed) {
      expect(ticket.refusal.code).toBe('permission_denied');
      expect(t.view(pid).state).toBe('idle');
      return;
    }
    expect(ticket.value).toEqual({});
    expect(t.view(pid)).toMatchObject({
      // By itself with another code than 0: its parent decides (S2). Completed by others: the end.
      ...{ state: 'zombie', isGone: who !== 'itself' },
      exit: { exitCode: 3, cause: 'done', output: 'parsed' },
    });
    const chld = { signal: 'CHLD', pid, exitCode: 3, output: 'parsed' };
    expect(t.signalsTo(parent)).toMatchObject([chld]);
  });

  it('by the executor stops the runtime in the usual grace, and fails its tasks (S8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ image: 'stubborn' }, { pid: lead });
    t.call('exit', { pid, exitCode: 0, output: 'done for it' }, { pid: lead });
    expect(t.runtime.agent(pid).stops).toMatchObject([{ reason: 'normal', graceMs: 5_000 }]);
    expect(t.view(pid)).toMatchObject({ state: 'stopping', phase: '' });
    // The first word counts.
    expect(t.call('exit', { exitCode: 1, output: 'no' }, { pid }).value).toEqual({});
    t.ends(pid, { exitCode: 1, cause: 'crashed' });
    expect(t.view(pid).exit).toMatchObject({ exitCode: 0, output: 'done for it' });
  });

  it('of a virtual process is at once (S8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const pid = t.spawn({}, { pid: lead });
    t.call('exit', { pid, exitCode: 0, output: 'o' }, { pid: lead });
    const result = t.call('wait_child', { pid, timeoutMs: 1 }, { pid: lead }).value;
    expect(result).toMatchObject({ exitCode: 0, output: 'o', cause: 'done' });
  });

  it('counts while it is restarted or stopped for another reason than a kill (S8)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn', restart: 'transient' });
    const restart = t.call('restart', { pid, ...RESTART });
    t.call('exit', { exitCode: 0, output: 'finished' }, { pid });
    t.ends(pid, { cause: 'killed' });
    expect(t.view(pid)).toMatchObject({ state: 'zombie', exit: { output: 'finished' } });
    expect(restart.refusal.code).toBe('cancelled');
  });

  it('by the executor refuses who waits for a restart or for sleep of it (S5, S7)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const asked = [
      (pid: Pid) => t.call('restart', { pid, ...RESTART }),
      (pid: Pid) => t.call('sleep', { pid }),
    ].map((ask) => {
      const pid = t.spawn({ image: 'stubborn', restart: 'permanent' }, { pid: lead });
      const ticket = ask(pid);
      t.call('exit', { pid, exitCode: 0, output: 'enough' }, { pid: lead });
      t.ends(pid, { cause: 'killed' });
      expect(t.view(pid)).toMatchObject({ state: 'zombie', exit: { output: 'enough' } });
      return ticket.refusal.code;
    });
    expect(asked).toEqual(['cancelled', 'cancelled']);
  });

  it('comes too late once it is killed (P8)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn' });
    t.call('kill', { pid, ...KILL });
    expect(t.call('exit', { exitCode: 0, output: 'wait' }, { pid }).value).toEqual({});
    t.ends(pid, { cause: 'killed' });
    expect(t.view(pid)).toMatchObject({ state: 'dead', exit: { exitCode: -1 } });
  });

  it('is refused for the king, for who has ended, and for who is unknown (P2, S8)', () => {
    const t = testKernel();
    const zombie = t.spawn({ image: 'hold' });
    t.ends(zombie);
    const by = (pid: Pid) => t.call('exit', { pid, exitCode: 0, output: '' }).refusal.code;
    expect(by(asPid(0))).toBe('permission_denied');
    expect(by(asPid(1))).toBe('permission_denied');
    expect(by(zombie)).toBe('wrong_state');
    expect(by(asPid(99))).toBe('not_found');
  });
});

describe('restart', () => {
  it('stops a live one first, in its grace, and answers when it is ready again (S5)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'stubborn', restart: 'temporary' });
    const ticket = t.call('restart', { pid, reason: 'new settings', graceMs: 700 });
    expect(t.runtime.agent(pid).stops).toMatchObject([{ reason: 'user_request', graceMs: 700 }]);
    expect(t.view(pid)).toMatchObject({ state: 'stopping', phase: 'restarting' });
    t.runtime.behaves(pid, { start: 'starts' });
    t.ends(pid, { cause: 'killed' });
    expect(t.view(pid)).toMatchObject({
      ...{ state: 'starting', restartsInRow: 0 },
      exit: { cause: 'restarted', detail: 'new settings' },
    });
    expect(ticket.isAnswered).toBe(false);
    t.runtime.ready(pid);
    t.pass();
    expect(ticket.value).toEqual({});
    expect(t.view(pid)).toMatchObject({ state: 'idle', restarts: 1 });
  });

  it('cuts a backoff short (S5)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'transient' });
    crashes(t, pid, 4);
    t.ends(pid);
    expect(t.call('restart', { pid, ...RESTART }).value).toEqual({});
    expect(t.view(pid)).toMatchObject({ state: 'idle', restartsInRow: 5 });
    t.advanceMs(MINUTE_MS);
    expect(t.startsOf(pid)).toHaveLength(6);
  });

  it('answers every one of several, once (S5)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'notify' });
    t.runtime.behaves(pid, { start: 'starts' });
    t.ends(pid);
    const first = t.call('restart', { pid, ...RESTART });
    const second = t.call('restart', { pid, ...RESTART });
    expect(t.startsOf(pid)).toHaveLength(3);
    t.runtime.ready(pid);
    t.pass();
    expect(second.value).toEqual({});
    expect(first.refusal.code).toBe('cancelled');
    expect(t.unanswered).toEqual([]);
  });

  it('is refused when its start fails and it does not come back', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'notify' });
    t.runtime.behaves(pid, { start: 'fails' });
    t.ends(pid);
    const ticket = t.call('restart', { pid, ...RESTART });
    expect(ticket.refusal.code).toBe('cancelled');
    expect(t.view(pid)).toMatchObject({ state: 'zombie', isGone: false });
    // The word may be given again.
    t.runtime.behaves(pid, { start: 'ready' });
    expect(t.call('restart', { pid, ...RESTART }).value).toEqual({});
  });

  it('restarts itself where it asks so: nobody is left to be told', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    t.call('restart', { pid, ...RESTART }, { pid });
    expect(t.view(pid)).toMatchObject({ state: 'idle', restarts: 1 });
  });

  it.each([
    ['a virtual one', (t: TestKernel) => t.spawn(), 'virtual'],
    [
      'one that is gone',
      (t: TestKernel) => {
        const pid = t.spawn({ image: 'hold', restart: 'temporary' });
        t.ends(pid);
        return pid;
      },
      'gone for good',
    ],
    [
      'a dead one',
      (t: TestKernel) => {
        const pid = t.spawn({ image: 'hold' });
        t.call('kill', { pid, ...KILL });
        return pid;
      },
      'gone for good',
    ],
    [
      'a sleeper',
      (t: TestKernel) => {
        const pid = t.spawn({ image: 'hold' });
        t.call('sleep', { pid });
        return pid;
      },
      'wake it instead',
    ],
    [
      'one that ends',
      (t: TestKernel) => {
        const pid = t.spawn({ image: 'stubborn' });
        t.call('kill', { pid, ...KILL });
        return pid;
      },
      'stopping',
    ],
  ] as const)('refuses %s (S5)', (_, make, words) => {
    const t = testKernel();
    const pid = make(t);
    const { refusal } = t.call('restart', { pid, ...RESTART });
    expect(refusal.code).toBe('wrong_state');
    expect(refusal.message).toContain(words);
  });

  it('is refused while the kernel stops, which starts nothing any more', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'notify' });
    t.ends(pid);
    t.fact({ fact: 'stopping', reason: 'SIGTERM', graceMs: 0 });
    expect(t.call('restart', { pid, ...RESTART }).refusal.code).toBe('unavailable');
  });

  it('refuses what was never ready, and the king (P2)', () => {
    const t = testKernel();
    t.call('spawn', BORN);
    const born = t.call('restart', { pid: asPid(2), ...RESTART }).refusal;
    expect(born.message).toContain('only just starting');
    const king = t.call('restart', { pid: asPid(1), ...RESTART }).refusal;
    expect(king.code).toBe('permission_denied');
  });

  it('of an undecided zombie needs a place as a child, and for an OS process (P5, P6)', () => {
    const t = testKernel({ settings: { osProcessesMax: 3 } });
    const limits = { childrenMax: 1 };
    const lead = t.spawn({ role: 'lead', image: 'hold', limits });
    const pid = t.spawn({ image: 'hold' }, { pid: lead });
    t.ends(pid);
    const other = t.spawn({ image: 'hold' }, { pid: lead });
    const again = () => t.call('restart', { pid, ...RESTART });
    const full = { code: 'limit_exceeded', details: { max_children: 1 } };
    expect(again().refusal).toMatchObject(full);
    t.call('kill', { pid: other, ...KILL });
    const more = [t.spawn({ image: 'hold' }), t.spawn({ image: 'hold' })];
    const busy = { code: 'limit_exceeded', details: { processes_max: 3 } };
    expect(again().refusal).toMatchObject(busy);
    expect(t.view(pid)).toMatchObject({ state: 'zombie', isGone: false });
    t.call('kill', { pid: more[0] as Pid, ...KILL });
    expect(again().value).toEqual({});
  });

  it('needs the right to kill (A2)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ image: 'hold' }, { pid: lead });
    const other = t.spawn({ role: 'lead', image: 'hold' });
    const by = (caller: Pid) => t.call('restart', { pid, ...RESTART }, { pid: caller });
    expect(by(other).refusal.code).toBe('permission_denied');
    expect(by(lead).value).toEqual({});
  });
});

describe('who may put to sleep and wake (S7)', () => {
  it.each([
    ['itself', true],
    ['its parent', true],
    ['an ancestor', true],
    ['the operator', true],
    ['a sibling', false],
    ['its child', false],
    ['a stranger', false],
    ['the sibling of its parent', false],
  ] as const)('%s: %s', (who, isAllowed) => {
    const t = testKernel();
    // Roles without the right to kill, which has nothing to do with it.
    const top = t.spawn({ role: 'agent', image: 'hold' });
    const parent = t.spawn({ role: 'worker', image: 'hold' }, { pid: top });
    const uncle = t.spawn({ role: 'worker', image: 'hold' }, { pid: top });
    const pid = t.spawn({ role: 'worker', image: 'hold' }, { pid: parent });
    const sibling = t.spawn({ role: 'worker', image: 'hold' }, { pid: parent });
    const child = t.spawn({ role: 'worker', image: 'hold' }, { pid });
    const stranger = t.spawn({ role: 'lead', image: 'hold' });
    const callers: Readonly<Record<typeof who, Caller>> = {
      itself: { pid },
      'its parent': { pid: parent },
      'an ancestor': { pid: top },
      'the operator': {},
      'a sibling': { pid: sibling },
      'its child': { pid: child },
      'a stranger': { pid: stranger },
      'the sibling of its parent': { pid: uncle },
    };
    const sleep = t.call('sleep', { pid }, callers[who]);
    expect(sleep.result?.ok).toBe(isAllowed);
    expect(t.view(pid).state).toBe(isAllowed ? 'sleeping' : 'idle');
    if (isAllowed) return;
    expect(sleep.refusal.code).toBe('permission_denied');
    t.call('sleep', { pid });
    expect(t.call('wake', { pid }, callers[who]).refusal.code).toBe('permission_denied');
    expect(t.view(pid).state).toBe('sleeping');
  });

  it('an ancestor of another user, too: it is above', () => {
    const t = testKernel();
    const pid = t.spawn({ user: 'leo', image: 'hold' });
    expect(t.call('sleep', { pid }, { pid: asPid(1), isOperator: false }).value).toEqual({});
  });
});

describe('checkpoint', () => {
  it('keeps the last one, counted in the view and kept as live content (S7)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    const content = (n: number) => ({ bytes: 5_000 + n, hash: String(n).repeat(64) });
    for (const n of [1, 2]) t.call('checkpoint', { content: content(n) }, { pid });
    expect(t.view(pid).checkpointBytes).toBe(5_002);
    expect([...t.kernel.liveHashes()]).toEqual([content(2).hash]);
    t.takeSnapshot();
    t.reboot();
    t.call('restart', { pid, ...RESTART });
    expect(t.startsOf(pid).at(-1)?.checkpoint).toEqual(content(2));
  });

  it('is bounded, and no business of the king (S7, P2)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    const content = (bytes: number) => ({ content: { bytes, hash: 'ab'.repeat(32) } });
    const most = LIMITS.checkpointBytesMax;
    expect(t.call('checkpoint', content(most), { pid }).value).toEqual({});
    const over = t.call('checkpoint', content(most + 1), { pid }).refusal;
    expect(over).toMatchObject({ code: 'too_large', details: { bytes: most + 1 } });
    expect(t.call('checkpoint', content(1)).refusal.code).toBe('permission_denied');
  });
});

describe('remove', () => {
  const REMOVES = [
    ['a zombie', (t: TestKernel, pid: Pid) => t.ends(pid)],
    ['a killed one', (t: TestKernel, pid: Pid) => t.call('kill', { pid, ...KILL })],
    [
      'a quarantined one',
      (t: TestKernel, pid: Pid) => {
        t.runtime.behaves(pid, { start: 'fails' });
        t.ends(pid);
        t.advanceMs(MINUTE_MS);
      },
    ],
  ] as const;

  it.each(REMOVES)('takes the record of %s away before its time (P8)', (_, ends) => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn(
      { name: 'w', role: 'lead', image: 'deaf', restart: 'transient' },
      {
        pid: lead,
      },
    );
    const child = t.spawn({ image: 'hold' }, { pid });
    t.call('store', artifactOrder({ key: 'mine' }), { pid });
    t.call('send', messageOrder({ to: pid }), { pid: lead });
    ends(t, pid);
    if (t.view(pid).state === 'starting') t.call('kill', { pid, ...KILL });
    expect(t.call('remove', { pid }).value).toEqual({});
    expect(t.call('info', { pid }).refusal.code).toBe('not_found');
    expect(t.view(child)).toMatchObject({ ppid: lead, state: 'idle' });
    const get = { by: { key: 'mine' }, version: 0 };
    expect(t.call('get_artifact', get).value?.record.owner).toBe(lead);
    expect(t.view(t.spawn({ name: 'w' }, { pid: lead })).address).toBe('/king/worker/w');
    // No timer of it is left.
    t.advanceMs(3 * MINUTE_MS);
    expect(t.eventsOf('process.removed').map(({ body }) => body.pid)).toEqual([pid]);
  });

  it('is the operator’s alone, and refused for what lives (P8)', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead', image: 'hold' });
    const pid = t.spawn({ image: 'hold' }, { pid: lead });
    const live = t.call('remove', { pid }).refusal;
    expect(live).toMatchObject({ code: 'wrong_state', details: { state: 'idle' } });
    expect(t.call('remove', { pid: asPid(1) }).refusal.code).toBe('wrong_state');
    t.ends(pid);
    const own = t.call('remove', { pid }, { pid: lead }).refusal;
    expect(own.code).toBe('permission_denied');
    expect(own.message).toContain('operator');
    expect(t.call('remove', { pid: asPid(99) }).refusal.code).toBe('not_found');
  });
});

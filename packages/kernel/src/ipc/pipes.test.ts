import { testKernel } from '@hivekernel/testkit';
import type { Caller, TestKernel, Ticket } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, KING_PID, type Pid } from '../ids.ts';
import { Kernel } from '../kernel.ts';
import { LIMITS } from '../limits.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';

const KIB_64 = LIMITS.pipeChunkBytesMax;
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const textOf = (chunk: Uint8Array): string => String.fromCharCode(...chunk);

/** One process's view of its pipe with another, in words. */
class Side {
  readonly #t: TestKernel;
  readonly #from: Caller;
  readonly #pipe: { peer: Pid; name: string };

  constructor(t: TestKernel, who: { of: Pid; to: Pid; name?: string; channel?: string }) {
    this.#t = t;
    this.#from = { pid: who.of, ...(who.channel !== undefined && { channel: who.channel }) };
    this.#pipe = { peer: who.to, name: who.name ?? '' };
  }

  open(): string {
    return told(this.#t.call('open_pipe', this.#pipe, this.#from));
  }

  opened(): this {
    expect(this.open()).toBe('ok');
    return this;
  }

  write(what: string | Uint8Array, isPatient = true): Ticket<'write_pipe'> {
    const chunk = typeof what === 'string' ? bytes(what) : what;
    return this.#t.call('write_pipe', { ...this.#pipe, chunk, isPatient }, this.#from);
  }

  read({ max = 0, timeoutMs = 0 } = {}): Ticket<'read_pipe'> {
    return this.#t.call('read_pipe', { ...this.#pipe, max, timeoutMs }, this.#from);
  }

  close(isBoth = true): string {
    return told(this.#t.call('close_pipe', { ...this.#pipe, isBoth }, this.#from));
  }

  cancel(ticket: Ticket): void {
    this.#t.call('cancel', { call: ticket.ref }, this.#from);
  }

  /** Without waiting, until it is full. */
  fill(chunk: Uint8Array = bytes('x')): number {
    for (let n = 0; ; n += 1) if (told(this.write(chunk, false)) !== 'ok') return n;
  }
}

/** `ok`, the code of the refusal, or `waits`; of a read the chunks, and `.` for the end. */
function told(ticket: Ticket): string {
  const { result } = ticket;
  if (result === undefined) return 'waits';
  if (!result.ok) return result.error.code;
  const { chunks, isEnd } = result.value as { chunks?: Uint8Array[]; isEnd?: boolean };
  if (chunks === undefined) return 'ok';
  return [...chunks.map(textOf), ...(isEnd === true ? ['.'] : [])].join(' ');
}

/** A lead and its worker; nothing is opened yet. */
function ground(name = '') {
  const t = testKernel();
  const lead = t.spawn({ name: 'lead', role: 'lead' });
  const worker = t.spawn({ name: 'worker', image: 'echo', restart: 'permanent' }, { pid: lead });
  const up = new Side(t, { of: lead, to: worker, name });
  const down = new Side(t, { of: worker, to: lead, name });
  const both = (): { up: Side; down: Side } => ({ up: up.opened(), down: down.opened() });
  return { t, lead, worker, up, down, both };
}

describe('Pipes.open()', () => {
  it('is for a parent and its child only, the king included (M10)', () => {
    const { t, lead, worker } = ground();
    const sibling = t.spawn({}, { pid: lead });
    const opens = (of: Pid, to: Pid): string => new Side(t, { of, to }).open();
    expect(opens(worker, sibling)).toBe('permission_denied');
    expect(opens(worker, KING_PID)).toBe('permission_denied');
    expect(opens(KING_PID, worker)).toBe('permission_denied');
    expect(opens(worker, worker)).toBe('permission_denied');
    expect(opens(worker, asPid(99))).toBe('not_found');
    expect(opens(KING_PID, lead)).toBe('ok');
    expect(opens(lead, KING_PID)).toBe('ok');
    expect(opens(worker, lead)).toBe('ok');
  });

  it('needs a peer that runs (M10)', () => {
    const { t, worker, up, lead } = ground();
    t.call('sleep', { pid: worker }, { pid: lead });
    expect(t.view(worker).state).toBe('sleeping');
    expect(up.open()).toBe('wrong_state');
    t.call('wake', { pid: worker }, { pid: lead });
    expect(up.open()).toBe('ok');
    t.call('kill', { pid: worker, isRecursive: false, reason: 'normal', graceMs: 0 });
    expect(up.open()).toBe('wrong_state');
  });

  it.each([
    ['a'.repeat(129), 'invalid_argument'],
    ['a\nb', 'invalid_argument'],
    ['a'.repeat(128), 'ok'],
    ['', 'ok'],
  ])('takes %j for a name: %s', (name, answer) => {
    expect(ground(name).up.open()).toBe(answer);
  });

  it('refuses one that is made twice, until both sides closed it', () => {
    const { up, down, both } = ground();
    both();
    expect([up.open(), down.open()]).toEqual(['conflict', 'conflict']);
    up.write('old');
    expect([up.close(), down.close()]).toEqual(['ok', 'ok']);
    both();
    up.write('new');
    expect(told(down.read())).toBe('new');
  });

  it('lets a side open anew while the other one still holds the pipe from before', () => {
    const { up, down, both } = ground();
    both();
    up.write('old');
    up.close();
    up.opened().write('new');
    expect(told(down.read())).toBe('old .');
    expect(down.open()).toBe('conflict');
    down.close();
    expect(told(down.opened().read())).toBe('new');
  });

  it('keeps what a side wrote and closed for one who opens it later', () => {
    const { up, down, t } = ground();
    down.opened().write('all of it');
    down.close();
    expect(down.open()).toBe('conflict');
    expect(told(up.opened().read())).toBe('all of it .');
    expect(told(up.read())).toBe('.');
    up.close();
    expect(t.kernel.parts.pipes.endsHeld).toBe(0);
    // Where nothing was written there is nothing to keep.
    down.opened().close();
    expect(down.open()).toBe('ok');
  });

  it('tells pipes apart by their names, at most so many of a pair', () => {
    const { t, lead, worker } = ground();
    const sides = (name: string) => ({
      up: new Side(t, { of: lead, to: worker, name }),
      down: new Side(t, { of: worker, to: lead, name }),
    });
    const names = Array.from({ length: LIMITS.pipesPerPairMax }, (_, n) => `p${n}`);
    for (const name of names) sides(name).up.opened().write(name);
    expect(sides('more').down.open()).toBe('limit_exceeded');
    for (const name of names) expect(told(sides(name).down.opened().read())).toBe(name);
    sides('p0').up.close();
    expect(sides('more').up.open()).toBe('limit_exceeded');
    sides('p0').down.close();
    expect(sides('more').up.open()).toBe('ok');
  });
});

describe('Pipes.write() and read()', () => {
  it('goes both ways, in order, also before the other side opened', () => {
    const { up, down } = ground();
    up.opened();
    for (const text of ['a', 'b', 'c']) expect(told(up.write(text))).toBe('ok');
    expect(told(down.read())).toBe('not_found');
    expect(told(down.write('x'))).toBe('not_found');
    down.opened();
    expect(told(down.read({ max: 2 }))).toBe('a b');
    expect(told(down.read())).toBe('c');
    down.write('back');
    expect(told(up.read())).toBe('back');
  });

  it.each([
    [new Uint8Array(0), 'invalid_argument'],
    [new Uint8Array(KIB_64 + 1), 'too_large'],
    [new Uint8Array(KIB_64), 'ok'],
  ])('takes a chunk of 1 to 65,536 bytes (%#)', (chunk, answer) => {
    expect(told(ground().up.opened().write(chunk))).toBe(answer);
  });

  it('depends on nothing durable: no event, no gate (M10)', () => {
    const { t, lead, up, down, both } = ground();
    both();
    const before = t.events.length;
    t.kernel.isStorageLow = true;
    expect(up.write('a').gate).toBe(0);
    expect(down.read().gate).toBe(0);
    const read = down.read();
    const from = { pid: lead };
    t.hold('log', { level: 'info', message: 'm', fields: {} }, from);
    t.hold(
      'write_pipe',
      { peer: read.ref.pid, name: '', chunk: bytes('b'), isPatient: true },
      from,
    );
    const { effects } = t.kernel.drain();
    expect(effects).toMatchObject([{ afterSeq: 0, effect: { do: 'reply', to: read.ref } }]);
    expect(t.events).toHaveLength(before);
  });

  it('answers a read with all that came in the pass', () => {
    const { t, lead, worker, up, down } = ground();
    up.opened();
    const read = down.opened().read();
    for (const text of ['a', 'b']) {
      const args = { peer: worker, name: '', chunk: bytes(text), isPatient: true };
      t.hold('write_pipe', args, { pid: lead });
    }
    expect(told(read)).toBe('waits');
    t.pass();
    expect(told(read)).toBe('a b');
  });

  it('makes a writer wait at a full pipe, or fail as it asked, and moves it in in order', () => {
    const { up, down, both } = ground();
    both();
    expect(up.fill()).toBe(LIMITS.pipeChunksMax);
    const waiting = Array.from({ length: LIMITS.pipeWritersWaitingMax }, (_, n) =>
      up.write(`${n}`),
    );
    expect(told(up.write('one more'))).toBe('limit_exceeded');
    expect(told(up.write('impatient', false))).toBe('queue_full');
    expect(told(down.read({ max: 2 }))).toBe('x x');
    expect(waiting.map(told)).toEqual(['ok', 'ok', ...waiting.slice(2).map(() => 'waits')]);
    // Nobody overtakes those who wait.
    expect(told(up.write('impatient', false))).toBe('queue_full');
    const rest = LIMITS.pipeChunksMax - 2;
    expect(told(down.read()).split(' ')).toEqual([...Array(rest).fill('x'), '0', '1']);
    expect(told(down.read())).toBe(
      waiting
        .slice(2)
        .map((_, n) => n + 2)
        .join(' '),
    );
  });

  it('has one read of a side wait, so long as it may', () => {
    const { t, down, both } = ground();
    both();
    const read = down.read({ timeoutMs: 500 });
    expect(told(down.read())).toBe('conflict');
    t.advanceMs(499);
    expect(told(read)).toBe('waits');
    t.advanceMs(1);
    expect(read.value).toEqual({ chunks: [], isEnd: false });
    expect(told(down.read())).toBe('waits');
  });

  it('gives up a wait and loses nothing by it', () => {
    const { up, down, both } = ground();
    both();
    const read = down.read();
    down.cancel(read);
    expect(told(read)).toBe('cancelled');
    up.write('kept');
    expect(told(down.read())).toBe('kept');

    up.fill();
    const [first, second] = [up.write('first'), up.write('second')];
    up.cancel(first);
    expect(told(first)).toBe('cancelled');
    expect(told(down.read()).split(' ').at(-1)).toBe('x');
    expect(told(second)).toBe('ok');
    expect(told(down.read())).toBe('second');
  });

  it('shrinks to a chunk each where all pipes together hold too much', () => {
    const t = testKernel();
    const chunk = new Uint8Array(KIB_64);
    const perPipe = LIMITS.pipeChunksMax * KIB_64;
    const many = LIMITS.pipeBytesInAllMax / perPipe;
    const pairs = Array.from({ length: many + 2 }, () => {
      const to = t.spawn({ image: '' });
      const up = new Side(t, { of: KING_PID, to }).opened();
      return { up, down: new Side(t, { of: to, to: KING_PID }).opened() };
    });
    const counts = pairs.map(({ up }) => up.fill(chunk));
    expect(counts).toEqual([...Array(many).fill(LIMITS.pipeChunksMax), 1, 1]);
    expect(t.kernel.parts.pipes.bytesHeld).toBe(LIMITS.pipeBytesInAllMax + 2 * KIB_64);
    const [first, last] = [pairs[0]!, pairs[many + 1]!];
    // Each one still moves.
    const waiting = last.up.write(chunk);
    expect(last.down.read().value.chunks).toHaveLength(1);
    expect(told(waiting)).toBe('ok');
    // One read hands out no more than fits a reply; what it frees, another pipe may use.
    const read = Math.floor(LIMITS.pipeReadBytesMax / KIB_64) + 1;
    expect(first.down.read().value.chunks).toHaveLength(read);
    expect(last.up.fill(chunk)).toBe(read - 2);
    for (const { up, down } of pairs) [up.close(), down.close()];
    expect(t.kernel.parts.pipes.bytesHeld).toBe(0);
  });
});

describe('Pipes.close()', () => {
  it('ends one direction after all that was written, what waits included', () => {
    const { up, down, both } = ground();
    both();
    up.fill();
    const last = up.write('last');
    expect(up.close(false)).toBe('ok');
    expect(told(up.write('more'))).toBe('wrong_state');
    expect(told(down.read())).not.toContain('.');
    expect(told(last)).toBe('ok');
    expect([told(down.read()), told(down.read()), told(down.read())]).toEqual(['last .', '.', '.']);
    expect(told(down.write('the other way'))).toBe('ok');
    expect(told(up.read())).toBe('the other way');
  });

  it('tells a read that waits of the end', () => {
    const { up, down, both } = ground();
    both();
    const read = down.read();
    up.close(false);
    expect(told(read)).toBe('.');
  });

  it('refuses a writer that waits when the reader closes, and those after it', () => {
    const { up, down, both } = ground();
    both();
    up.fill();
    const blocked = up.write('blocked');
    expect(down.close()).toBe('ok');
    expect(told(blocked)).toBe('unavailable');
    expect(told(up.write('more'))).toBe('unavailable');
    expect(told(up.read())).toBe('.');
    expect(told(down.write('x'))).toBe('wrong_state');
    expect(told(down.read())).toBe('wrong_state');
    expect(down.close()).toBe('ok');
  });

  it('gives up the read of who closes', () => {
    const { down, both } = ground();
    both();
    const read = down.read();
    down.close();
    expect(told(read)).toBe('cancelled');
  });

  it('leaves nothing when both sides closed, also half by half', () => {
    const { t, up, down, both } = ground();
    both();
    up.write('a');
    expect([up.close(false), down.close(false)]).toEqual(['ok', 'ok']);
    expect(told(down.read())).toBe('a .');
    both();
    expect([up.close(), down.close()]).toEqual(['ok', 'ok']);
    expect(t.kernel.parts.pipes.endsHeld).toBe(0);
    expect(told(up.read())).toBe('not_found');
    expect(up.close()).toBe('not_found');
  });
});

describe('Pipes and the ends of runs', () => {
  const ENDS: Record<string, (g: ReturnType<typeof ground>) => void> = {
    crash: ({ t, worker }) => t.ends(worker),
    restart: ({ t, worker, lead }) =>
      void t.call('restart', { pid: worker, reason: '', graceMs: 0 }, { pid: lead }),
    sleep: ({ t, worker, lead }) => void t.call('sleep', { pid: worker }, { pid: lead }),
    kill: ({ t, worker, lead }) => {
      const how = { isRecursive: false, reason: 'normal', graceMs: 0 } as const;
      t.call('kill', { pid: worker, ...how }, { pid: lead });
    },
    exit: ({ t, worker }) => void t.call('exit', { exitCode: 0, output: '' }, { pid: worker }),
  };

  it.each(Object.keys(ENDS))(
    'lets the other side read what is left after a %s, then tells',
    (end) => {
      const g = ground();
      const { up, down, both } = g;
      both();
      down.write('left');
      up.fill();
      const blocked = up.write('blocked');
      ENDS[end]?.(g);
      expect(told(blocked)).toBe('unavailable');
      expect(told(up.write('more'))).toBe('unavailable');
      expect([told(up.read()), told(up.read()), told(up.read())]).toEqual([
        'left',
        'unavailable',
        'unavailable',
      ]);
    },
  );

  it('tells a read that waits, and does not write what waited', () => {
    const { t, worker, up, down, both } = ground();
    both();
    down.fill();
    const waited = down.write('waited');
    t.ends(worker);
    expect(told(waited)).toBe('unavailable');
    expect(told(up.read())).not.toContain('waited');
    expect(told(up.read())).toBe('unavailable');
    up.close();
    t.advanceMs(2_000);
    both();
    const read = up.read();
    t.ends(worker);
    expect(told(read)).toBe('unavailable');
  });

  it('is the end of data where it had closed before', () => {
    const { t, worker, up, down, both } = ground();
    both();
    down.write('all');
    down.close(false);
    t.ends(worker);
    expect([told(up.read()), told(up.read())]).toEqual(['all .', '.']);
    expect(told(up.write('x'))).toBe('unavailable');
  });

  it('is another pipe for another run, which the other side opens anew (M10)', () => {
    const { t, worker, up, down, both } = ground();
    both();
    up.write('for the first run');
    down.write('of the first run');
    t.ends(worker);
    t.advanceMs(2_000);
    expect(t.view(worker).state).toBe('idle');
    expect(told(down.read())).toBe('not_found');
    down.opened().write('of the second run');
    expect(told(up.read())).toBe('of the first run');
    expect(told(up.read())).toBe('unavailable');
    up.opened().write('for the second run');
    expect(told(up.read())).toBe('of the second run');
    expect(told(down.read())).toBe('for the second run');
  });

  it('leaves nothing for a run that comes after: not what was never opened', () => {
    const { t, worker, up, down } = ground();
    up.opened().write('for the first run');
    t.ends(worker);
    t.advanceMs(2_000);
    expect(told(down.opened().read())).toBe('waits');
    expect(told(up.write('x'))).toBe('unavailable');
  });

  it('is over with the record of the peer gone, and what it left is still read', () => {
    const { t, lead, worker, up, down, both } = ground();
    both();
    down.write('left');
    const how = { isRecursive: false, reason: 'normal', graceMs: 0 } as const;
    t.call('kill', { pid: worker, ...how }, { pid: lead });
    t.advanceMs(200_000);
    expect(t.kernel.state.table.find(worker)).toBeUndefined();
    expect([told(up.read()), told(up.read())]).toEqual(['left', 'unavailable']);
    up.close();
    expect(t.kernel.parts.pipes.endsHeld).toBe(0);
  });

  it('ends for both when they are no longer parent and child (P11)', () => {
    const { t, lead, worker, up, down, both } = ground();
    const other = t.spawn({ role: 'lead' });
    both();
    up.write('down');
    down.write('up');
    t.call('reparent', { pid: worker, parent: other });
    expect([told(up.read()), told(up.read())]).toEqual(['up', 'unavailable']);
    expect([told(down.read()), told(down.read())]).toEqual(['down', 'unavailable']);
    expect([told(up.write('x')), told(down.write('x'))]).toEqual(['unavailable', 'unavailable']);
    expect(new Side(t, { of: other, to: worker }).open()).toBe('ok');
    t.call('reparent', { pid: worker, parent: lead });
    both();
  });

  it('ends with the connection of the operator that opened it', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const mine = new Side(t, { of: KING_PID, to: lead, channel: 'admin:1' }).opened();
    const theirs = new Side(t, { of: lead, to: KING_PID }).opened();
    mine.write('left');
    t.fact({ fact: 'channel_ended', channel: 'admin:2' });
    expect(told(mine.write('more'))).toBe('ok');
    t.fact({ fact: 'channel_ended', channel: 'admin:1' });
    expect([told(theirs.read()), told(theirs.read())]).toEqual(['left more', 'unavailable']);
    expect(told(mine.read())).toBe('not_found');
  });
});

describe('Pipes after a refold', () => {
  it('are there as they were, with those who wait (M10)', () => {
    const { t, lead, worker, up, down, both } = ground();
    both();
    up.fill();
    const write = up.write('waiting');
    const read = up.read({ timeoutMs: 1_000 });
    // Moved in within the pass that failed: its answer had not left.
    const late = t.hold(
      'read_pipe',
      { peer: lead, name: '', max: 1, timeoutMs: 0 },
      { pid: worker },
    );
    expect(late.value.chunks).toHaveLength(1);
    const old = t.kernel;
    t.kernel = new Kernel({ settings: DEFAULT_SETTINGS, partition: 0 });
    for (const event of t.events) t.kernel.replay(event);
    t.kernel.resume();
    t.kernel.inherit(old);
    expect([...t.kernel.owedRefs()]).toEqual(expect.arrayContaining([write.ref, read.ref]));
    t.pass();
    expect(told(write)).toBe('ok');
    expect(told(down.read()).split(' ').at(-1)).toBe('waiting');
    t.advanceMs(1_000);
    expect(read.value).toEqual({ chunks: [], isEnd: false });
  });
});

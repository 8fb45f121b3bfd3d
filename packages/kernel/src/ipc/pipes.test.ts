import { pipeGround, PipeSide, testKernel, told } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, KING_PID, type Pid } from '../ids.ts';
import { Kernel } from '../kernel.ts';
import { LIMITS } from '../limits.ts';
import { DEFAULT_SETTINGS } from '../settings.ts';

describe('Pipes.open()', () => {
  it('is for a parent and its child only, the king included (M10)', () => {
    const { t, lead, worker } = pipeGround();
    const sibling = t.spawn({}, { pid: lead });
    const opens = (of: Pid, to: Pid): string => new PipeSide(t, { of, to }).open();
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
    const { t, worker, up, lead } = pipeGround();
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
    expect(pipeGround(name).up.open()).toBe(answer);
  });

  it('refuses one that is made twice, until both sides closed it', () => {
    const { up, down, both } = pipeGround();
    both();
    expect([up.open(), down.open()]).toEqual(['conflict', 'conflict']);
    up.write('old');
    expect([up.close(), down.close()]).toEqual(['ok', 'ok']);
    both();
    up.write('new');
    expect(told(down.read())).toBe('new');
  });

  it('lets a side open anew while the other one still holds the pipe from before', () => {
    const { up, down, both } = pipeGround();
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
    const { up, down, t } = pipeGround();
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
    const { t, lead, worker } = pipeGround();
    const sides = (name: string) => ({
      up: new PipeSide(t, { of: lead, to: worker, name }),
      down: new PipeSide(t, { of: worker, to: lead, name }),
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

describe('Pipes.close()', () => {
  it('ends one direction after all that was written, what waits included', () => {
    const { up, down, both } = pipeGround();
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
    const { up, down, both } = pipeGround();
    both();
    const read = down.read();
    up.close(false);
    expect(told(read)).toBe('.');
  });

  it('refuses a writer that waits when the reader closes, and those after it', () => {
    const { up, down, both } = pipeGround();
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
    const { down, both } = pipeGround();
    both();
    const read = down.read();
    down.close();
    expect(told(read)).toBe('cancelled');
  });

  it('leaves nothing when both sides closed, also half by half', () => {
    const { t, up, down, both } = pipeGround();
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
  const ENDS: Record<string, (g: ReturnType<typeof pipeGround>) => void> = {
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
      const g = pipeGround();
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
    const { t, worker, up, down, both } = pipeGround();
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
    const { t, worker, up, down, both } = pipeGround();
    both();
    down.write('all');
    down.close(false);
    t.ends(worker);
    expect([told(up.read()), told(up.read())]).toEqual(['all .', '.']);
    expect(told(up.write('x'))).toBe('unavailable');
  });

  it('is another pipe for another run, which the other side opens anew (M10)', () => {
    const { t, worker, up, down, both } = pipeGround();
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
    const { t, worker, up, down } = pipeGround();
    up.opened().write('for the first run');
    t.ends(worker);
    t.advanceMs(2_000);
    expect(told(down.opened().read())).toBe('waits');
    expect(told(up.write('x'))).toBe('unavailable');
  });

  it('is over with the record of the peer gone, and what it left is still read', () => {
    const { t, lead, worker, up, down, both } = pipeGround();
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
    const { t, lead, worker, up, down, both } = pipeGround();
    const other = t.spawn({ role: 'lead' });
    both();
    up.write('down');
    down.write('up');
    t.call('reparent', { pid: worker, parent: other });
    expect([told(up.read()), told(up.read())]).toEqual(['up', 'unavailable']);
    expect([told(down.read()), told(down.read())]).toEqual(['down', 'unavailable']);
    expect([told(up.write('x')), told(down.write('x'))]).toEqual(['unavailable', 'unavailable']);
    expect(new PipeSide(t, { of: other, to: worker }).open()).toBe('ok');
    t.call('reparent', { pid: worker, parent: lead });
    both();
  });

  it('ends with the connection of the operator that opened it', () => {
    const t = testKernel();
    const lead = t.spawn({ role: 'lead' });
    const mine = new PipeSide(t, { of: KING_PID, to: lead, channel: 'admin:1' }).opened();
    const theirs = new PipeSide(t, { of: lead, to: KING_PID }).opened();
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
    const { t, lead, worker, up, down, both } = pipeGround();
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

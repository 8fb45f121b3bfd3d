import { pipeGround, PipeSide, testKernel, told } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { KING_PID } from '../ids.ts';
import { LIMITS } from '../limits.ts';

const KIB_64 = LIMITS.pipeChunkBytesMax;
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

describe('Flow: Pipes.write() and read()', () => {
  it('goes both ways, in order, also before the other side opened', () => {
    const { up, down } = pipeGround();
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
    expect(told(pipeGround().up.opened().write(chunk))).toBe(answer);
  });

  it('depends on nothing durable: no event, no gate (M10)', () => {
    const { t, lead, up, down, both } = pipeGround();
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
    const { t, lead, worker, up, down } = pipeGround();
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
    const { up, down, both } = pipeGround();
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
    const { t, down, both } = pipeGround();
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
    const { up, down, both } = pipeGround();
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
      const up = new PipeSide(t, { of: KING_PID, to }).opened();
      return { up, down: new PipeSide(t, { of: to, to: KING_PID }).opened() };
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
    for (const { up, down } of pairs) for (const side of [up, down]) side.close();
    expect(t.kernel.parts.pipes.bytesHeld).toBe(0);
  });
});

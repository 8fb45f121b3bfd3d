import { testKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { asPid, asSeq, SEQ_ZERO } from '../ids.ts';
import { Fold } from './fold.ts';
import { Log } from './log.ts';

const line = (message: string) => ({ pid: asPid(1), level: 'info', message, fields: {} }) as const;

describe('Log', () => {
  it('numbers events without a gap and applies each before the next is emitted (D3)', () => {
    const seen: number[] = [];
    const log: Log = new Log(
      new Fold([{ 'log.written': (event) => void seen.push(event.seq, log.lastSeq) }]),
      SEQ_ZERO,
    );
    log.begin({ wallMs: 5, monoMs: 7 }, asPid(2));
    expect(log.nextSeq).toBe(1);
    expect([log.emit('log.written', line('a')), log.emit('log.written', line('b'))]).toEqual([
      1, 2,
    ]);
    expect(seen).toEqual([1, 1, 2, 2]);
    expect(log.drain()).toMatchObject([
      { seq: 1, wallMs: 5, monoMs: 7, by: 2, kind: 'log.written', v: 1, body: { message: 'a' } },
      { seq: 2 },
    ]);
    expect(log.drain()).toEqual([]);
  });

  it('never lets the kernel’s own clock go back; the wall may', () => {
    const log = new Log(new Fold([]), SEQ_ZERO);
    log.begin({ wallMs: 100, monoMs: 100 }, asPid(1));
    log.begin({ wallMs: 50, monoMs: 50 }, asPid(1));
    expect([log.wallMs, log.monoMs]).toEqual([50, 100]);
  });

  it('keeps the stamp of the last event, not of the last input', () => {
    const log = new Log(new Fold([]), SEQ_ZERO);
    log.begin({ wallMs: 1, monoMs: 2 }, asPid(1));
    log.emit('log.written', line('a'));
    log.begin({ wallMs: 9, monoMs: 9 }, asPid(1));
    expect(log.stamp).toEqual({ wallMs: 1, monoMs: 2 });
    log.resumeAt(asSeq(40), { wallMs: 3, monoMs: 4 });
    expect([log.lastSeq, log.stamp]).toEqual([40, { wallMs: 3, monoMs: 4 }]);
  });

  it('applies handlers of several areas in their order, and lets unknown kinds pass (D2)', () => {
    const order: string[] = [];
    const fold = new Fold([
      { 'log.written': () => void order.push('first') },
      { 'log.written': () => void order.push('second') },
    ]);
    const log = new Log(fold, SEQ_ZERO);
    log.emit('log.written', line('a'));
    log.emit('kernel.stopped', { reason: 'r' });
    expect(order).toEqual(['first', 'second']);
  });

  it('writes in whose name an event came to be (A4)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold' });
    t.call('log', { level: 'info', message: 'm', fields: {} }, { pid });
    t.runtime.exits(pid);
    t.pass();
    const by = (kind: 'log.written' | 'process.exited' | 'process.spawned') =>
      t.eventsOf(kind).at(-1)?.by;
    expect([by('process.spawned'), by('log.written'), by('process.exited')]).toEqual([1, pid, pid]);
    t.advanceMs(200_000);
    expect(t.eventsOf('process.removed').at(-1)?.by).toBe(1);
  });
});

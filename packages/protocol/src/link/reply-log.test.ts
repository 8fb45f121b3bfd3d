// ReplyLog: what was acknowledged is let go at once, whatever comes after it.
import { describe, expect, it } from 'vitest';
import { ReplyLog } from './reply-log.ts';

const MIB = 1024 * 1024;

describe('ReplyLog.acknowledge()', () => {
  it('keeps nothing of the replies that have arrived', () => {
    const log = new ReplyLog();
    for (let seq = 1; seq <= 1_000; seq += 1) {
      log.push(new Uint8Array(MIB), seq);
      log.acknowledge(seq, () => undefined);
    }
    // The collector runs as memory is asked for; what is referenced it cannot free.
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(600 * MIB);
    expect([log.unacknowledged, log.lastSeq]).toEqual([0, 1_000]);
  });

  it('tells of the calls that are over, once, and sends the others again', () => {
    const log = new ReplyLog();
    const over: number[] = [];
    for (const id of [7, 8, 9]) log.push(new Uint8Array([id]), id);
    for (let sent = 0; sent < 3; sent += 1) log.markSent();
    log.acknowledge(2, (id) => over.push(id));
    log.acknowledge(2, (id) => over.push(id));
    expect(over).toEqual([7, 8]);
    log.rewind();
    expect(log.peekUnsent()).toEqual(new Uint8Array([9]));
  });
});

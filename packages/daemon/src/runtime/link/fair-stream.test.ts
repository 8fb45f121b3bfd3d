import { EventEmitter, once } from 'node:events';
import type { ByteStream, ByteStreamListener } from '@hivekernel/protocol/link';
import { describe, expect, it } from 'vitest';
import { fairStream } from './fair-stream.ts';

/** A peer that always has more to say: speaks while it may. */
class Flood implements ByteStream {
  isPaused = true;
  listener: ByteStreamListener | undefined;
  listen(listener: ByteStreamListener): void {
    this.listener = listener;
    this.isPaused = false;
  }
  /** One chunk, if it is read. */
  speak(bytes: number): boolean {
    if (this.isPaused) return false;
    this.listener?.onData(new Uint8Array(bytes));
    return true;
  }
  write = (): boolean => true;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  end(): void {}
  destroy(): void {}
}

const DEAF = { onData: () => undefined, onDrain: () => undefined, onEnd: () => undefined };

async function nextTurn(): Promise<void> {
  const emitter = new EventEmitter();
  const turned = once(emitter, 'turn');
  setImmediate(() => emitter.emit('turn'));
  await turned;
}

describe('fairStream()', () => {
  it('reads so much a turn, and goes on in the next', async () => {
    const flood = new Flood();
    fairStream(flood, 100).listen(DEAF);
    expect([flood.speak(60), flood.speak(60), flood.speak(60)]).toEqual([true, true, false]);
    await nextTurn();
    expect(flood.speak(60)).toBe(true);
  });

  it('does not resume what its reader paused', async () => {
    const flood = new Flood();
    const stream = fairStream(flood, 100);
    stream.listen(DEAF);
    flood.speak(100);
    stream.pause();
    await nextTurn();
    expect(flood.isPaused).toBe(true);
    stream.resume();
    expect(flood.isPaused).toBe(false);
  });

  it('holds a reader that resumes within a turn that is used up', async () => {
    const flood = new Flood();
    const stream = fairStream(flood, 100);
    stream.listen(DEAF);
    flood.speak(100);
    stream.pause();
    stream.resume();
    expect(flood.isPaused).toBe(true);
    await nextTurn();
    expect(flood.isPaused).toBe(false);
  });

  it('counts on over a change of the listener', async () => {
    const flood = new Flood();
    const stream = fairStream(flood, 100);
    stream.listen(DEAF);
    flood.speak(100);
    stream.listen(DEAF);
    expect(flood.isPaused).toBe(true);
    await nextTurn();
    expect(flood.isPaused).toBe(false);
  });
});

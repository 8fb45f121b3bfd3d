import { describe, expect, it } from 'vitest';
import { MessageCounter } from './grpc-events.ts';

/** One message of so many bytes, as gRPC puts it on the wire. */
function framed(bytes: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes, 1);
  return Buffer.concat([prefix, Buffer.alloc(bytes, 0xff)]);
}

describe('MessageCounter', () => {
  it.each([1, 3, 7, 1_000])('counts messages in chunks of %i bytes', (size) => {
    const wire = Buffer.concat([framed(0), framed(1), framed(300), framed(0), framed(70_000)]);
    const counter = new MessageCounter();
    let count = 0;
    for (let at = 0; at < wire.length; at += size) {
      count = counter.take(wire.subarray(at, at + size));
    }
    expect(count).toBe(5);
  });
});

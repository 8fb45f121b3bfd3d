// FrameReader and encodeFrame: frames survive any cut of the byte stream, and garbage is noticed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, encodeFrame } from './frame-codec.ts';
import { LinkProtocolError } from './link-error.ts';
import { LINK_LIMITS } from './link-limits.ts';

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.map((n) => n % (bytes.length + 1)), bytes.length];
  edges.sort((a, b) => a - b);
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end));
}

describe('FrameReader.push()', () => {
  it('gives back the messages that were framed, wherever the stream is cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 });
    const places = fc.array(fc.nat(5_000), { maxLength: 40 });
    fc.assert(
      fc.property(messages, places, (sent, cuts) => {
        const reader = new FrameReader();
        const received = cut(concat(sent.map(encodeFrame)), cuts).flatMap((c) => reader.push(c));
        expect(received.map((m) => [...m])).toEqual(sent.map((m) => [...m]));
        expect(reader.isMidFrame).toBe(false);
      }),
    );
  });

  it('gives back messages that come byte by byte', () => {
    const reader = new FrameReader();
    const bytes = concat([encodeFrame(new Uint8Array([1, 2])), encodeFrame(new Uint8Array([]))]);
    const received = [...bytes].flatMap((byte) => reader.push(new Uint8Array([byte])));
    expect(received).toEqual([new Uint8Array([1, 2]), new Uint8Array([])]);
  });

  it('copies nothing of a frame that came in one chunk', () => {
    const chunk = encodeFrame(new Uint8Array([1, 2, 3]));
    expect(new FrameReader().push(chunk)[0]!.buffer).toBe(chunk.buffer);
  });

  it('reads the length as big-endian', () => {
    const chunk = new Uint8Array(4 + 258);
    chunk.set([0, 0, 1, 2]);
    expect(new FrameReader().push(chunk)[0]).toHaveLength(258);
  });

  it('takes a message of the limit and refuses one byte more', () => {
    const header = new Uint8Array(4);
    new DataView(header.buffer).setUint32(0, LINK_LIMITS.frameBytesMax);
    expect(new FrameReader().push(header)).toEqual([]);
    new DataView(header.buffer).setUint32(0, LINK_LIMITS.frameBytesMax + 1);
    expect(() => new FrameReader().push(header)).toThrow(LinkProtocolError);
  });

  it('stays broken after garbage', () => {
    const reader = new FrameReader();
    expect(() => reader.push(new TextEncoder().encode('GET / HTTP/1.1'))).toThrow(/claims/);
    expect(() => reader.push(encodeFrame(new Uint8Array([1])))).toThrow(LinkProtocolError);
  });

  it('knows that the stream ended within a frame', () => {
    const reader = new FrameReader();
    for (const [chunk, isMidFrame] of [
      [[0, 0], true],
      [[0, 2, 9], true],
      [[9], false],
    ] as const) {
      reader.push(new Uint8Array(chunk));
      expect(reader.isMidFrame).toBe(isMidFrame);
    }
  });
});

describe('encodeFrame()', () => {
  it('refuses a message over the limit', () => {
    const message = new Uint8Array(LINK_LIMITS.frameBytesMax + 1);
    expect(() => encodeFrame(message)).toThrow(LinkProtocolError);
  });
});

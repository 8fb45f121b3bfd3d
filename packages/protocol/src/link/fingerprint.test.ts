import { describe, expect, it } from 'vitest';
import { fingerprint } from './fingerprint.ts';

const LENGTHS = [0, 3, 64, 1_023, 1_024, 4_099];

describe('fingerprint()', () => {
  it.each(LENGTHS)('is of the bytes, wherever they lie (%i bytes)', (length) => {
    const bytes = new Uint8Array(length).map((_, at) => at * 7);
    const moved = new Uint8Array(length + 9);
    moved.set(bytes, 5);
    const print = fingerprint(bytes, { start: 0, end: length });
    expect(fingerprint(moved, { start: 5, end: 5 + length })).toBe(print);
    expect(Number.isSafeInteger(print)).toBe(true);
  });

  it.each(LENGTHS)('tells apart what differs in one bit (%i bytes)', (length) => {
    const bytes = new Uint8Array(length);
    const prints = new Set([fingerprint(bytes, { start: 0, end: length })]);
    for (let at = 0; at < length; at += 1) {
      bytes[at] = 1;
      prints.add(fingerprint(bytes, { start: 0, end: length }));
      bytes[at] = 0;
    }
    expect(prints.size).toBe(length + 1);
  });
});

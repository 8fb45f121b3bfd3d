// MessageWriter and MessageReader against the writer and the reader of the generated code: the same
// bytes, the same values, the same refusals.
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageReader } from './message-reader.ts';
import { MessageWriter } from './message-writer.ts';

const KINDS = ['uint32', 'int32', 'uint64', 'int64', 'bool', 'float', 'double'] as const;
type Kind = (typeof KINDS)[number];

const VALUES: Readonly<Record<Kind, fc.Arbitrary<number | boolean>>> = {
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  uint64: fc.oneof(fc.nat(), fc.maxSafeNat()),
  int64: fc.oneof(fc.integer(), fc.maxSafeInteger()),
  bool: fc.boolean(),
  float: fc.float(),
  double: fc.double(),
};

const field = fc.oneof(
  ...KINDS.map((kind) => VALUES[kind].map((value) => ({ kind, value }))),
  fc.string({ maxLength: 200, unit: 'grapheme' }).map((value) => ({ kind: 'string', value })),
  fc.string({ maxLength: 60 }).map((value) => ({ kind: 'string', value })),
  fc.uint8Array({ maxLength: 2_000 }).map((value) => ({ kind: 'bytes', value })),
);
type Field = typeof field extends fc.Arbitrary<infer T> ? T : never;
/** `open` and `close` a message around what follows. */
const script = fc.array(fc.oneof(field, fc.constantFrom('open' as const, 'close' as const)), {
  maxLength: 60,
});

type AnyWriter = Pick<BinaryWriter, 'fork' | 'join' | Kind | 'string' | 'bytes'>;

function play(steps: readonly (Field | 'open' | 'close')[], writer: AnyWriter): void {
  let depth = 0;
  for (const step of steps) {
    if (step === 'open') {
      depth += 1;
      writer.fork();
    } else if (step !== 'close') {
      writer[step.kind as Kind](step.value as never);
    } else if (depth > 0) {
      depth -= 1;
      writer.join();
    }
  }
  for (; depth > 0; depth -= 1) writer.join();
}

describe('MessageWriter', () => {
  it('writes what the generated code writes, one message after the other', () => {
    const ours = new MessageWriter();
    fc.assert(
      fc.property(script, (steps) => {
        const theirs = new BinaryWriter();
        play(steps, theirs);
        play(steps, ours as unknown as AnyWriter);
        expect(ours.finish()).toEqual(theirs.finish());
      }),
    );
  });

  it('gives bytes that later messages leave alone', () => {
    const writer = new MessageWriter();
    const texts = Array.from({ length: 2_000 }, (_, i) => 'x'.repeat(i % 300) + String(i));
    const written = texts.map((text) => writer.string(text).finish());
    for (const [i, bytes] of written.entries()) {
      expect(new BinaryReader(bytes).string()).toBe(texts[i]);
    }
  });

  it.each([
    ['uint32', -1],
    ['uint32', 2 ** 32],
    ['uint32', 0.5],
    ['int32', 2 ** 31],
    ['int32', Number.NaN],
    ['uint64', -1],
    ['uint64', 2 ** 64],
    ['int64', 2 ** 63],
    ['int64', 1.5],
    ['float', 1e300],
  ] as const)('refuses for %s the value %d', (kind, value) => {
    expect(() => new MessageWriter()[kind](value)).toThrow(`invalid ${kind}: ${value}`);
  });
});

describe('MessageReader', () => {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 40 }), (fields) => {
        const writer = new MessageWriter();
        play(fields, writer as unknown as AnyWriter);
        const bytes = writer.finish();
        const ours = new MessageReader(bytes);
        const theirs = new BinaryReader(bytes);
        for (const { kind } of fields) {
          const is64 = kind === 'uint64' || kind === 'int64';
          const value = ours[kind as Kind]();
          const expected = theirs[kind as Kind]();
          expect(is64 ? Number(value) : value).toEqual(is64 ? Number(expected) : expected);
          expect(ours.pos).toBe(theirs.pos);
        }
      }),
    );
  });

  it('tells words apart that are remembered in one place', () => {
    const texts = Array.from({ length: 5_000 }, (_, i) => `w${i}`);
    const writer = new MessageWriter();
    for (const text of texts) writer.string(text);
    const reader = new MessageReader(writer.finish());
    expect(texts.map(() => reader.string())).toEqual(texts);
  });

  it.each([2 ** 53, 2 ** 55 + 8, 2 ** 63])('reads %d as more than a number holds', (value) => {
    const bytes = new MessageWriter().uint64(value).finish();
    expect(bytes).toEqual(new BinaryWriter().uint64(BigInt(value)).finish());
    expect(Number(new MessageReader(bytes).uint64())).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
  });

  it('passes over values of every kind, groups included', () => {
    const varint = [0x80, 0x80, 0x01];
    const group = [0x08, ...varint, 0x12, 2, 0, 0, 0x1b, 0x25, 0, 0, 0, 0, 0x1c, 0x14];
    const kinds: [number, number[]][] = [
      [0, varint],
      [1, [1, 2, 3, 4, 5, 6, 7, 8]],
      [2, [3, 1, 2, 3]],
      [3, group],
      [5, [1, 2, 3, 4]],
    ];
    for (const [wireType, bytes] of kinds) {
      const reader = new MessageReader(Uint8Array.from([...bytes, 0x2a]));
      reader.skip(wireType);
      expect(reader.pos).toBe(bytes.length);
    }
    expect(() => new MessageReader(Uint8Array.of(0)).skip(6)).toThrow('wire type 6');
    expect(() => new MessageReader(new Uint8Array(300).fill(0x0b)).skip(3)).toThrow('wire type 3');
  });

  it('takes the low 32 bits of a longer number, as the generated code expects', () => {
    const bytes = new MessageWriter().int64(-5).finish();
    expect(new MessageReader(bytes).int32()).toBe(-5);
    expect(new MessageReader(bytes).uint32()).toBe(2 ** 32 - 5);
  });

  it.each([
    ['a number', 'uint64', [0x80]],
    ['a number of eleven bytes', 'uint64', Array.from({ length: 11 }, () => 0x80)],
    ['a float', 'float', [0, 0, 0]],
    ['bytes', 'bytes', [2, 0]],
    ['a long number', 'int64', Array.from({ length: 9 }, () => 0xff)],
    ['a word', 'string', [3, 0x61]],
  ] as const)('throws where %s is cut off', (_what, kind, bytes) => {
    expect(() => new MessageReader(Uint8Array.from(bytes))[kind]()).toThrow();
  });
});

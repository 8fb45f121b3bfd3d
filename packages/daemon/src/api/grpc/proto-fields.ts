// The fields of an encoded protobuf message, without knowing its type: for the two places where
// grpc's own standards meet us (health, reflection) and no generated code is worth its weight.

export interface ProtoField {
  readonly number: number;
  /** Of a length-delimited field; others are empty. */
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const VARINT_BYTES_MAX = 10;
const FIXED_BYTES: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** Throws `RangeError` where the bytes are no message. */
export function* protoFields(message: Uint8Array): Generator<ProtoField> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let i = 0; i < VARINT_BYTES_MAX; i += 1) {
      const byte = message[at];
      if (byte === undefined) break;
      at += 1;
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number does not end');
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    let length = FIXED_BYTES[wireType] ?? 0;
    if (wireType === 0) varint();
    else if (wireType === 2) length = varint();
    else if (length === 0) throw new RangeError(`wire type ${wireType} is not known`);
    if (length > message.length - at) throw new RangeError('a field does not end');
    const bytes = wireType === 2 ? message.subarray(at, at + length) : NOTHING;
    at += length;
    yield { number, bytes };
  }
}

// What the generated code reads and writes with, under the names that it uses.
export { MessageReader as BinaryReader } from './message-reader.ts';
export { MessageWriter as BinaryWriter } from './message-writer.ts';

/** What a field of bytes is when nothing was sent. */
export const NO_BYTES = new Uint8Array(0);

// What the generated code reads and writes with, under the names that it uses.
export { MessageReader as BinaryReader } from './message-reader.ts';
export { MessageWriter as BinaryWriter } from './message-writer.ts';

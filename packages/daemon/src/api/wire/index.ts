// The one translation between the wire and the kernel's ABI, as doors and the runtime use it.
export { cancelCall, serveCall } from './serve-call.ts';
export type { CallDoor, ServedCall } from './serve-call.ts';
export { toAgentMessage } from './messages.ts';
export { bytesOf } from './content-bytes.ts';
export { asKernelError, errorReply } from './failures.ts';
export * from './wire-ids.ts';
export * from './words.ts';

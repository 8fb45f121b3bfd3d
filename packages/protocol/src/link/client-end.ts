// The client's end of the agent link alone: what a program needs that calls the kernel and serves
// nobody. Loading the kernel's end as well would cost its start a third more.

export { socketStream } from './node-socket.ts';
export { LinkCaller } from './link-caller.ts';
export { LinkCallError, LinkProtocolError, fromCallError, toCallError } from './link-error.ts';
export { ReplyStream } from './reply-stream.ts';
export type {
  AnswerBody,
  CallBody,
  CallCase,
  CallValue,
  ReplyBody,
  ReplyCase,
  ReplyValueOf,
  RequestBody,
  StreamCase,
} from './call-types.ts';
export type { CallOptions, LinkCallerOptions, PlainCase } from './link-caller.ts';
export type { IncomingRequest, RequestHandler } from './request-desk.ts';
export type { AnswerValue, RequestCase, RequestValue } from './request-table.ts';

// The agent link, both ends: what the SDK, the command line and the daemon share (DESIGN D6).
export { socketStream } from './node-socket.ts';
export { FrameReader, encodeFrame } from './frame-codec.ts';
export { readHello } from './handshake.ts';
export { IncomingCall } from './incoming-call.ts';
export { LinkCaller } from './link-caller.ts';
export { LinkCallError, LinkProtocolError, fromCallError, toCallError } from './link-error.ts';
export { encodeMessage } from './message-codec.ts';
export { LINK_LIMITS, LINK_VERSION } from './link-limits.ts';
export { ReplyStream } from './reply-stream.ts';
export { ServerSession } from './server-session.ts';
export type { ByteStream, ByteStreamListener } from './byte-stream.ts';
export type {
  AnswerBody,
  CallBody,
  CallCase,
  CallValue,
  ReplyBody,
  ReplyCase,
  ReplyCaseOf,
  ReplyValueOf,
  RequestBody,
  StreamCase,
} from './call-types.ts';
export type { PendingLink } from './handshake.ts';
export type { CallOptions, LinkCallerOptions, PlainCase } from './link-caller.ts';
export type { IncomingRequest, RequestHandler } from './request-desk.ts';
export type { AnswerListener, AnswerValue, RequestCase, RequestValue } from './request-table.ts';
export type {
  ServerSessionHandlers,
  ServerSessionOptions,
  SessionGreeting,
} from './server-session.ts';

// The bounds of the agent link, by name. Both ends share them: a change here is a change of the
// wire. How a peer is held back, and why it cannot get stuck: see server-session.ts.

const KIB = 1024;
const MIB = 1024 * KIB;

export const LINK_VERSION = 1;

export const LINK_LIMITS = {
  /** One message, without the four bytes of its length: a 16 MiB artifact must fit. */
  frameBytesMax: 17 * MIB,
  /** One call, reply, request or answer: it leaves room in a frame for what stands around it. */
  messageBytesMax: 17 * MIB - 1 * KIB,
  /** A sender closes a frame that has grown past this, so that acknowledgements get between. */
  frameBytesAim: 256 * KIB,
  /** D6: replies that the client has not acknowledged; beyond it no further call is taken in. */
  unacknowledgedRepliesMax: 4_096,
  unacknowledgedBytesMax: 64 * MIB,
  /** Streams give way earlier, so that plain calls get through beside a slow reader. */
  streamWindowReplies: 1_024,
  streamWindowBytes: 16 * MIB,
  /** Calls taken in and not yet answered, on one connection; then no further one is taken in. */
  owedCallsMax: 131_072,
  /** Calls that were read and must wait; beyond it the connection is not read any more. */
  waitingCallsMax: 131_072,
  waitingCallBytesMax: 34 * MIB,
  /** Requests of the kernel that wait for the process's answer. */
  openRequestsMax: 65_536,
  /** Calls of a client that wait for their reply, or for a connection. */
  openCallsMax: 262_144,
  openCallBytesMax: 256 * MIB,
  /** Replies that a client takes before it acknowledges without having anything else to say. */
  repliesPerAck: 256,
  /** The same, in time. */
  ackDelayMs: 20,
  /** Answers that a client keeps, for a kernel that asks again after a broken connection. */
  keptAnswersMax: 1_024,
  keptAnswerBytesMax: 17 * MIB,
} as const;

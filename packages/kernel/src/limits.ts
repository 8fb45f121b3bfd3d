// Every bound of the system, in one table with names. A bound that an operator may change is a
// setting (settings.ts); these are the ones that the wire or the memory of the kernel depends on.

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  /** One frame on the agent link and one gRPC message: a 16 MiB artifact must fit. */
  frameBytesMax: 17 * MIB,
  artifactBytesMax: 16 * MIB,
  /** M8 */
  messagePayloadBytesMax: 1 * MIB,
  /** M8 */
  inboxMessagesMax: 10_000,
  inboxBytesMax: 16 * MIB,
  /** P8: places kept for signals of the kernel, over the inbox bound. */
  inboxSignalReserve: 1_000,
  /** M6: under way per receiver. */
  deliveryWindowMessages: 256,
  deliveryWindowBytes: 1 * MIB,
  /** M6: the longest pause before a delivery is tried again. */
  deliveryPauseMsMax: 3_600_000,
  /** M6: reports of the ends of messages that wait in one inbox; the oldest give way. */
  endReportsMax: 1_000,
  /** M5: keys that are remembered of one sender; the oldest are forgotten. */
  idempotencyKeysPerSenderMax: 1_000,
  /** M9 */
  subscriberUnconfirmedMax: 64,
  subscriptionsPerProcessMax: 1_000,
  /** Payloads of one take; the last may go over it, and the answer still fits a frame. */
  takenBytesMax: 4 * MIB,
  /** Subscriptions of one named queue. */
  consumersPerSourceMax: 1_000,
  /** M1: named queues of one user that hold something. */
  queuesPerUserMax: 1_000,
  /** M8: what waits in all queues of one user. */
  queueBytesPerUserMax: 256 * MIB,
  /** Of one listing, so that it fits a frame. */
  queuesListedMax: 10_000,
  queueNameCharsMax: 128,
  /** M10 */
  topicCharsMax: 256,
  /** M10: topics of one user whose last value is kept, and what these hold in all. */
  topicsPerUserMax: 10_000,
  topicBytesPerUserMax: 64 * MIB,
  /** M10: durable cursors of one process. */
  cursorsPerProcessMax: 100,
  /** M10: what waits at one cursor, bytes beside what may be in hand; as much as in an inbox. */
  cursorPendingMax: 10_000,
  cursorPendingBytesMax: 16 * MIB,
  /** M10: what a live subscriber may be behind before it misses some; one always has room. */
  topicBacklogMax: 256,
  topicBacklogBytesMax: 1 * MIB,
  /** Of one listing, so that it fits a frame: topics, and cursors. */
  topicsListedMax: 1_000,
  /** M10: in each direction of a pipe. */
  pipeChunksMax: 64,
  pipeChunkBytesMax: 64 * KIB,
  /** M10: in all pipes together; beyond it, a direction holds one chunk. */
  pipeBytesInAllMax: 256 * MIB,
  /** Pipes between one parent and one child, told apart by their names. */
  pipesPerPairMax: 4,
  /** Of one process, to all of its children and its parent. */
  pipesPerProcessMax: 10_000,
  /** Writes that wait for room in one direction of a pipe. */
  pipeWritersWaitingMax: 64,
  /** What one read hands out, and a chunk more: a reply that the link need not make room for. */
  pipeReadBytesMax: 448 * KIB,
  /**
   * Dead letters kept per process. The oldest go first, by the fold and without an event of their
   * own: the events by which they came here still tell of them.
   */
  deadLettersMax: 1_000,
  /** P5 */
  nameCharsMax: 128,
  artifactKeyCharsMax: 512,
  artifactsPerProcessMax: 100_000,
  /** Content above this goes to the content store by hash, never into an event. */
  inlineContentBytesMax: 4 * KIB,
  /** Text fields: descriptions, outputs, prompts, log lines. */
  textBytesMax: 1 * MIB,
  mapEntriesMax: 1_000,
  /** P8: what a SIGCHLD carries of the output. */
  signalOutputBytesMax: 4 * KIB,
  /** DESIGN D6: answered calls that the other side has not yet acknowledged, per connection. */
  unacknowledgedRepliesMax: 4_096,
  /** Tokens in one report of an agent or of a provider: what is more is no count but a fault. */
  tokensPerReportMax: 1_000_000_000,
  /** B3: of each number of one model call's estimate. */
  reserveMax: 1_000_000_000_000,
  /** B5: model calls that wait for room in a budget, in all. */
  budgetWaitsMax: 10_000,
  /** Calls of one process that are owed an answer (blocking ones). */
  owedCallsPerProcessMax: 1_024,
  /** Tasks in line at one process behind `max_concurrent_tasks`. */
  tasksQueuedMax: 10_000,
  /** Of `retries_max` of one task. */
  taskRetriesMax: 100,
  /** Of the reason that a signal, a restart or an interrupt gives, for people. */
  reasonCharsMax: 1_000,
  /** S7: as base64 in Init it must fit a frame. */
  checkpointBytesMax: 8 * MIB,
  /** S6: the longest silence that a tool may declare. */
  quietMsMax: 24 * 3_600_000,
  treeDepthMax: 1_000,
  /** Of all states, dead records included: 2.5 KiB each. */
  processesMax: 250_000,
  /** S4: kept after a crash loop; the oldest go first. */
  quarantinedMax: 1_000,
  /** "No limit" in a request (P6). */
  noLimit: Number.MAX_SAFE_INTEGER,
} as const;

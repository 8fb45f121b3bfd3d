// The bounds of the process tier, by name. What an operator may change is in RuntimeOptions; these
// are what the memory of the daemon and the truth of its reports depend on.

const KIB = 1024;
const MIB = 1024 * KIB;

export const RUNTIME_LIMITS = {
  /** Of a Unix socket's path: the size of `sun_path`, less its closing zero. */
  socketPathBytesMax: 107,
  /** From a connection to its Hello. */
  helloMs: 5_000,
  /** Connections on one process's socket at a time, refused ones that still drain included. */
  connectionsMax: 8,
  /** A live process without a connection has this long to come back. */
  reconnectMs: 5_000,
  /** What is read of one connection before the others have their turn. */
  linkBytesPerTurn: 64 * KIB,
  /** OS processes between fork and Hello; more than this a core wait in line. */
  startsAtOncePerCore: 8,
  /** From SIGKILL to the last member of a group gone. */
  groupGoneMs: 2_000,
  /** From a pause to the last stray of the agent stopped. */
  strayStopMs: 1_000,
  /** S1, USR1: for what the agent says of itself; then the kernel's part goes alone. */
  dumpAnswerMs: 2_000,
  /** Of that, what is kept: the whole is an artifact. */
  dumpBytesMax: 8 * MIB,
  /** After the process's end: what is still in its socket and its pipes is read. */
  lastWordsMs: 1_000,
  /** The same for its pipes as long as there is more in them. */
  lastOutputMs: 10_000,
  /** A message's content that the store cannot give now is read again after such a pause. */
  refetchFirstMs: 100,
  refetchMaxMs: 10_000,
  outputLineBytesMax: 64 * KIB,
  logFileBytesMax: 10 * MIB,
  /** Output that waits for the disk; beyond it output is dropped, with a note in the log. */
  logPendingBytesMax: 4 * MIB,
  /** Of the output, for messages about a failure. */
  lastLinesKept: 20,
  lastLineCharsMax: 500,
  /** Warnings of one kind about one process: the first, then a summary at most this often. */
  warningIntervalMs: 1_000,
  /** The reaper died: how often another is started, and the pause before each try. */
  reaperRestartsMax: 5,
  reaperRestartMs: 200,
  /** From `quit` to the reaper's end. */
  reaperQuitMs: 1_000,
  /** Before the promised end after a kernel's death, for the kill itself and its check. */
  reaperLeadMs: 800,
} as const;

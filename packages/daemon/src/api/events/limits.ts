// What following events may cost, by name.
// Nothing here grows with how slow a follower is, and only the number of followers multiplies it.

const KIB = 1024;
const MIB = 1024 * KIB;

export interface LiveLimits {
  readonly eventsMax: number;
  readonly weightMax: number;
  readonly observationsMax: number;
}

/** The newest events, held once for all followers; who is further behind reads the store. */
export const LIVE_LIMITS: LiveLimits = {
  eventsMax: 8_192,
  /** Characters of text in the events, about. */
  weightMax: 8 * MIB,
  observationsMax: 1_024,
};

export const FOLLOW_LIMITS = {
  /** Followers at once, through all doors; further ones are refused. */
  followersMax: 1_000,
  /**
   * A follower that takes nothing for so long is put aside: it keeps its place, and the kernel
   * keeps nothing for it but what it was handed already (`chunkBytesMax`, or one event if that is
   * larger). When it reads again it goes on from its place.
   */
  stalledMs: 1_000,
  /** Wire events are handed to HTTP and gRPC in pieces of about this much. */
  chunkBytesMax: 64 * KIB,
  /** Without events, a sign of life so often. */
  heartbeatMs: 15_000,
  /** Payloads whose previews are fetched at the same time. */
  tellingsAtOnce: 64,
  /** Of what is kept, told in one turn of the event loop: about a millisecond of work. */
  tellingsPerTurn: 512,
  /** Type words in one request. */
  typesMax: 64,
  typeCharsMax: 128,
} as const;

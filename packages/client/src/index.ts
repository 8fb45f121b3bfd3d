// The client of a running kernel: what the command line, tests and benchmarks import.
export { connect } from './hive-client.ts';
export type { CallPatience, ConnectOptions, HiveClient, KernelStatus } from './hive-client.ts';
export { HiveClientError } from './client-error.ts';
export { RUN_FILE, isOsProcessAlive, readRunFile } from './run-file.ts';
export type { RunInfo } from './run-file.ts';
export type { AgentView } from './agents.ts';
export type {
  Artifact,
  ArtifactMeta,
  ExitReport,
  Inbox,
  InboxMessage,
  ListedArtifact,
  StoredArtifact,
  TaskReport,
  UsageReport,
} from './answers.ts';
export type { FollowRequest, JournalEvent, KernelEvent } from './events.ts';
export type { Greeting, KernelPlace } from './dial.ts';
export type {
  KillOrder,
  LimitsOrder,
  MessageOrder,
  SpawnOrder,
  StoreOrder,
  TaskOrder,
} from './orders.ts';
export { LOG_LEVEL, PRIORITY, ROLE, SHUTDOWN_REASON, TIER, VISIBILITY } from './words.ts';
export type {
  LogLevel,
  Priority,
  Relation,
  Role,
  Severity,
  ShutdownReason,
  Tier,
  Visibility,
} from './words.ts';

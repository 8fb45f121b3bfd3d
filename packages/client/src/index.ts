// The client of a running kernel: what the command line, tests and benchmarks import.
export { connect } from './hive-client.ts';
export type { ConnectOptions, HiveClient, KernelStatus } from './hive-client.ts';
export type { CallPatience } from './client-link.ts';
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
  SignalReport,
  StoredArtifact,
  TaskReport,
  UsageReport,
} from './answers.ts';
export type { FollowRequest, JournalEvent, KernelEvent, WireEvent, WireRequest } from './events.ts';
export type { Greeting, KernelPlace } from './dial.ts';
export type {
  CollapseOrder,
  ExitOrder,
  KillOrder,
  LimitsOrder,
  MessageOrder,
  RestartOrder,
  SignalOrder,
  SpawnOrder,
  StoreOrder,
  TaskOrder,
} from './orders.ts';
export {
  LOG_LEVEL,
  PRIORITY,
  RESTART_POLICIES,
  ROLE,
  SHUTDOWN_REASON,
  SIGNAL,
  STRATEGIES,
  TIER,
  VISIBILITY,
} from './words.ts';
export type {
  LogLevel,
  Priority,
  Relation,
  RestartPolicy,
  Role,
  Severity,
  ShutdownReason,
  SignalName,
  Strategy,
  Tier,
  Visibility,
} from './words.ts';

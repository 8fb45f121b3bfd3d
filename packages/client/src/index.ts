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
  DeadLetter,
  ExitReport,
  Inbox,
  InboxMessage,
  ListedArtifact,
  SignalReport,
  StoredArtifact,
  TaskReport,
  UsageReport,
} from './answers.ts';
export type { ArtifactName } from './artifacts.ts';
export type { FollowRequest, JournalEvent, KernelEvent, WireEvent, WireRequest } from './events.ts';
export type {
  BudgetChange,
  BudgetView,
  FreezeOrder,
  PurseView,
  RaiseOrder,
} from './budget-calls.ts';
export type { CapabilityOrder, CapabilityView } from './process-calls.ts';
export type { AckOrder, LetterName, MessageName } from './mail.ts';
export type { CursorView, PublishOrder, Published, QueueView, TopicView } from './topic-calls.ts';
export type { Publication, TakeOrder, TakenMessage, WatchOrder } from './subscription.ts';
export type { Greeting, KernelPlace } from './dial.ts';
export type {
  CollapseOrder,
  ExitOrder,
  KillOrder,
  LimitsOrder,
  MessageBody,
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
  PURSES,
  RELAYS,
  RESTART_POLICIES,
  ROLE,
  SHUTDOWN_REASON,
  SIGNAL,
  STRATEGIES,
  TIER,
  VISIBILITY,
} from './words.ts';
export type {
  AckStatus,
  LogLevel,
  Priority,
  Purse,
  Relation,
  Relay,
  RestartPolicy,
  Role,
  Severity,
  ShutdownReason,
  SignalName,
  Strategy,
  Tier,
  Visibility,
} from './words.ts';

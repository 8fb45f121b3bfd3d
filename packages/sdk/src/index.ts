// What an agent author imports. The runner (runner.ts) starts agents; nothing here does.
export { Agent, defineAgent } from './agent.ts';
export type {
  AgentClass,
  AgentHandlers,
  MessageOutcome,
  SavedState,
  TaskHandler,
} from './agent.ts';
export type {
  Artifact,
  ArtifactAccount,
  ArtifactEntry,
  ArtifactName,
  Artifacts,
  DisposeOptions,
  GetOptions,
  ListArtifactsOptions,
  PutOptions,
  StoredArtifact,
} from './context/artifacts.ts';
export type { AgentConfig, Context, Escalation, TaskContext } from './context/context.ts';
export type { ChildExit, ExitResult, SignalOutcome } from './context/lifecycle.ts';
export type { Log, LogFields } from './context/log.ts';
export type { Inbox, ReceiveOptions, RequestOptions, SendDetails } from './context/mail.ts';
export type { Message } from './context/message.ts';
export type { Pipe, PipeOptions, PipeReadOptions } from './context/pipe.ts';
export type { LinesOptions } from './context/pipe-lines.ts';
export type { PipeWriteOptions } from './context/pipe-writer.ts';
export type { Limits, ProcessInfo, Sibling, Tool, Usage } from './context/process-info.ts';
export type { CursorInfo, Publication, TopicInfo, TopicsInfo } from './context/publication.ts';
export type {
  Queue,
  QueueInfo,
  QueueMessage,
  QueueMessagesOptions,
  QueueSendDetails,
  QueueTakeOptions,
  TakenMessage,
} from './context/queue.ts';
export type {
  CollapseOptions,
  EscalateOptions,
  KillOptions,
  RestartOptions,
  SendOptions,
  SignalOptions,
  SpawnOptions,
  TaskOptions,
} from './context/requests.ts';
export type { ChildSignal, HangupSignal, ReceivedSignal } from './context/signal.ts';
export type { Subscription } from './context/subscription.ts';
export type { Published, PublishOptions, SubscribeOptions } from './context/topics.ts';
export type { ChildrenOptions, ProcessesOptions } from './context/tree.ts';
export type { CallOptions } from './deadline.ts';
export { HiveError } from './hive-error.ts';
export type { HiveErrorCode, HiveErrorDetails, HiveErrorOptions } from './hive-error.ts';
export { imageOf } from './image.ts';
export type {
  ChatMessage,
  ChatRequest,
  ChatResult,
  JsonSchema,
  TokenUsage,
  ToolCall,
  ToolOffer,
} from './model/chat.ts';
export { Conversation } from './model/conversation.ts';
export { LLMAgent } from './model/llm-agent.ts';
export type { AskOptions } from './model/llm-agent.ts';
export { LLMClient } from './model/llm-client.ts';
export type { ChatInput, ChatOptions, LLMClientOptions } from './model/llm-client.ts';
export type { JsonValue, Payload } from './payload.ts';
export type { Task, TaskOutput, TaskResult } from './task.ts';
export type {
  Ack,
  LogLevel,
  Priority,
  ProcessState,
  Relation,
  Relay,
  RestartPolicy,
  Role,
  Runtime,
  Severity,
  ShutdownReason,
  SignalName,
  Strategy,
  Tier,
  Visibility,
} from './words.ts';

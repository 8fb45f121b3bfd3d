// The frozen facts of agent.proto and core.proto, as their specification has them: services, enums,
// and for each message "number name type", [] for repeated. Written from the specification, not
// from the .proto files, so that a slip in those shows. Extensions, from 100 up, stand apart below.
//   A line that begins with two blanks continues the one before.

export const FROZEN = {
  agentService: `
Init: InitRequest -> InitResponse
Shutdown: ShutdownRequest -> ShutdownResponse
Heartbeat: HeartbeatRequest -> HeartbeatResponse
Execute: stream ExecuteInput -> stream TaskProgress
Interrupt: InterruptRequest -> InterruptResponse
DeliverMessage: AgentMessage -> MessageAck
`,
  coreService: `
SpawnChild: SpawnRequest -> SpawnResponse
KillChild: KillRequest -> KillResponse
GetProcessInfo: ProcessInfoRequest -> ProcessInfo
ListChildren: ListChildrenRequest -> ListChildrenResponse
SendMessage: SendMessageRequest -> SendMessageResponse
Subscribe: SubscribeRequest -> stream AgentMessage
StoreArtifact: StoreArtifactRequest -> StoreArtifactResponse
GetArtifact: GetArtifactRequest -> GetArtifactResponse
ListArtifacts: ListArtifactsRequest -> ListArtifactsResponse
GetResourceUsage: ResourceUsageRequest -> ResourceUsage
RequestResources: ResourceRequest -> ResourceResponse
Escalate: EscalateRequest -> EscalateResponse
Log: LogRequest -> LogResponse
ReportMetric: MetricRequest -> MetricResponse
ExecuteTask: ExecuteTaskRequest -> ExecuteTaskResponse
SubscribeEvents: SubscribeEventsRequest -> stream ProcessEvent
AddCron: AddCronRequest -> AddCronResponse
RemoveCron: RemoveCronRequest -> RemoveCronResponse
ListCron: ListCronRequest -> ListCronResponse
ListInbox: ListInboxRequest -> ListInboxResponse
ListSiblings: ListSiblingsRequest -> ListSiblingsResponse
WaitChild: WaitChildRequest -> WaitChildResponse
`,
  enums: `
AgentRole: ROLE_KERNEL=0, ROLE_DAEMON=1, ROLE_AGENT=2, ROLE_ARCHITECT=3, ROLE_LEAD=4,
  ROLE_WORKER=5, ROLE_TASK=6
CognitiveTier: COG_STRATEGIC=0, COG_TACTICAL=1, COG_OPERATIONAL=2
AgentState: STATE_IDLE=0, STATE_RUNNING=1, STATE_BLOCKED=2, STATE_SLEEPING=3, STATE_DEAD=4,
  STATE_ZOMBIE=5
Priority: PRIORITY_CRITICAL=0, PRIORITY_HIGH=1, PRIORITY_NORMAL=2, PRIORITY_LOW=3
MessageRelation: REL_SYSTEM=0, REL_PARENT=1, REL_CHILD=2, REL_SIBLING=3
ShutdownReason: SHUTDOWN_NORMAL=0, SHUTDOWN_PARENT_DIED=1, SHUTDOWN_BUDGET_EXCEEDED=2,
  SHUTDOWN_MIGRATION=3, SHUTDOWN_USER_REQUEST=4
AckStatus: ACK_ACCEPTED=0, ACK_QUEUED=1, ACK_REJECTED=2, ACK_ESCALATE=3
ProgressType: PROGRESS_UPDATE=0, PROGRESS_LOG=1, PROGRESS_COMPLETED=2, PROGRESS_FAILED=3,
  PROGRESS_NEEDS_INPUT=4, PROGRESS_SYSCALL=5
RuntimeType: RUNTIME_PYTHON=0, RUNTIME_CLAW=1, RUNTIME_CUSTOM=2
ArtifactVisibility: VIS_PRIVATE=0, VIS_USER=1, VIS_SUBTREE=2, VIS_GLOBAL=3
EscalationSeverity: ESC_INFO=0, ESC_WARNING=1, ESC_ERROR=2, ESC_CRITICAL=3
LogLevel: LOG_DEBUG=0, LOG_INFO=1, LOG_WARN=2, LOG_ERROR=3
`,
  agentMessages: `
InitRequest: 1 pid uint64; 2 ppid uint64; 3 user string; 4 role AgentRole; 5 cognitive_tier
  CognitiveTier; 10 config AgentConfig; 11 limits ResourceLimits; 12 tools Tool[]; 13 env
  map<string, string>
AgentConfig: 1 name string; 2 system_prompt string; 3 model string; 4 metadata map<string,
  string>
ResourceLimits: 1 max_tokens_per_hour uint64; 2 max_context_tokens uint64; 3 max_children
  uint32; 4 max_concurrent_tasks uint32; 5 timeout_seconds uint32; 6 max_tokens_total uint64
Tool: 1 name string; 2 description string; 3 config map<string, string>; 4 allowed_paths
  string[]
InitResponse: 1 ready bool; 2 error string
ShutdownRequest: 1 reason ShutdownReason; 2 grace_period_seconds uint32
ShutdownResponse: 1 state_snapshot bytes; 2 partial_result TaskResult
HeartbeatRequest: 1 timestamp uint64
HeartbeatResponse: 1 state AgentState; 2 context_usage_percent float; 3 tokens_consumed uint64;
  4 active_children uint32; 5 current_task_id string
ExecuteInput: oneof input { 1 task TaskRequest, 2 syscall_result SyscallResult, 3 user_input
  string }
TaskRequest: 1 task_id string; 2 description string; 3 params map<string, string>; 4 priority
  Priority; 5 timeout_seconds uint32; 6 context bytes; 7 parent_task_id string
TaskProgress: 1 task_id string; 2 type ProgressType; 3 message string; 4 progress_percent float;
  5 result TaskResult; 6 syscalls SystemCall[]
TaskResult: 1 exit_code int32; 2 output string; 3 artifacts map<string, string>; 4 metadata
  map<string, string>
InterruptRequest: 1 task_id string; 2 reason string
InterruptResponse: 1 acknowledged bool; 2 partial_result TaskResult
AgentMessage: 1 message_id string; 2 from_pid uint64; 3 from_name string; 4 relation
  MessageRelation; 5 type string; 6 priority Priority; 7 payload bytes; 8 timestamp uint64; 9
  requires_ack bool; 10 reply_to string
MessageAck: 1 message_id string; 2 status AckStatus; 3 reply string
SystemCall: 1 call_id string; oneof call { 2 spawn SpawnRequest, 3 kill KillRequest, 4 send
  SendMessageRequest, 5 store StoreArtifactRequest, 6 get_artifact GetArtifactRequest, 7
  escalate EscalateRequest, 8 log LogRequest, 9 execute_on ExecuteOnRequest, 10 wait_child
  WaitChildRequest, 11 list_siblings ListSiblingsRequest }
SyscallResult: 1 call_id string; oneof result { 2 spawn SpawnResponse, 3 kill KillResponse, 4
  send SendMessageResponse, 5 store StoreArtifactResponse, 6 get_artifact GetArtifactResponse, 7
  escalate EscalateResponse, 8 log LogResponse, 9 execute_on ExecuteOnResponse, 10 wait_child
  WaitChildResponse, 11 list_siblings ListSiblingsResponse }
ExecuteOnRequest: 1 target_pid uint64; 2 task TaskRequest
ExecuteOnResponse: 1 success bool; 2 result TaskResult; 3 error string
SpawnRequest: 1 name string; 2 role AgentRole; 3 cognitive_tier CognitiveTier; 4 model string; 5
  system_prompt string; 6 tools string[]; 7 limits ResourceLimits; 8 env map<string, string>; 9
  initial_task string; 10 runtime_type RuntimeType; 11 runtime_image string; 12 schedule
  Schedule
Schedule: 1 cron string; 2 keep_alive bool
SpawnResponse: 1 success bool; 2 child_pid uint64; 3 error string
KillRequest: 1 target_pid uint64; 2 recursive bool; 3 reason ShutdownReason; 4
  grace_period_seconds uint32
KillResponse: 1 success bool; 2 killed_pids uint64[]; 3 error string
SendMessageRequest: 1 to_pid uint64; 2 to_queue string; 3 type string; 4 priority Priority; 5
  payload bytes; 6 requires_ack bool; 7 ttl_seconds uint32; 8 reply_to string
SendMessageResponse: 1 delivered bool; 2 message_id string; 3 error string
StoreArtifactRequest: 1 key string; 2 content bytes; 3 content_type string; 4 visibility
  ArtifactVisibility
StoreArtifactResponse: 1 success bool; 2 artifact_id string; 3 error string
GetArtifactRequest: 1 artifact_id string; 2 key string
GetArtifactResponse: 1 found bool; 2 content bytes; 3 content_type string; 4 stored_by_pid
  uint64; 5 stored_at uint64; 6 error string
EscalateRequest: 1 issue string; 2 severity EscalationSeverity; 3 context map<string, string>; 4
  auto_propagate bool
EscalateResponse: 1 received bool; 2 handled_by_pid uint64; 3 response string
LogRequest: 1 level LogLevel; 2 message string; 3 fields map<string, string>
LogResponse: (empty)
ListSiblingsRequest: (empty)
ListSiblingsResponse: 1 siblings SiblingInfo[]
SiblingInfo: 1 pid uint64; 2 name string; 3 role string; 4 state string
WaitChildRequest: 1 target_pid uint64; 2 timeout_seconds int32
WaitChildResponse: 1 success bool; 2 pid uint64; 3 exit_code int32; 4 output string; 5 error
  string
`,
  coreMessages: `
ProcessInfoRequest: 1 pid uint64
ProcessInfo: 1 pid uint64; 2 ppid uint64; 3 user string; 4 name string; 5 role AgentRole; 6
  cognitive_tier CognitiveTier; 7 model string; 8 state AgentState; 9 vps string; 10
  tokens_consumed uint64; 11 context_usage_percent float; 12 child_count uint32; 13 started_at
  uint64; 14 current_task_id string; 15 runtime_addr string
ListChildrenRequest: 1 recursive bool; 2 filter_state AgentState
ListChildrenResponse: 1 children ProcessInfo[]
SubscribeRequest: 1 queue string; 2 type_filter string; 3 min_priority Priority
ListArtifactsRequest: 1 prefix string; 2 stored_by_pid uint64
ListArtifactsResponse: 1 artifacts ArtifactMeta[]
ArtifactMeta: 1 artifact_id string; 2 key string; 3 content_type string; 4 size_bytes uint64; 5
  stored_by_pid uint64; 6 stored_at uint64
ResourceUsageRequest: (empty)
ResourceUsage: 1 tokens_consumed uint64; 2 tokens_remaining uint64; 3 children_active uint32; 4
  children_max uint32; 5 context_usage_percent float; 6 uptime_seconds uint64
ResourceRequest: 1 resource_type string; 2 amount uint64; 3 justification string
ResourceResponse: 1 granted bool; 2 granted_amount uint64; 3 reason string
MetricRequest: 1 name string; 2 value double; 3 labels map<string, string>
MetricResponse: (empty)
ExecuteTaskRequest: 1 target_pid uint64; 2 description string; 3 params map<string, string>; 4
  timeout_seconds int32
ExecuteTaskResponse: 1 success bool; 2 result TaskResult; 3 error string
ProcessEvent: 1 seq uint64; 2 timestamp_ms int64; 3 type string; 4 pid uint64; 5 ppid uint64; 6
  name string; 7 role string; 8 tier string; 9 model string; 10 state string; 11 old_state
  string; 12 new_state string; 13 level string; 14 message string; 15 reply_to string; 16
  payload_preview string; 17 trace_id string; 18 trace_span string; 19 message_id string; 20
  fields map<string, string>
SubscribeEventsRequest: 1 since_seq uint64
CronEntryProto: 1 id string; 2 name string; 3 cron_expression string; 4 action string; 5
  target_pid uint64; 6 execute_description string; 7 execute_params map<string, string>; 8
  enabled bool; 9 last_run_ms int64; 10 next_run_ms int64; 11 last_exit_code int32; 12
  last_output string; 13 last_duration_ms int64
AddCronRequest: 1 name string; 2 cron_expression string; 3 action string; 4 target_pid uint64; 5
  execute_description string; 6 execute_params map<string, string>
AddCronResponse: 1 cron_id string; 2 error string
RemoveCronRequest: 1 cron_id string
RemoveCronResponse: 1 ok bool; 2 error string
ListCronRequest: (empty)
ListCronResponse: 1 entries CronEntryProto[]
ListInboxRequest: 1 pid uint64
ListInboxResponse: 1 messages AgentMessage[]; 2 total int32
`,
} as const;

/** What HiveKernel adds to them. */
export const EXTENSIONS = {
  enums: `
RuntimeType: RUNTIME_NODE=100
`,
  agentMessages: `
AgentMessage: 100 deadline_ms uint64; 101 from_address string; 103 why_dead string;
  104 queue string; 105 topic string; 106 retained bool; 107 missed uint64; 108 tries uint32
SendMessageRequest: 100 to_address string; 101 idempotency_key string; 102 deadline_ms uint64
TaskRequest: 100 retries_max uint32
ExecuteOnResponse: 100 error_code string
SpawnRequest: 100 user string; 101 exit_after_task bool; 102 cwd string; 103 restart_policy string;
  104 strategy string; 105 wall_limit_seconds uint32; 106 idle_limit_seconds uint32;
  107 first_token_limit_seconds uint32; 108 on_kernel_death string;
  109 relay string; 110 usd_micros uint64; 120 capabilities string[]
SpawnResponse: 100 error_code string
KillResponse: 100 error_code string
SendMessageResponse: 100 error_code string
StoreArtifactRequest: 101 frozen bool; 102 artifact_id string; 103 trace_id string;
  oneof _if_version { 100 if_version uint32 }
StoreArtifactResponse: 100 error_code string; 101 version uint32; 102 sha256 string
GetArtifactRequest: 100 version uint32
GetArtifactResponse: 100 error_code string; 101 key string; 102 version uint32; 103 sha256 string;
  104 visibility ArtifactVisibility; 105 artifact_id string; 106 frozen bool;
  107 owner_pid uint64; 108 task_id string; 109 trace_id string
EscalateResponse: 100 error_code string
WaitChildRequest: 100 peek bool
WaitChildResponse: 100 error_code string; 101 cause string; 102 name string
`,
  coreMessages: `
SubscribeRequest: 100 topic string; 101 durable string; 102 with_ack bool; 103 skip_retained bool
ListInboxRequest: 100 queue string
ListInboxResponse: 100 dead_letters AgentMessage[]; 101 dead_total int32
ProcessInfo: 100 address string; 101 phase string; 102 exit_cause string; 103 exit_code int32;
  104 restarts uint32; 105 os_pid uint64; 106 state_word string; 107 tokens_subtree uint64;
  108 inbox_depth uint32; 109 llm_calls uint64; 110 tokens_simulated uint64;
  111 tasks_running uint32; 112 tasks_queued uint32; 113 output string; 114 started_at_ms uint64;
  115 restart_policy string; 116 strategy string; 117 quarantined bool; 118 exit_detail string;
  119 checkpoint_bytes uint64; 120 gone bool; 121 restarts_in_row uint32;
  122 budget_allocated map<string, uint64>; 123 budget_remaining map<string, int64>;
  124 budget_frozen bool
ArtifactMeta: 100 version uint32; 101 sha256 string; 102 visibility ArtifactVisibility;
  103 versions_kept uint32; 104 frozen bool; 105 owner_pid uint64; 106 task_id string;
  107 trace_id string
ResourceResponse: 100 error_code string
ExecuteTaskRequest: 100 retries_max uint32
ExecuteTaskResponse: 100 error_code string; 101 task_id string
ProcessEvent: 100 id string
SubscribeEventsRequest: 100 after_id string; 101 pid uint64; 102 subtree bool; 103 types string[]
`,
} as const;

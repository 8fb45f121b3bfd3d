// The facts of control.proto and of the messages that its service takes from link.proto, in the
// words of frozen-facts.ts. Programs in other languages call this service over gRPC, so what stands
// here may be added to and never changed. Of the link's own envelopes only what has come
// since.

export const CONTROL = {
  service: `
Signal: SignalCall -> SignalReply
Restart: RestartCall -> Done
Sleep: SleepCall -> Done
Wake: WakeCall -> Done
Checkpoint: CheckpointCall -> Done
CompleteTask: ExitCall -> Done
CollapseBranch: CollapseCall -> CollapseReply
PendingResults: PendingResultsCall -> PendingResultsReply
Reparent: ReparentCall -> Done
Ancestors: AncestorsCall -> AncestorsReply
CommonAncestor: CommonAncestorCall -> ProcessInfo
SubtreeNodes: SubtreeNodesCall -> SubtreeNodesReply
Requeue: RequeueCall -> RequeueReply
DropLetter: DropLetterCall -> Done
Acknowledge: AcknowledgeCall -> Done
DeleteArtifact: DeleteArtifactCall -> Done
FreezeArtifact: FreezeArtifactCall -> ArtifactMeta
ArtifactVersions: ArtifactVersionsCall -> ArtifactVersionsReply
ListQueues: ListQueuesCall -> ListQueuesReply
Publish: PublishCall -> PublishReply
ListTopics: ListTopicsCall -> ListTopicsReply
ClearTopic: ClearTopicCall -> Done
ForgetCursor: ForgetCursorCall -> Done
OpenPipe: OpenPipeCall -> Done
WritePipe: WritePipeCall -> Done
ReadPipe: ReadPipeCall -> ReadPipeReply
ClosePipe: ClosePipeCall -> Done
Grant: GrantCall -> Done
Revoke: RevokeCall -> Done
ListCapabilities: ListCapabilitiesCall -> ListCapabilitiesReply
RaiseBudget: RaiseBudgetCall -> BudgetInfo
FreezeBudget: FreezeBudgetCall -> BudgetInfo
ListBudgets: ListBudgetsCall -> ListBudgetsReply
Remove: RemoveCall -> Done
`,
  enums: `
Signal: SIGNAL_NONE=0, SIGNAL_HUP=1, SIGNAL_INT=2, SIGNAL_KILL=9, SIGNAL_USR1=10, SIGNAL_TERM=15,
  SIGNAL_CONT=18, SIGNAL_STOP=19
`,
  messages: `
SignalCall: 1 target_pid uint64; 2 signal Signal; 3 recursive bool; 4 reason string;
  5 grace_period_seconds uint32
SignalReply: 1 killed_pids uint64[]; 2 signalled_pids uint64[]; 3 artifact_key string
RestartCall: 1 target_pid uint64; 2 reason string; 3 grace_period_seconds uint32
SleepCall: 1 target_pid uint64
WakeCall: 1 target_pid uint64
CheckpointCall: 1 state bytes
ExitCall: 1 exit_code int32; 2 output string; 3 pid uint64
CollapseCall: 1 target_pid uint64; 2 reason ShutdownReason; 3 grace_period_seconds uint32
CollapseReply: 1 results WaitChildResponse[]
PendingResultsCall: 1 target_pid uint64
PendingResultsReply: 1 results WaitChildResponse[]
ReparentCall: 1 target_pid uint64; 2 parent_pid uint64
AncestorsCall: 1 target_pid uint64
AncestorsReply: 1 processes ProcessInfo[]
CommonAncestorCall: 1 target_pid uint64; 2 other_pid uint64
SubtreeNodesCall: 1 target_pid uint64
SubtreeNodesReply: 1 nodes string[]
RequeueCall: 1 target_pid uint64; 2 message_id string; 3 queue string
RequeueReply: 1 message_id string
DropLetterCall: 1 target_pid uint64; 2 message_id string; 3 queue string
AcknowledgeCall: 1 target_pid uint64; 2 message_id string; 3 status AckStatus; 4 reply string
DeleteArtifactCall: 1 key string; 2 artifact_id string;
  oneof _if_version { 3 if_version uint32 }
FreezeArtifactCall: 1 key string; 2 artifact_id string;
  oneof _if_version { 3 if_version uint32 }
ArtifactVersionsCall: 1 key string; 2 artifact_id string
ArtifactVersionsReply: 1 versions ArtifactMeta[]
RaiseBudgetCall: 1 target_pid uint64; 2 purse string; 5 note string;
  oneof change { 3 by int64, 4 to uint64 }
FreezeBudgetCall: 1 target_pid uint64; 2 frozen bool; 3 note string
ListBudgetsCall: 1 root_pid uint64
Purse: 1 purse string; 2 allocated uint64; 3 spent uint64; 4 reserved uint64; 5 given uint64;
  6 remaining int64; 7 overdrawn uint64
BudgetInfo: 1 pid uint64; 2 name string; 3 address string; 4 frozen bool; 5 purses Purse[]
ListBudgetsReply: 1 budgets BudgetInfo[]
RemoveCall: 1 target_pid uint64
Done: (empty)
ProgressCall: 1 message string; 2 percent float; 3 quiet_ms uint32
DumpRequest: (empty)
DumpAnswer: 1 json string
ListQueuesCall: 1 prefix string
ListQueuesReply: 1 queues QueueInfo[]
QueueInfo: 1 user string; 2 name string; 3 waiting uint64; 4 bytes uint64; 5 in_hand uint64;
  6 consumers uint64; 7 dead_letters uint64; 8 oldest_ms int64
PublishCall: 1 topic string; 2 type string; 3 payload bytes; 4 transient bool
PublishReply: 1 message_id string; 2 subscribers uint64
ListTopicsCall: 1 pattern string
ListTopicsReply: 1 topics TopicInfo[]; 2 cursors CursorInfo[]; 3 topics_total uint64;
  4 cursors_total uint64
TopicInfo: 1 user string; 2 topic string; 3 last AgentMessage; 4 publications uint64;
  5 subscribers uint64
CursorInfo: 1 user string; 2 name string; 3 pattern string; 4 owner_pid uint64;
  5 waiting uint64; 6 missed uint64; 7 live bool
ClearTopicCall: 1 topic string
ForgetCursorCall: 1 name string
OpenPipeCall: 1 peer_pid uint64; 2 name string
WritePipeCall: 1 peer_pid uint64; 2 name string; 3 chunk bytes; 4 no_wait bool
ReadPipeCall: 1 peer_pid uint64; 2 name string; 3 max_chunks uint32; 4 timeout_ms uint32
ReadPipeReply: 1 chunks bytes[]; 2 end bool
ClosePipeCall: 1 peer_pid uint64; 2 name string; 3 both bool
GrantCall: 1 target_pid uint64; 2 capability string
RevokeCall: 1 target_pid uint64; 2 capability string
ListCapabilitiesCall: 1 target_pid uint64
ListCapabilitiesReply: 1 capabilities CapabilityInfo[]
CapabilityInfo: 1 capability string; 2 held bool; 3 role_default bool; 4 why string
`,
} as const;

/** Members of the link's envelopes: the number is the call's for ever. */
export const LINK_MEMBERS = {
  Call: `
exit: 12 ExitCall
progress: 25 ProgressCall
signal: 30 SignalCall
restart: 31 RestartCall
sleep: 32 SleepCall
wake: 33 WakeCall
checkpoint: 34 CheckpointCall
collapse: 35 CollapseCall
pending_results: 36 PendingResultsCall
reparent: 37 ReparentCall
ancestors: 38 AncestorsCall
common_ancestor: 39 CommonAncestorCall
subtree_nodes: 40 SubtreeNodesCall
requeue: 45 RequeueCall
drop_letter: 46 DropLetterCall
acknowledge: 47 AcknowledgeCall
delete_artifact: 41 DeleteArtifactCall
freeze_artifact: 42 FreezeArtifactCall
artifact_versions: 43 ArtifactVersionsCall
remove: 65 RemoveCall
subscribe: 48 SubscribeRequest
take: 49 TakeCall
unsubscribe: 50 UnsubscribeCall
list_queues: 51 ListQueuesCall
publish: 52 PublishCall
list_topics: 53 ListTopicsCall
clear_topic: 54 ClearTopicCall
forget_cursor: 55 ForgetCursorCall
open_pipe: 56 OpenPipeCall
write_pipe: 57 WritePipeCall
read_pipe: 58 ReadPipeCall
close_pipe: 59 ClosePipeCall
grant: 80 GrantCall
revoke: 81 RevokeCall
list_capabilities: 82 ListCapabilitiesCall
request_resources: 66 ResourceRequest
raise_budget: 67 RaiseBudgetCall
freeze_budget: 68 FreezeBudgetCall
list_budgets: 69 ListBudgetsCall
`,
  Reply: `
done: 12 Done
signal: 30 SignalReply
collapse: 35 CollapseReply
pending_results: 36 PendingResultsReply
ancestors: 38 AncestorsReply
common_ancestor: 39 ProcessInfo
subtree_nodes: 40 SubtreeNodesReply
requeue: 45 RequeueReply
freeze_artifact: 42 ArtifactMeta
artifact_versions: 43 ArtifactVersionsReply
subscribe: 48 SubscribeReply
take: 49 TakeReply
list_queues: 51 ListQueuesReply
publish: 52 PublishReply
list_topics: 53 ListTopicsReply
read_pipe: 58 ReadPipeReply
list_capabilities: 82 ListCapabilitiesReply
request_resources: 66 ResourceResponse
raise_budget: 67 BudgetInfo
freeze_budget: 68 BudgetInfo
list_budgets: 69 ListBudgetsReply
`,
  Request: `
dump: 16 DumpRequest
`,
  Answer: `
dump: 16 DumpAnswer
`,
} as const;

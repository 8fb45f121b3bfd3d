// The closed vocabularies that events, records and doors share. Words here are what the CLI, the
// journal and the pages show; the wire's numbers live in the daemon's translation.
//   P3. Roles and tiers by rank: the index in the list is the number on the wire.

export const ROLES = ['kernel', 'daemon', 'agent', 'architect', 'lead', 'worker', 'task'] as const;
export type Role = (typeof ROLES)[number];
export const roleRank = (role: Role): number => ROLES.indexOf(role);

export const TIERS = ['strategic', 'tactical', 'operational'] as const;
export type Tier = (typeof TIERS)[number];
export const tierRank = (tier: Tier): number => TIERS.indexOf(tier);

/** A2: what roles and rules give a right to. */
export const ACTIONS = [
  'spawn',
  'kill',
  'send_message',
  'write_artifact',
  'read_artifact',
  'escalate',
  'read_process',
] as const;
export type Action = (typeof ACTIONS)[number];

/** A3 */
export const CAPABILITIES = [
  'spawn_children',
  'kill_processes',
  'manage_tree',
  'shell_exec',
  'network_access',
  'file_write',
  'file_read',
  'budget_allocate',
  'escalate',
  'broadcast',
] as const;
export type Capability = (typeof CAPABILITIES)[number];
/** B1: what a budget holds: tokens of a tier, or US dollars in millionths. */
export const PURSES = [...TIERS, 'usd'] as const;
export type Purse = (typeof PURSES)[number];

/** B5: what becomes of a model call that its budget cannot pay. */
export const AT_LIMITS = ['refuse', 'block', 'degrade'] as const;
export type AtLimit = (typeof AT_LIMITS)[number];

export const BUDGET_MOVES = ['spawn', 'request', 'raise', 'lower'] as const;
export type BudgetMove = (typeof BUDGET_MOVES)[number];

export const STATES = [
  'starting',
  'idle',
  'running',
  'blocked',
  'paused',
  'sleeping',
  'stopping',
  'zombie',
  'dead',
] as const;
export type State = (typeof STATES)[number];

export const VISIBILITIES = ['private', 'user', 'subtree', 'global'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const SEVERITIES = ['info', 'warning', 'error', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** M4: what the sender is to the receiver. */
export const RELATIONS = ['system', 'parent', 'child', 'sibling', 'other'] as const;
export type Relation = (typeof RELATIONS)[number];

export type Priority = 0 | 1 | 2 | 3;

export const SHUTDOWN_REASONS = [
  'normal',
  'parent_died',
  'budget_exceeded',
  'migration',
  'user_request',
] as const;
export type ShutdownReason = (typeof SHUTDOWN_REASONS)[number];

/** How a process came to its end (P8). */
export const EXIT_CAUSES = [
  /** It said so itself, or its only task was done. */
  'done',
  /** Its OS process ended without being asked, with whatever code. */
  'crashed',
  'killed',
  /** The kernel died under it and it was ended with it. */
  'kernel_died',
  'kernel_stopped',
  /** It spoke nonsense on its link. */
  'protocol_error',
  /** A restart of it, or its wake, did not become ready. */
  'start_failed',
  /** S6: no answer to a heartbeat; no progress in its task; its wall limit. */
  'unresponsive',
  'hung',
  'over_limit',
  /** It was stopped to be started anew, by its supervisor's strategy or because somebody asked. */
  'restarted',
] as const;
export type ExitCause = (typeof EXIT_CAUSES)[number];

/** S2: what follows the end of a process. */
export const RESTART_POLICIES = ['permanent', 'transient', 'notify', 'temporary'] as const;
export type RestartPolicy = (typeof RESTART_POLICIES)[number];

/** S3: whom the restart of a child concerns beside itself. */
export const STRATEGIES = ['one_for_one', 'one_for_all', 'rest_for_one'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** M2: what an ancestor makes of messages that cross its branches. */
export const RELAYS = ['pass', 'copy', 'deny'] as const;
export type Relay = (typeof RELAYS)[number];

/** M1: the way that a message took. */
export const ROUTES = ['direct', 'siblings', 'branches'] as const;
export type Route = (typeof ROUTES)[number];

/** S1: what may be sent; CHLD is the kernel's alone. */
export const SIGNALS = ['TERM', 'KILL', 'INT', 'STOP', 'CONT', 'HUP', 'USR1'] as const;
export type SignalName = (typeof SIGNALS)[number];

export const TASK_OUTCOMES = ['completed', 'failed', 'timed_out', 'cancelled'] as const;
export type TaskOutcome = (typeof TASK_OUTCOMES)[number];

export const ACK_STATUSES = ['accepted', 'queued', 'rejected', 'escalate'] as const;
export type AckStatus = (typeof ACK_STATUSES)[number];

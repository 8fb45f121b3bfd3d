// Agent: what an author writes. The host (host/) calls these handlers; an agent is created once per
// process and lives until it is told to stop. Nothing here talks to the kernel.
//   G1. onInit ends before the first task or message arrives.
//   G2. Tasks run concurrently, up to the process's limit; messages of one sender and priority come
//       one after the other.
//   G3. A throw in onTask fails that task, in onMessage or onSignal it rejects that message, in
//       onInit it fails the start. Only the last ends the process.
import type { Context, TaskContext } from './context/context.ts';
import type { Message } from './context/message.ts';
import type { ReceivedSignal } from './context/signal.ts';
import type { JsonValue } from './payload.ts';
import type { Task, TaskOutput } from './task.ts';
import type { Ack, ShutdownReason } from './words.ts';

/**
 * What `onMessage` makes of a message; nothing means `accepted`. `rejected` is final and tells the
 * sender, `escalate` hands it to this agent's parent, `reply` answers it.
 */
export type MessageOutcome = void | Ack | { readonly reply: string };

/**
 * What `onShutdown` may leave for the incarnation after this one (`ctx.savedState`), in place of
 * the last `ctx.checkpoint`; nothing, or nothing in it, leaves that as it is.
 */
export type SavedState = void | Uint8Array | JsonValue;

export interface AgentHandlers {
  /**
   * Without an `onMessage`: messages wait for `ctx.receive`, unacknowledged, until somebody takes
   * them. At most 256 of them, or 1 MiB, are here at a time; the rest waits in the inbox.
   */
  readonly receives?: boolean;
  onInit?(ctx: Context): void | Promise<void>;
  onTask?(task: Task, ctx: TaskContext): TaskOutput | Promise<TaskOutput>;
  onMessage?(message: Message, ctx: Context): MessageOutcome | Promise<MessageOutcome>;
  /** HUP and CHLD. Without it they come to `onMessage`, as messages of type `signal`. */
  onSignal?(signal: ReceivedSignal, ctx: Context): void | Promise<void>;
  onShutdown?(reason: ShutdownReason, ctx: Context): SavedState | Promise<SavedState>;
  /** For a dump (USR1): what the agent has in mind, as a JSON value. */
  onDump?(ctx: Context): unknown;
}

/**
 * The base of every agent. Override the handlers that you need: a process without `onTask` refuses
 * tasks, one without `onMessage` accepts every message and hands escalations on to its parent,
 * unless it `receives`.
 */
export abstract class Agent implements AgentHandlers {
  readonly receives?: boolean;
  onInit?(ctx: Context): void | Promise<void>;
  onTask?(task: Task, ctx: TaskContext): TaskOutput | Promise<TaskOutput>;
  onMessage?(message: Message, ctx: Context): MessageOutcome | Promise<MessageOutcome>;
  onSignal?(signal: ReceivedSignal, ctx: Context): void | Promise<void>;
  onShutdown?(reason: ShutdownReason, ctx: Context): SavedState | Promise<SavedState>;
  onDump?(ctx: Context): unknown;
}

export type AgentClass = new () => AgentHandlers;

export type TaskHandler = (task: Task, ctx: TaskContext) => TaskOutput | Promise<TaskOutput>;

/**
 * The short form: a class out of handlers, or of `onTask` alone.
 *
 * ```ts
 * export default defineAgent(async (task, ctx) => `hello from ${ctx.pid}: ${task.description}`);
 * ```
 */
export function defineAgent(handlers: AgentHandlers | TaskHandler): AgentClass {
  const given = typeof handlers === 'function' ? { onTask: handlers } : handlers;
  return class extends Agent {
    constructor() {
      super();
      Object.assign(this, given);
    }
  };
}

/** Called with the context before `onInit`; for base classes that need it in every handler. */
export const BIND_CONTEXT = Symbol.for('hivekernel.bindContext');

export interface BindsContext {
  [BIND_CONTEXT](ctx: Context): void;
}

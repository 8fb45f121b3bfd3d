// What one process needs of the runtime around it; the same for all of them. The starter is an
// interface, so that a process knows neither programs nor directories.

import type { Pid, ProcessSpec } from '@hivekernel/kernel';
import type { Host } from '../journal/host.ts';
import type { Heartbeats } from './heartbeat.ts';
import type { AgentLinkHandlers } from './link/agent-link.ts';
import type { AgentCommand } from './os/agent-command.ts';
import type { StartGate } from './start-gate.ts';

export interface StartOrder {
  readonly pid: Pid;
  readonly spec: ProcessSpec;
  readonly linkPath: string;
  readonly startToken: string;
  /** Told which names of the spec's environment it cannot have. */
  readonly onIgnored: (names: readonly string[]) => void;
}

/** Makes OS processes, and sees to it that none outlives the daemon. */
export interface Starter {
  /** Rejects with `start_failed`. */
  start(order: StartOrder): Promise<AgentCommand>;
  /** Resolves with the OS's start time of the process; empty when it is gone already. */
  record(osPid: number): Promise<string>;
  /** Its group is gone. */
  unrecord(osPid: number): void;
  /** The process is at its end. */
  forget(pid: Pid): void;
}

export interface ProcessSurroundings {
  readonly host: Host;
  readonly starter: Starter;
  readonly gate: StartGate;
  readonly heartbeats: Heartbeats;
  readonly greeting: { readonly kernelVersion: string; readonly bootId: string };
  readonly startTimeoutMs: number;
  readonly ackTimeoutMs: number;
  readonly reconnectMs: number;
  linkPathOf(who: { pid: Pid; incarnation: number }): string;
  logPathOf(pid: Pid): string;
  callHandlers(who: {
    pid: Pid;
    incarnation: number;
  }): Pick<AgentLinkHandlers, 'onCall' | 'onCancel'>;
}

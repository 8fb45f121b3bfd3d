// What the runtime is given, and what its parts share. Sizes and times that nobody sets are in
// runtime-limits.ts.

import type { Pid } from '@hivekernel/kernel';
import type { Host } from '../journal/host.ts';

/** Where agents reach models (DESIGN D8), and the key by which the gateway knows who calls. */
export interface ModelEndpoint {
  /** For `OPENAI_BASE_URL`: `http://127.0.0.1:PORT/v1`. */
  readonly url: string;
  issueKey(pid: Pid): string;
  revokeKey(pid: Pid): void;
}

export interface RuntimeLogger {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface RuntimeOptions {
  readonly host: Host;
  /** For the sockets of links: a short path. Made with mode 0700; old sockets in it are removed. */
  readonly runtimeDir: string;
  /** `logs/`, `work/` and `cache/` are made in it. */
  readonly dataDir: string;
  /** Images and relative working directories are resolved against it. */
  readonly projectDir: string;
  /** Runs the runner and the reaper. */
  readonly nodePath: string;
  /** The program that loads an agent; gets the image as its argument. */
  readonly runnerPath: string;
  readonly modelEndpoint: ModelEndpoint;
  /** Names that agents inherit of `env`. */
  readonly envPass: readonly string[];
  /** Default: the daemon's own environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** From the start to the link, and again from there to Init answered. */
  readonly startTimeoutMs: number;
  /** M6: after a delivery that ended without a word on its message. */
  readonly ackTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly unresponsiveAfterMs: number;
  /** For a kill that names no grace period. */
  readonly termGraceMs: number;
  /** From the daemon's death, however it comes, to the end of all agents. */
  readonly kernelDeathGraceMs: number;
  /** For the Hello reply. */
  readonly kernelVersion: string;
  /** Differs at each boot. */
  readonly bootId: string;
  readonly logger: RuntimeLogger;
  /** Default: `RUNTIME_LIMITS.reconnectMs`. */
  readonly reconnectMs?: number;
}

// How the runtime is set up in its tests: agents are of the tests' own runner, and everything lies
// in one directory that the test removes.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Pid } from '@hivekernel/kernel';
import type { Host } from '../../src/journal/host.ts';
import type { RuntimeOptions } from '../../src/runtime/runtime-options.ts';

const RUNNER = fileURLToPath(new URL('./test-agent.ts', import.meta.url));

export function groundOptions(ground: {
  readonly host: Host;
  readonly dir: string;
  /** Model keys that are good, by the process that holds them. */
  readonly keys: Map<Pid, string>;
}): RuntimeOptions {
  const { host, dir, keys } = ground;
  return {
    host,
    runtimeDir: join(dir, 'run'),
    dataDir: join(dir, 'data'),
    projectDir: dir,
    nodePath: process.execPath,
    runnerPath: RUNNER,
    modelEndpoint: {
      url: 'http://127.0.0.1:1/v1',
      issueKey: (pid) => {
        keys.set(pid, `key-${pid}`);
        return `key-${pid}`;
      },
      revokeKey: (pid) => void keys.delete(pid),
    },
    envPass: ['PATH', 'HOME'],
    startTimeoutMs: 10_000,
    ackTimeoutMs: 60_000,
    heartbeatIntervalMs: 10_000,
    unresponsiveAfterMs: 30_000,
    termGraceMs: 5_000,
    kernelDeathGraceMs: 2_000,
    kernelVersion: '0.1.0',
    bootId: 'boot',
    logger: { warn: () => undefined, error: () => undefined },
  };
}

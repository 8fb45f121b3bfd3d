// A client in any language: gRPC on the daemon's TCP port and on its socket, with real agents.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agent, make } from '@hivekernel/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GrpcClient } from './api/grpc-client.ts';
import { osPidsAlive } from './os-pids.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const ACTORS = fileURLToPath(new URL('./agents/actors.ts', import.meta.url));

let hive: TestDaemon;
let token: string;
beforeAll(async () => {
  hive = await startTestDaemon();
  token = (await readFile(join(hive.dataDir, 'operator.token'), 'utf8')).trim();
});
afterAll(() => hive.stop());

describe('the gRPC door of a running daemon', () => {
  it.each(['tcp', 'socket'] as const)('spawns, executes and kills over %s', async (door) => {
    const { grpcAddress, grpcSocket } = hive.daemon.info;
    const client = new GrpcClient(door === 'tcp' ? grpcAddress : `unix:${grpcSocket}`);
    const headers = door === 'tcp' ? { token } : { pid: 1 };
    try {
      const request = make(agent.SpawnRequest, {
        name: `over-${door}`,
        role: agent.AgentRole.ROLE_WORKER,
        cognitiveTier: agent.CognitiveTier.COG_OPERATIONAL,
        runtimeType: agent.RuntimeType.RUNTIME_NODE,
        runtimeImage: `${ACTORS}#Echo`,
      });
      const spawned = await client.call('spawnChild', request, headers);
      expect(spawned).toMatchObject({ success: true, error: '' });
      const pid = spawned.childPid;
      const { osPid, state } = await client.call('getProcessInfo', { pid }, headers);
      expect(state).toBe(agent.AgentState.STATE_IDLE);
      expect(await osPidsAlive([osPid])).toEqual([osPid]);

      const order = { targetPid: pid, description: 'over the wire' };
      const done = await client.call('executeTask', order, headers);
      expect(done).toMatchObject({ success: true, error: '' });
      expect(done.result).toMatchObject({ exitCode: 0, output: 'over the wire' });

      const killed = await client.call('killChild', { targetPid: pid }, headers);
      expect(killed).toMatchObject({ success: true, killedPids: [pid] });
      expect(await osPidsAlive([osPid])).toEqual([]);
      const after = await client.call('getProcessInfo', { pid }, headers);
      expect(after).toMatchObject({ state: agent.AgentState.STATE_DEAD, osPid: 0 });
    } finally {
      client.close();
    }
  });

  it('lets nobody in on TCP without the token', async () => {
    const client = new GrpcClient(hive.daemon.info.grpcAddress);
    try {
      await expect(client.call('getProcessInfo', { pid: 1 })).rejects.toThrow(/UNAUTHENTICATED/);
    } finally {
      client.close();
    }
  });
});

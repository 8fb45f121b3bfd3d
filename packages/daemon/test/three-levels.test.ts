// Three levels of real OS processes: execute_on inside execute_on, and what is left of it.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { osPidsAlive } from './os-pids.ts';
import { startTestDaemon, type TestDaemon } from './test-daemon.ts';

const NEST = `${fileURLToPath(new URL('./agents/nest.ts', import.meta.url))}#default`;

let hive: TestDaemon;
beforeAll(async () => {
  hive = await startTestDaemon();
});
afterAll(async () => {
  await hive.stop();
});

describe('execute_on inside execute_on', () => {
  it('gives the result of three levels of OS processes, and leaves none (P8, P10)', async () => {
    const { client } = hive;
    const top = await client.spawn({ name: 'nest', role: 'lead', tier: 'tactical', image: NEST });
    const report = await client.executeTask({ pid: top, description: 'depth:2:kept' });
    expect(report.error).toBe('');
    const pids = report.output.split('>').map(Number);
    expect(pids[0]).toBe(top);
    expect(new Set(pids).size).toBe(3);
    expect(report.metadata).toMatchObject({ state: 'idle', pid2: String(pids[1]) });

    const { agents } = await client.processes();
    const branch = agents.filter(({ pid }) => pids.includes(pid));
    expect(branch.map(({ ppid }) => ppid)).toEqual([1, pids[0], pids[1]]);
    const osPids = branch.map(({ osPid }) => osPid);
    expect(new Set([...osPids, process.pid]).size).toBe(4);

    await client.kill(pids[2]!, {}, { as: pids[1]! });
    expect(await osPidsAlive([osPids[2]!])).toEqual([]);
    const kept = await client.artifacts.get({ key: 'nest/text' });
    expect(new TextDecoder().decode(kept.content)).toBe('kept');
    expect(kept.storedByPid).toBe(pids[2]);

    const killed = await client.kill(top, { isRecursive: true });
    expect(killed).toEqual([pids[1], top]);
    expect(await osPidsAlive(osPids)).toEqual([]);
    const all = (await client.processes({ includeDead: true })).agents;
    const dead = all.filter(({ pid }) => pids.includes(pid));
    expect(dead.map(({ state }) => state)).toEqual(['dead', 'dead', 'dead']);
    expect(dead.map(({ osPid }) => osPid)).toEqual([0, 0, 0]);
    const left = (await client.processes()).agents.map(({ pid }) => pid);
    expect(left).toEqual([1]);
  });
});

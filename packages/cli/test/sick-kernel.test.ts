import { afterAll, describe, expect, it } from 'vitest';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isOsProcessAlive } from '@hivekernel/client';
import { HiveGround } from './hive-ground.ts';

const PROGRAM = fileURLToPath(new URL('./sick-kernel.ts', import.meta.url));
const ground = new HiveGround();
const started: ChildProcess[] = [];
const TIMEOUT_MS = 30_000;

afterAll(async () => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
  await ground.end();
}, TIMEOUT_MS);

async function sickKernel(how: 'stops' | 'deaf'): Promise<number> {
  mkdirSync(ground.dataDir, { recursive: true });
  const child = spawn(process.execPath, [PROGRAM, ground.dataDir, how], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

describe('a kernel that cannot tell its status', { timeout: TIMEOUT_MS }, () => {
  it.each(['stops', 'deaf'] as const)('is found by up and stopped by down (%s)', async (how) => {
    const osPid = await sickKernel(how);
    const up = await ground.run('up', '-d');
    expect(up).toMatchObject({ code: 0 });
    expect(up.stderr).toContain(`is running already: OS process ${osPid}`);
    const foreground = await ground.run('up');
    expect(foreground).toMatchObject({ code: 5 });
    expect(foreground.stderr).toContain(`OS process ${osPid}`);
    const down = await ground.run('down');
    expect(down).toMatchObject({ code: 0 });
    expect(down.stderr).toContain(`stopped OS process ${osPid}`);
    expect(isOsProcessAlive(osPid)).toBe(false);
  });
});

import { TestKernel } from '@hivekernel/sdk/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { TeamManager } from './team.ts';

const kernel = new TestKernel({ images: { manager: TeamManager } });

afterEach(() => kernel.stop());

describe('TeamManager', () => {
  it('hands three subtasks to two workers in turn and combines what they stored', async () => {
    const pid = await kernel.spawn({ name: 'manager', role: 'lead', image: 'manager' });
    const { output, artifacts, metadata } = await kernel.execute(pid, 'ants');
    const [first, second] = metadata['workers']!.split(',');
    expect(output.split('\n')).toEqual([
      `1. outline of "ants" by worker-1 (pid ${first})`,
      `2. draft of "ants" by worker-2 (pid ${second})`,
      `3. review of "ants" by worker-1 (pid ${first})`,
    ]);
    const alive = kernel.processes.filter(({ isAlive }) => isAlive).map((process) => process.pid);
    expect(alive).toEqual([pid]);
    const stored = kernel.artifacts.get({
      key: artifacts['combined']!,
      artifactId: '',
      version: 0,
    });
    expect(new TextDecoder().decode(stored.content)).toBe(output);
  });
});

import { core } from '@hivekernel/protocol';
import { make } from '@hivekernel/protocol/messages';
import { describe, expect, it } from 'vitest';
import { infoFromWire } from './process-info.ts';

describe('infoFromWire()', () => {
  it.each([
    ['idle', 0, 'idle'],
    ['running', 1, 'running'],
    ['blocked', 2, 'blocked'],
    ['stopping', 2, 'blocked'],
    ['paused', 2, 'paused'],
    ['sleeping', 3, 'sleeping'],
    ['zombie', 5, 'zombie'],
  ] as const)('reads the state %s (%d on the wire) as %s', (stateWord, state, expected) => {
    expect(infoFromWire(make(core.ProcessInfo, { stateWord, state })).state).toBe(expected);
  });

  it('tells how a process is supervised and how it ended', () => {
    const info = infoFromWire(
      make(core.ProcessInfo, {
        restartPolicy: 'permanent',
        strategy: 'one_for_all',
        restarts: 9,
        restartsInRow: 6,
        quarantined: true,
        gone: true,
        exitCause: 'crashed',
        exitDetail: 'exit code 41',
        exitCode: 41,
        checkpointBytes: 12,
        phase: 'restart 2 in 4 s',
      }),
    );
    expect(info).toMatchObject({
      restart: 'permanent',
      strategy: 'one_for_all',
      restarts: 9,
      restartsInRow: 6,
      quarantined: true,
      gone: true,
      exitCause: 'crashed',
      exitDetail: 'exit code 41',
      exitCode: 41,
      checkpointBytes: 12,
      phase: 'restart 2 in 4 s',
    });
  });
});

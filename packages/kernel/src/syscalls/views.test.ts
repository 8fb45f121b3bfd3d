import { testKernel } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';

describe('ProcessView.restartsInRow', () => {
  it('counts restarts until the process has been healthy, as the supervisor does (S4)', () => {
    const t = testKernel();
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    for (const attempt of [1, 2]) {
      t.runtime.exits(pid);
      t.pass();
      t.advanceMs(2_000);
      expect(t.view(pid)).toMatchObject({ state: 'idle', restarts: attempt });
    }
    t.advanceMs(t.settings.restartHealthyMs - 4_000);
    expect(t.view(pid).restartsInRow).toBe(2);
    t.advanceMs(4_000);
    expect(t.view(pid)).toMatchObject({ restarts: 2, restartsInRow: 0 });
    t.runtime.exits(pid);
    t.pass();
    expect(t.view(pid)).toMatchObject({ state: 'starting', restartsInRow: 1 });
  });

  it('still tells of a quarantined process what it did before (S4)', () => {
    const t = testKernel({ settings: { restartsMax: 1 } });
    const pid = t.spawn({ image: 'hold', restart: 'permanent' });
    t.runtime.exits(pid);
    t.pass();
    t.advanceMs(2_000);
    t.runtime.exits(pid);
    t.pass();
    t.advanceMs(t.settings.restartHealthyMs);
    expect(t.view(pid)).toMatchObject({ isQuarantined: true, restartsInRow: 1 });
  });
});

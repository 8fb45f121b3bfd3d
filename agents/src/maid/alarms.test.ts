import { describe, expect, it } from 'vitest';
import { alarmsFor } from './alarms.ts';
import { look, seen } from './testing.ts';
import { findTroubles } from './troubles.ts';

const troubles = findTroubles(
  look([
    ...[2, 3, 4, 5, 6, 7, 8].map((pid) => seen(pid, { phase: 'unresponsive' })),
    seen(9, { inboxDepth: 9_000 }),
  ]),
  { open: new Set(), zombies: new Set() },
);

describe('alarmsFor()', () => {
  it('makes one alarm of each kind, with its severity, and names the first few', () => {
    const [first, second, ...more] = alarmsFor(troubles, new Set());
    expect(first).toMatchObject({
      kind: 'unresponsive',
      severity: 'error',
      pids: [2, 3, 4, 5, 6, 7, 8],
    });
    expect(first?.issue).toMatch(/^worker-2 \(pid 2\) does not answer; .*; and 2 more$/);
    expect(second).toMatchObject({ kind: 'mailbox', severity: 'warning', keys: ['mailbox:9'] });
    expect(more).toEqual([]);
  });

  it('leaves out what is known (M2)', () => {
    const all = new Set(troubles.map(({ key }) => key));
    expect(alarmsFor(troubles, all)).toEqual([]);
    all.delete('unresponsive:4');
    expect(alarmsFor(troubles, all)).toMatchObject([
      { issue: 'worker-4 (pid 4) does not answer', keys: ['unresponsive:4'] },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { longFirst } from './vitest-sequencer.ts';

describe('longFirst()', () => {
  it('puts what starts processes in front, and changes no other order', () => {
    const files = [
      '/w/packages/kernel/src/kernel.test.ts',
      '/w/packages/daemon/test/tasks.test.ts',
      '/w/packages/kernel/src/ids.test.ts',
      '/w/tools/pack.test.ts',
      '/w/bench/src/catalog.test.ts',
    ];
    const [kernel, tasks, ids, pack, catalog] = files;
    const sorted = longFirst(files, (path) => path);
    expect(sorted).toEqual([tasks, pack, catalog, kernel, ids]);
  });
});

import { describe, expect, it } from 'vitest';
import { machineMemory, memoryOf, readOwnBytes } from './memory.ts';

describe('readOwnBytes()', () => {
  it('reads what a process does not share, and all of it where that is not told', () => {
    const own = 'Name:\tnode\nVmRSS:\t  100860 kB\nRssAnon:\t   47748 kB\nRssFile:\t   53112 kB\n';
    expect(readOwnBytes(own)).toBe(47_748 * 1_024);
    expect(readOwnBytes('Name:\tnode\nVmRSS:\t  2048 kB\n')).toBe(2_048 * 1_024);
  });

  it.each(['', 'Name:\tkthreadd\n', 'RssAnon:\tmuch kB\n'])('knows nothing of %j', (status) => {
    expect(readOwnBytes(status)).toBeUndefined();
  });
});

describe('memoryOf()', () => {
  it.runIf(process.platform === 'linux')(
    'tells of OS processes that live, by pid, and leaves the others out',
    async () => {
      const self = { pid: 7, osPid: process.pid };
      const gone = { pid: 8, osPid: 2 ** 22 + 1 };
      const found = await memoryOf([self, gone, { pid: 9, osPid: 0 }]);
      expect([...found.keys()]).toEqual([7]);
      expect(found.get(7)).toBeGreaterThan(1_024 ** 2);
    },
  );
});

describe('machineMemory()', () => {
  it('has no more available than there is', () => {
    const { totalBytes, availableBytes } = machineMemory();
    expect(availableBytes).toBeGreaterThan(0);
    expect(availableBytes).toBeLessThanOrEqual(totalBytes);
  });
});

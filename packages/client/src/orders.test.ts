import { describe, expect, it } from 'vitest';
import { toSpawnRequest } from './orders.ts';

const ORDER = { name: 'a', role: 'worker', tier: 'operational' } as const;

describe('toSpawnRequest()', () => {
  it('leaves policy, strategy and limits to the kernel where none is given', () => {
    expect(toSpawnRequest(ORDER)).toMatchObject({
      restartPolicy: '',
      strategy: '',
      wallLimitSeconds: 0,
      idleLimitSeconds: 0,
      firstTokenLimitSeconds: 0,
    });
  });

  it('sends them as they are given, limits in whole seconds, rounded up', () => {
    const limits = { wallLimitMs: 3_600_000, idleLimitMs: 1_500, firstTokenLimitMs: 1 };
    const order = { ...ORDER, restart: 'transient', strategy: 'one_for_all', ...limits } as const;
    expect(toSpawnRequest(order)).toMatchObject({
      restartPolicy: 'transient',
      strategy: 'one_for_all',
      wallLimitSeconds: 3_600,
      idleLimitSeconds: 2,
      firstTokenLimitSeconds: 1,
    });
  });

  it.each([
    [{ restart: 'always' as 'permanent' }, 'restart "always" is not known'],
    [{ strategy: 'all' as 'one_for_all' }, 'strategy "all" is not known'],
  ])('refuses %j, and names what there is', (words, message) => {
    expect(() => toSpawnRequest({ ...ORDER, ...words })).toThrow(message);
  });
});

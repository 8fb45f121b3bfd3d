import { describe, expect, it } from 'vitest';
import { RESTART_POLICIES, STRATEGIES } from '@hivekernel/kernel';
import type { KernelError } from '@hivekernel/kernel';
import { agent, make } from '@hivekernel/protocol';
import { readSpawn } from './spawn-order.ts';

const read = (wish: Partial<agent.SpawnRequest>) =>
  readSpawn(make(agent.SpawnRequest, { name: 'w', role: 5, cognitiveTier: 1, ...wish }));

function refusal(wish: Partial<agent.SpawnRequest>): KernelError {
  try {
    read(wish);
  } catch (error) {
    return error as KernelError;
  }
  throw new Error('it was not refused');
}

describe('readSpawn()', () => {
  it('leaves out what the request leaves out (S2, S3, S6)', () => {
    expect(read({})).toMatchObject({
      restart: undefined,
      strategy: undefined,
      watch: { wallMs: 0, idleMs: 0, firstTokenMs: 0 },
    });
  });

  it.each(RESTART_POLICIES)('takes the restart policy %s (S2)', (restartPolicy) => {
    expect(read({ restartPolicy })).toMatchObject({ restart: restartPolicy });
  });

  it.each(STRATEGIES)('takes the strategy %s (S3)', (strategy) => {
    expect(read({ strategy })).toMatchObject({ strategy });
  });

  it('takes limits in seconds (S6), up to what the wire can say', () => {
    const limits = {
      wallLimitSeconds: 2 ** 32 - 1,
      idleLimitSeconds: 90,
      firstTokenLimitSeconds: 1,
    };
    expect(read(limits)).toMatchObject({
      watch: { wallMs: (2 ** 32 - 1) * 1_000, idleMs: 90_000, firstTokenMs: 1_000 },
    });
  });

  it.each(['', 'end'])('takes on_kernel_death "%s"', (onKernelDeath) => {
    expect(() => read({ onKernelDeath })).not.toThrow();
  });

  it.each([
    ['restart_policy', { restartPolicy: 'Permanent' }, '"Permanent"', RESTART_POLICIES],
    ['restart_policy', { restartPolicy: ' ' }, '" "', RESTART_POLICIES],
    ['strategy', { strategy: 'permanent' }, '"permanent"', STRATEGIES],
    ['strategy', { strategy: 'constructor' }, '"constructor"', STRATEGIES],
    ['on_kernel_death', { onKernelDeath: 'Keep' }, '"Keep"', ['end']],
  ] as const)('refuses for %s what %o says, and lists what is known', (field, wish, shown, all) => {
    const { code, message, details } = refusal(wish);
    const sentence = `${field} ${shown} is not known; known are: ${all.join(', ')}.`;
    expect([code, message]).toEqual(['invalid_argument', sentence]);
    expect(details).toMatchObject({ field });
  });

  it('shows only the beginning of a word that is very long', () => {
    const { message } = refusal({ strategy: 'x'.repeat(1_000_000) });
    expect(message.length).toBeLessThan(200);
  });

  it('refuses on_kernel_death "keep", which is not served, naming the field', () => {
    const { code, message, details } = refusal({ onKernelDeath: 'keep' });
    expect([code, details]).toEqual(['unimplemented', { field: 'on_kernel_death' }]);
    expect(message).toContain('on_kernel_death');
  });

  it.each(['wallLimitSeconds', 'idleLimitSeconds', 'firstTokenLimitSeconds'] as const)(
    'refuses a negative %s, naming it',
    (field) => {
      const name = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const { code, details } = refusal({ [field]: -1 });
      expect([code, details]).toEqual(['invalid_argument', { field: name }]);
    },
  );
});

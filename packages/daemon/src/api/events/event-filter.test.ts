import { describe, expect, it } from 'vitest';
import { typeFilterOf } from './event-filter.ts';
import { FOLLOW_LIMITS } from './limits.ts';

describe('typeFilterOf()', () => {
  it('is none without words', () => {
    expect(typeFilterOf([])).toBeUndefined();
  });

  it('takes whole words, and with a star all that begin so', () => {
    const filter = typeFilterOf(['log', 'task.*', 'message_sent']);
    const told = ['log', 'logs', 'task.created', 'task', 'message_sent', 'message_delivered'];
    expect(told.filter((type) => filter?.(type))).toEqual(['log', 'task.created', 'message_sent']);
  });

  it.each([[['Log']], [['']], [['*']], [['a*b']], [['log ']], [['x'.repeat(200)]]])(
    'refuses %j',
    (words) => {
      expect(() => typeFilterOf(words)).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }),
      );
    },
  );

  it('refuses more words than a request may have', () => {
    const words = Array.from({ length: FOLLOW_LIMITS.typesMax + 1 }, () => 'log');
    expect(() => typeFilterOf(words)).toThrow('At most');
  });
});

import { describe, expect, it } from 'vitest';
import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { checkQueueName } from './queue-name.ts';

describe('checkQueueName()', () => {
  it.each(['jobs', 'a', 'a/b c', '7', 'Ünïcode', 'dead', 'x'.repeat(LIMITS.queueNameCharsMax)])(
    'takes "%s"',
    (name) => expect(() => checkQueueName(name)).not.toThrow(),
  );

  it.each([
    ['', 'empty'],
    ['x'.repeat(LIMITS.queueNameCharsMax + 1), '129 characters'],
    ['a\nb', 'control character'],
    ['a\u0085', 'control character'],
    ['dead:12', 'the inbox of process 12'],
    ['dead:jobs', 'the queue "jobs"'],
  ])('refuses "%s" and says why', (name, why) => {
    const refused = (): void => checkQueueName(name);
    expect(refused).toThrow(KernelError);
    expect(refused).toThrow(why);
  });

  it('names what to use instead of a reserved name', () => {
    const refused = (): void => checkQueueName('dead:jobs');
    expect(refused).toThrow('list_inbox');
    expect(refused).toThrow('requeue');
  });
});

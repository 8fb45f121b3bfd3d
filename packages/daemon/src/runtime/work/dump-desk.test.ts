import { describe, expect, it } from 'vitest';
import { RUNTIME_LIMITS } from '../runtime-limits.ts';
import { DumpDesk, noDump } from './dump-desk.ts';

type Link = ConstructorParameters<typeof DumpDesk>[0]['link'];

function ground(options: { isAttached?: boolean; withinMs?: number } = {}) {
  const asked: PromiseWithResolvers<{ json: string }>[] = [];
  const request = (): Promise<{ json: string }> => {
    const one = Promise.withResolvers<{ json: string }>();
    asked.push(one);
    return one.promise;
  };
  const { isAttached = true, withinMs = 10_000 } = options;
  const link = { isAttached, request } as unknown as Link;
  return { asked, desk: new DumpDesk({ link, withinMs }) };
}

describe('DumpDesk.ask()', () => {
  it('gives the JSON of the agent as it came', async () => {
    const { asked, desk } = ground();
    const answer = desk.ask();
    asked[0]?.resolve({ json: '{"tasks": [1, 2.50]}' });
    expect(await answer).toBe('{"tasks": [1, 2.50]}');
  });

  it('does not ask who is not connected', async () => {
    const { asked, desk } = ground({ isAttached: false });
    expect(await desk.ask()).toBe('{"error":"it is not connected"}');
    expect(asked).toEqual([]);
  });

  it.each([
    { json: '', why: 'it answered with something that is not JSON' },
    { json: '{"a":1} }', why: 'it answered with something that is not JSON' },
    {
      json: '1'.repeat(RUNTIME_LIMITS.dumpBytesMax + 1),
      why: `it answered with ${RUNTIME_LIMITS.dumpBytesMax + 1} bytes, at most 8388608 are kept`,
    },
  ])('refuses what cannot be part of a dump: $why', async ({ json, why }) => {
    const { asked, desk } = ground();
    const answer = desk.ask();
    asked[0]?.resolve({ json });
    expect(await answer).toBe(noDump(why));
  });

  it('tells what the agent refused with', async () => {
    const { asked, desk } = ground();
    const answer = desk.ask();
    asked[0]?.reject(new Error('request 4 (dump) has no handler'));
    expect(await answer).toBe(noDump('it gave no answer: request 4 (dump) has no handler'));
  });

  it('asks a silent one once, however often it is wanted', async () => {
    const { asked, desk } = ground({ withinMs: 1 });
    const silence = noDump('it did not answer within 0.001 s');
    expect(await Promise.all([desk.ask(), desk.ask()])).toEqual([silence, silence]);
    expect(await desk.ask()).toBe(silence);
    expect(asked).toHaveLength(1);
    asked[0]?.resolve({ json: '[]' });
    expect(await desk.ask()).toBe('[]');
    const next = desk.ask();
    expect(asked).toHaveLength(2);
    asked[1]?.resolve({ json: '{}' });
    expect(await next).toBe('{}');
  });
});

import { describe, expect, it } from 'vitest';
import { agent, make } from '@hivekernel/protocol';
import { Pulse } from './heartbeat.ts';
import type { PulseOptions } from './heartbeat.ts';

const answerOf = () => make(agent.HeartbeatResponse, {});

function makePulse() {
  const asked: PromiseWithResolvers<unknown>[] = [];
  const news: boolean[] = [];
  const link = {
    isAttached: true,
    request: () => {
      const one = Promise.withResolvers<unknown>();
      asked.push(one);
      return one.promise;
    },
  };
  const onResponsive = (isResponsive: boolean): void => void news.push(isResponsive);
  const pulse = new Pulse({ link: link as unknown as PulseOptions['link'], onResponsive });
  const beatAt = (monoMs: number): void => pulse.beat({ monoMs, wallMs: 0 }, 30_000);
  return { link, pulse, asked, news, beatAt };
}

describe('Pulse.beat()', () => {
  it('asks again only after an answer', async () => {
    const { asked, beatAt } = makePulse();
    beatAt(0);
    beatAt(10_000);
    expect(asked.length).toBe(1);
    asked[0]?.resolve(answerOf());
    await asked[0]?.promise;
    beatAt(20_000);
    expect(asked.length).toBe(2);
  });

  it('tells once that there is no answer, and once that there is one again (S6)', async () => {
    const { asked, news, beatAt } = makePulse();
    for (const atMs of [0, 10_000, 20_000, 29_000]) beatAt(atMs);
    expect(news).toEqual([]);
    for (const atMs of [30_000, 40_000]) beatAt(atMs);
    expect(news).toEqual([false]);
    asked[0]?.resolve(answerOf());
    await asked[0]?.promise;
    expect(news).toEqual([false, true]);
  });

  it('takes an answer that is an error for an answer', async () => {
    const { asked, news, beatAt } = makePulse();
    beatAt(0);
    asked[0]?.reject(new Error('unimplemented'));
    await asked[0]?.promise.catch(() => undefined);
    beatAt(31_000);
    expect(news).toEqual([]);
  });

  it('does not ask who is paused, and counts no time of the pause (S6)', async () => {
    const { pulse, asked, news, beatAt } = makePulse();
    beatAt(0);
    pulse.pause();
    for (const atMs of [10_000, 500_000]) beatAt(atMs);
    pulse.resume();
    for (const atMs of [510_000, 539_000]) beatAt(atMs);
    expect(news).toEqual([]);
    beatAt(540_000);
    expect(news).toEqual([false]);
    asked[0]?.resolve(answerOf());
    await asked[0]?.promise;
    expect(news).toEqual([false, true]);

    pulse.pause();
    beatAt(900_000);
    expect(asked.length).toBe(1);
    pulse.resume();
    for (const atMs of [910_000, 939_000]) beatAt(atMs);
    expect(asked.length).toBe(2);
    expect(news).toEqual([false, true]);
  });

  it('does not ask who has no link', () => {
    const { link, asked, beatAt } = makePulse();
    link.isAttached = false;
    beatAt(0);
    expect(asked.length).toBe(0);
  });
});

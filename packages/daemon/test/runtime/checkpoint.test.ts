import { LIMITS } from '@hivekernel/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { EffectGround } from './effect-ground.ts';

let ground: EffectGround;
afterEach(() => ground[Symbol.asyncDispose]());

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the state that an agent hands over at Shutdown', () => {
  it.each([
    { what: 'short', text: 'step 3 of 9' },
    { what: 'over the inline limit', text: 'x'.repeat(2 * LIMITS.inlineContentBytesMax) },
  ])('is told before its end, and given to the next incarnation: $what (S7)', async ({ text }) => {
    ground = await EffectGround.make();
    const first = await ground.start(`keep:${text}`);
    expect(await first.line(/^state/)).toBe('state none');
    first.stop();
    await first.told('exited');
    const { facts } = ground.host;
    expect(facts.slice(-2).map(({ fact }) => fact)).toEqual(['checkpointed', 'exited']);

    const { content: checkpoint } = await first.told('checkpointed');
    expect(checkpoint.bytes).toBe(text.length);
    const second = await ground.start('echo', { incarnation: 2, checkpoint });
    await second.line(new RegExp(`^state ${base64(text).slice(0, 40)}`));
    expect(ground.host.observations).toContainEqual(
      expect.objectContaining({ pid: 7, line: `state ${base64(text)}` }),
    );
  });

  it('is none when it is empty', async () => {
    ground = await EffectGround.make();
    const agent = await ground.start('echo');
    agent.stop();
    await agent.told('exited');
    expect(ground.host.facts.map(({ fact }) => fact)).toEqual(['started', 'ready', 'exited']);
  });

  it('is dropped with a warning when it is over the limit', async () => {
    ground = await EffectGround.make();
    const agent = await ground.start('hoard');
    agent.stop();
    await agent.told('exited');
    const kinds = ground.host.facts.map(({ fact }) => fact);
    expect(kinds).toEqual(['started', 'ready', 'log', 'exited']);
    const { message } = await agent.told('log');
    expect(message).toContain(`at most ${LIMITS.checkpointBytesMax} are kept (S7)`);
  });
});

describe('Runtime.start() with a checkpoint', () => {
  it('fails, and says why, when the store has lost it', async () => {
    ground = await EffectGround.make();
    const checkpoint = { bytes: 9_000, hash: 'a1b2' };
    const agent = ground.begin('echo', { incarnation: 2, checkpoint });
    const { error } = await agent.told('start_failed');
    expect(error).toBe(
      'its checkpoint of 9000 bytes cannot be read: The content a1b2 is gone from the store.',
    );
    expect(ground.host.facts.map(({ fact }) => fact)).toEqual(['start_failed']);
  });

  it('hands nothing over where it is empty', async () => {
    ground = await EffectGround.make();
    const agent = await ground.start('echo', { checkpoint: { bytes: 0, inline: '' } });
    expect(await agent.line(/^state/)).toBe('state none');
  });
});

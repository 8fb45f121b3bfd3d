// Pipes beside a journal that fails: they are no part of it, so they go on as if nothing had been
// (M10), with those who wait in them.

import { LIMITS, type Pid } from '@hivekernel/kernel';
import type { MemoryStore } from '@hivekernel/testkit';
import { describe, expect, it } from 'vitest';
import { pid, turn, withRig, type Asked, type Rig } from './kernel-ground.ts';

const KING = pid(1);
const chunkOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (chunks: readonly Uint8Array[]): string =>
  chunks.map((chunk) => new TextDecoder().decode(chunk)).join(' ');

async function ground(rig: Rig<MemoryStore>) {
  const child = await rig.spawn({ image: 'hold' });
  const of = (from: Pid) => ({ peer: from === child ? KING : child, name: '' });
  for (const from of [KING, child]) await rig.ask('open_pipe', of(from), { pid: from }).value();
  const write = (text: string, from: Pid = KING): Asked<'write_pipe'> =>
    rig.ask('write_pipe', { ...of(from), chunk: chunkOf(text), isPatient: true }, { pid: from });
  const read = (from: Pid = child): Asked<'read_pipe'> =>
    rig.ask('read_pipe', { ...of(from), max: 0, timeoutMs: 0 }, { pid: from });
  return { child, write, read };
}

describe('a pipe and a failed append (M10)', () => {
  it('keeps what it holds, and who waits is answered afterwards', async () => {
    await withRig(async (rig) => {
      const { child, write, read } = await ground(rig);
      for (let n = 0; n < LIMITS.pipeChunksMax; n += 1) await write('.').value();
      const blocked = write('blocked');
      const waiting = read(KING);
      const before = rig.host.kernel;
      rig.store.failNextAppend();
      await expect(rig.send(child).value()).rejects.toMatchObject({ code: 'storage_full' });
      await rig.host.settled();
      expect(rig.host.kernel).not.toBe(before);
      expect([blocked.isAnswered, waiting.isAnswered]).toEqual([false, false]);
      // Also in the pause after it, when all that grows is refused.
      expect((await read().value()).chunks).toHaveLength(LIMITS.pipeChunksMax);
      await write('back', child).value();
      await blocked.value();
      expect(textOf((await waiting.value()).chunks)).toBe('back');
      expect(textOf((await read().value()).chunks)).toBe('blocked');
    });
  });

  it('loses nothing of the very pass that failed', async () => {
    await withRig(async (rig) => {
      const { child, write, read } = await ground(rig);
      const waiting = read();
      rig.store.holdAppends();
      const sent = rig.send(child);
      await turn();
      rig.store.failNextAppend();
      rig.store.releaseAppends();
      // Handed to the reader in a pass that is dropped before it ends.
      const written = write('in between');
      await expect(sent.value()).rejects.toMatchObject({ code: 'storage_full' });
      await written.value();
      expect(textOf((await waiting.value()).chunks)).toBe('in between');
    });
  });
});

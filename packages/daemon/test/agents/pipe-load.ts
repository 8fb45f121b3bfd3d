// A parent that puts a load on the pipe to its child (pipe-child.ts), and its child to death.

import { createHash } from 'node:crypto';
import { defineAgent, HiveError, imageOf, type TaskContext } from '@hivekernel/sdk';

const PIECE_BYTES = 1_048_576;
const CHUNK = new Uint8Array(65_536);
const CHILD = imageOf(import.meta.resolve('./pipe-child.ts'), 'PipeChild');

const spawnChild = (ctx: TaskContext): Promise<number> => ctx.spawn({ name: 'c', image: CHILD });

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: unknown) => (error instanceof HiveError ? error.code : String(error)),
  );

/** Its task says how many MiB; it answers whether the child read the same. */
export const Flood = defineAgent(async ({ description }, ctx) => {
  const child = await spawnChild(ctx);
  await using pipe = await ctx.pipe(child);
  const read = ctx.executeOn(child, { description: 'hash' });
  const hash = createHash('sha256');
  let written: Promise<void> = Promise.resolve();
  for (let piece = 0; piece < Number(description); piece += 1) {
    const bytes = Buffer.alloc(PIECE_BYTES, `piece ${piece} `);
    hash.update(bytes);
    const before = written;
    written = pipe.write(bytes);
    await before;
  }
  await written;
  await pipe.end();
  const expected = `${Number(description) * PIECE_BYTES} ${hash.digest('hex')}`;
  return String((await read).output === expected);
});

/** To a child that never reads: how many chunks were taken, and what becomes of the others. */
export const Unread = defineAgent(async (_task, ctx) => {
  const child = await spawnChild(ctx);
  await using pipe = await ctx.pipe(child);
  await ctx.executeOn(child, { description: 'open', params: { keep: 'yes' } });
  let taken = 0;
  const writes = Array.from({ length: 200 }, () =>
    codeOf(pipe.write(CHUNK).then(() => (taken += 1))),
  );
  await writes[63];
  // Whatever else would be taken is, by then.
  for (let n = 0; n < 20; n += 1) await ctx.info();
  const takenUnread = taken;
  await ctx.kill(child, { graceMs: 0 });
  return JSON.stringify([takenUnread, [...new Set((await Promise.all(writes)).slice(64))]]);
});

/** The OS process of the child is killed while megabytes flow. */
export const KillNine = defineAgent(async (_task, ctx) => {
  const child = await spawnChild(ctx);
  const { osPid } = await ctx.info(child);
  await using pipe = await ctx.pipe(child);
  const acted = codeOf(ctx.executeOn(child, { description: 'hash' }));
  for (let n = 0; n < 200; n += 1) await pipe.write(CHUNK);
  const writes = Array.from({ length: 500 }, () => codeOf(pipe.write(CHUNK)));
  const read = codeOf(pipe.read());
  process.kill(osPid, 'SIGKILL');
  const refused = new Set(await Promise.all(writes));
  refused.delete('ok'); // What was taken before.
  return JSON.stringify([[...refused], await read, await codeOf(pipe.write('x')), await acted]);
});

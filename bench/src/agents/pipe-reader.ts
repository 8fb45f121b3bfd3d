// The other end of `pipe`: reads, and says so each time that it has read as many chunks as a round
// has.

import { defineAgent } from '@hivekernel/sdk';

export default defineAgent(async ({ params }, ctx) => {
  const chunksInRound = Number(params['chunks']);
  await using pipe = await ctx.pipe(ctx.ppid);
  let chunks = 0;
  for await (const chunk of pipe) {
    chunks += chunk.length > 0 ? 1 : 0;
    if (chunks % chunksInRound === 0) await pipe.write('round');
  }
});

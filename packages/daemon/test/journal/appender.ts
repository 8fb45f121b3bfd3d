// Run as a process of its own by the crash test: appends batches of odd sizes as fast as the
// journal takes them, and prints the last seq of each once it is acknowledged. It ends by being
// killed.

import { SqliteStore } from '../../src/journal/sqlite/sqlite-store.ts';
import { noteOf } from './journal-ground.ts';

const LANES = 8;

const dir = process.argv[2] ?? '.';
const store = await SqliteStore.open({ dir, ballastBytes: 0 });
const { epoch, lastSeq } = await store.acquire({ partition: 1, node: 'node-a' });
let seq = lastSeq;

async function appendForEver(): Promise<never> {
  for (;;) {
    const first = seq + 1;
    seq += (first % 7) + 1;
    const last = seq;
    const events = Array.from({ length: last - first + 1 }, (_, i) => noteOf(first + i, 300));
    await store.append({ partition: 1, epoch, events });
    process.stdout.write(`${last}\n`);
    if (last % 1_000 < 7) {
      const snapshot = { partition: 1, seq: last, v: 1, body: `{"at":${last}}` };
      await store.saveSnapshot({ epoch, snapshot });
    }
  }
}

await Promise.all(Array.from({ length: LANES }, appendForEver));

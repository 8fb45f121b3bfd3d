// The other end of the Redis load, as agents/receiver.ts is of ours: takes messages of a stream in
// its group, acknowledges them, confirms each batch, and tells a timed message's age. A
// confirmation is a message, too. Ends when it is killed.

import { createClient } from '@redis/client';
import { BATCH_MESSAGES } from '../agents/sender.ts';
import { GROUP, repliesOf, CONNECTION } from './redis-words.ts';

/** As many as our kernel has under way to one receiver. */
const WINDOW_MESSAGES = 256;
const NS_PER_MS = 1e6;

const [stream = ''] = process.argv.slice(2);
const client = createClient(CONNECTION);
await client.connect();
await client.xGroupCreate(stream, GROUP, '0', { MKSTREAM: true });
process.stdout.write('ready\n');

let count = 0;
for (;;) {
  const read = await client.xReadGroup(
    GROUP,
    'receiver',
    { key: stream, id: '>' },
    { COUNT: WINDOW_MESSAGES, BLOCK: 0 },
  );
  const messages = (read as Read | null)?.[0]?.messages ?? [];
  const replies = messages
    .map(({ message }) => replyTo(message))
    .filter((one) => one !== undefined);
  // All of it leaves in one write, together with the next read.
  const ids = messages.map(({ id }) => id);
  void client.xAck(stream, GROUP, ids).catch(fail);
  for (const text of replies) void client.xAdd(repliesOf(stream), '*', { text }).catch(fail);
}

type Read = readonly { readonly messages: readonly Entry[] }[];
interface Entry {
  readonly id: string;
  readonly message: Readonly<Record<string, string>>;
}

function replyTo({ type, text = '' }: Entry['message']): string | undefined {
  if (type === 'timed') return String(Number(process.hrtime.bigint() - BigInt(text)) / NS_PER_MS);
  count += 1;
  return count % BATCH_MESSAGES === 0 ? 'batch' : undefined;
}

function fail(error: unknown): never {
  throw error;
}

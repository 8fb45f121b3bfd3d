// The load of Redis, as agents/sender.ts is ours: as many batches under way, as large messages,
// each answered when it is durable, each batch confirmed by its receiver when it has acknowledged
// it. Prints what it measured as JSON.

import { createClient } from '@redis/client';
import { BATCHES_AHEAD_MAX, BATCH_MESSAGES, PAYLOAD, WITHIN_MS } from '../agents/sender.ts';
import { perSecond, repeat } from '../pump.ts';
import { repliesOf, CONNECTION } from './redis-words.ts';

const [stream = '', what = '', countWord = '', batchesWord = ''] = process.argv.slice(2);
const count = Number(countWord);
const batches = Number(batchesWord);

const writer = createClient(CONNECTION);
/** It waits for replies, and a connection that waits does nothing else. */
const reader = createClient(CONNECTION);
await Promise.all([writer.connect(), reader.connect()]);

const replies: string[] = [];
let wake = (): void => undefined;

const measure = what === 'latency' ? latency : rate;
const listening = listen();
const measured = await Promise.race([repeat({ count, withinMs: WITHIN_MS, measure }), listening]);
process.stdout.write(JSON.stringify(measured));
writer.destroy();
reader.destroy();
process.exit();

async function rate(): Promise<number> {
  const before = replies.length;
  const sent: Promise<unknown>[] = [];
  const beganMs = performance.now();
  for (let batch = 1; batch <= batches; batch += 1) {
    await confirmed(before + batch - BATCHES_AHEAD_MAX);
    const sends = Array.from({ length: BATCH_MESSAGES }, () => send('message', PAYLOAD));
    sent.push(Promise.all(sends));
  }
  await Promise.all(sent);
  await confirmed(before + batches);
  return perSecond(batches * BATCH_MESSAGES, performance.now() - beganMs);
}

/** As the receiver measured it. */
async function latency(index: number): Promise<number> {
  await send('timed', String(process.hrtime.bigint()));
  await confirmed(index + 1);
  return Number(replies[index]);
}

function send(type: string, text: string): Promise<unknown> {
  return writer.xAdd(stream, '*', { type, text });
}

async function listen(): Promise<never> {
  let id = '0';
  for (;;) {
    const read = await reader.xRead({ key: repliesOf(stream), id }, { BLOCK: 0 });
    const messages = (read as Read | null)?.[0]?.messages ?? [];
    for (const entry of messages) {
      replies.push(entry.message['text'] ?? '');
      id = entry.id;
    }
    wake();
  }
}

type Read = readonly {
  readonly messages: readonly {
    readonly id: string;
    readonly message: Readonly<Record<string, string>>;
  }[];
}[];

async function confirmed(replyCount: number): Promise<void> {
  while (replies.length < replyCount) await new Promise<void>((resolve) => (wake = resolve));
}

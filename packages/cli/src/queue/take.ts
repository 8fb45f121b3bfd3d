// `hive queue take NAME`: messages out of a queue, each printed and then accepted.
//   1. A word on a message is said only after its line was written; a reader that goes away, Ctrl-C
//      and a lost kernel leave what was not printed in the queue.
//   2. In hand is one message at a time: a slow reader keeps nothing from other consumers.

import type { HiveClient, TakeOrder } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { CliError, noMatch, usageError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { untilSignal } from '../kernel/signals.ts';
import { actingAs } from '../mail/acting.ts';
import type { ActingFlags } from '../mail/acting.ts';
import { MESSAGE_KEYS, messageItem, messageLine } from '../mail/message-item.ts';
import type { MessageItem } from '../mail/message-item.ts';
import { countFlag, durationFlag } from '../output/human.ts';
import { ItemStream } from '../output/item-stream.ts';
import { untilUnread } from '../output/until-unread.ts';

export interface TakeFlags extends ActingFlags {
  readonly count?: string;
  readonly type?: string;
  readonly wait?: string;
  readonly follow?: boolean;
  readonly reject?: boolean;
}

interface Wish {
  readonly queue: string;
  readonly most: number;
  readonly order: TakeOrder;
  readonly isRejecting: boolean;
}

export async function take(context: Context, command: Command): Promise<number> {
  const flags = command.opts<TakeFlags>();
  const [queue = ''] = command.args;
  const wish = { queue, ...wishOf(flags) };
  const client = await context.client();
  const how = await actingAs(client, flags);
  const stop = untilSignal();
  const stream = streamOf(context);
  const unread = untilUnread(context, stream.format);
  const signal = AbortSignal.any([stop.signal, unread.signal]);
  const order = { ...wish.order, ...how, signal };
  try {
    await printEach(stream, client, { ...wish, order });
    if (stream.count > 0 || signal.aborted) return stop.exitCode;
  } finally {
    unread.release();
    stop.release();
  }
  throw nothingCame(queue, flags, await whyNothing(client, wish));
}

/** A queue of that name may be another user's: the king sees them all. */
async function whyNothing(client: HiveClient, { queue, order: { as } }: Wish): Promise<string> {
  if (as !== undefined) return '';
  const found = (await client.queues(queue)).filter(
    ({ name, waiting }) => name === queue && waiting > 0,
  );
  const users = found.map(({ user }) => user);
  if (users.length === 0) return '';
  return `${users.join(', ')} has a queue of that name: --as an agent of that user takes from it.`;
}

const streamOf = (context: Context): ItemStream<MessageItem> =>
  new ItemStream(context, {
    kind: 'MessageList',
    csvKeys: MESSAGE_KEYS,
    line: (item, paint) => messageLine(item, paint),
    nameOf: ({ id }) => id,
  });

async function printEach(
  stream: ItemStream<MessageItem>,
  client: HiveClient,
  wish: Wish,
): Promise<void> {
  try {
    for await (const message of client.takeFrom(wish.queue, wish.order)) {
      await stream.print(messageItem(message));
      if (wish.isRejecting) await message.reject();
      if (stream.count < wish.most) continue;
      if (!wish.isRejecting) await message.accept();
      break;
    }
  } finally {
    stream.end();
  }
}

function wishOf({ count, type, wait, follow = false, reject = false }: TakeFlags) {
  if (follow && wait !== undefined)
    throw usageError('--follow waits without end; --wait does not.');
  const waitMs = wait === undefined ? 0 : durationFlag('--wait', wait);
  const order: TakeOrder = {
    ...(follow ? {} : { waitMs }),
    ...(type === undefined ? {} : { type }),
  };
  return { most: mostOf(count, follow), order, isRejecting: reject };
}

function mostOf(text: string | undefined, isFollowing: boolean): number {
  if (text === 'all' || (text === undefined && isFollowing)) return Infinity;
  const most = text === undefined ? 1 : countFlag('-n', text);
  if (most > 0) return most;
  throw usageError('-n wants a number from 1, or all.');
}

function nothingCame(queue: string, { wait, type }: TakeFlags, why: string): CliError {
  const what = type === undefined ? '' : ` of type ${type}`;
  if (wait === undefined) {
    return noMatch(`Nothing${what} waits in the queue ${queue}.`, {
      why,
      hints: [
        { label: 'Wait for it', command: `hive queue take ${queue} --wait 30s` },
        { label: 'See all', command: 'hive queue ls' },
      ],
    });
  }
  return new CliError({
    code: 'E_TIMED_OUT',
    exitCode: EXIT.timedOut,
    message: `Nothing${what} came to the queue ${queue} within ${wait}.`,
    why,
  });
}

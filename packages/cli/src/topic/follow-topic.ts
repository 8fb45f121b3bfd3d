// `hive topic sub PATTERN`: what is published under topics that match, as it comes.
//   With a cursor (--durable) it goes on past a publication only after its line was written; left,
//   or cut off, it goes on there the next time.

import type { Command } from 'commander';
import type { WatchOrder } from '@hivekernel/client';
import type { Context } from '../context.ts';
import { usageError } from '../errors/cli-error.ts';
import { untilSignal } from '../kernel/signals.ts';
import { actingAs } from '../mail/acting.ts';
import type { ActingFlags } from '../mail/acting.ts';
import { MESSAGE_KEYS } from '../mail/message-item.ts';
import { countFlag, plural } from '../output/human.ts';
import { ItemStream } from '../output/item-stream.ts';
import { untilUnread } from '../output/until-unread.ts';
import { publicationItem, publicationLine } from './topic-item.ts';
import type { PublicationItem } from './topic-item.ts';

interface FollowFlags extends ActingFlags {
  readonly retained: boolean;
  readonly count?: string;
  readonly durable?: string;
  readonly type?: string;
}

export async function followTopic(context: Context, command: Command): Promise<number> {
  const [pattern = ''] = command.args;
  const flags = command.opts<FollowFlags>();
  const most = flags.count === undefined ? Infinity : countFlag('-n', flags.count);
  if (most === 0) throw usageError('-n wants a number from 1.');
  if (flags.durable === '') throw usageError('--durable wants the name of a cursor.');
  const { terminal } = context;
  const client = await context.client();
  const how = await actingAs(client, flags);
  const stream = new ItemStream<PublicationItem>(context, {
    kind: 'PublicationList',
    csvKeys: ['topic', ...MESSAGE_KEYS],
    line: publicationLine,
    nameOf: ({ topic }) => topic,
  });
  const stop = untilSignal();
  const unread = untilUnread(context, stream.format);
  const signal = AbortSignal.any([stop.signal, unread.signal]);
  const order = { ...orderOf(flags), ...how, signal };
  try {
    for await (const one of client.watchTopic(pattern, order)) {
      if (one.missed > 0) terminal.note(`missed ${plural(one.missed, 'publication')}`);
      await stream.print(publicationItem(one));
      if (stream.count < most) continue;
      await one.accept();
      break;
    }
  } finally {
    stream.end();
    unread.release();
    stop.release();
  }
  return stop.exitCode;
}

const orderOf = ({ retained, durable, type }: FollowFlags): WatchOrder => ({
  retained,
  ...(durable === undefined ? {} : { durable }),
  ...(type === undefined ? {} : { type }),
});

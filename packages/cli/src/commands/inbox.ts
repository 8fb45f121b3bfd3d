// `hive inbox [SEL]`: what waits, in the order of delivery, without taking it. Left out: the
// king's, which is the operator's.

import type { InboxMessage } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { isoTime, showAge } from '../output/human.ts';
import type { Column } from '../output/listing.ts';
import { safeLine } from '../output/plain-text.ts';
import { addListOptions } from '../select/list-options.ts';
import { resolveOne } from '../select/resolve.ts';

export function define(command: Command, bind: Bind): void {
  command.argument('[selector]', 'an agent; left out: yours');
  addListOptions(command);
  bind(command, inbox);
}

type MessageItem = {
  readonly id: string;
  readonly type: string;
  readonly fromPid: number;
  readonly fromName: string;
  readonly relation: string;
  readonly priority: string;
  readonly sentAt: string;
  readonly requiresAck: boolean;
  readonly replyTo: string | null;
  readonly text: string;
};

async function inbox(context: Context, command: Command): Promise<void> {
  const client = await context.client();
  const pid = await inboxPid(context, command.args[0]);
  const { messages, total } = await client.inbox(pid);
  if (total > messages.length) {
    context.terminal.note(`${messages.length} of ${total} messages are shown`);
  }
  context.list(
    {
      kind: 'MessageList',
      items: messages.map(toItem),
      columns: COLUMNS,
      nameOf: ({ id }) => id,
      empty: 'No message waits.',
    },
    command.opts<ListFlags>(),
  );
}

async function inboxPid(context: Context, selector: string | undefined): Promise<number> {
  if (selector === undefined) return 0;
  const client = await context.client();
  const { agents } = await client.processes({ includeDead: true });
  return (await resolveOne(selector, agents)).pid;
}

function toItem(message: InboxMessage): MessageItem {
  return {
    id: message.id,
    type: message.type,
    fromPid: message.fromPid,
    fromName: message.fromName,
    relation: message.relation,
    priority: message.priority,
    sentAt: isoTime(message.sentAtMs),
    requiresAck: message.requiresAck,
    replyTo: message.replyTo === '' ? null : message.replyTo,
    text: Buffer.from(message.payload).toString('utf8'),
  };
}

const COLUMNS: readonly Column<MessageItem>[] = [
  { key: 'id', head: 'ID', show: ({ id }) => id },
  { key: 'type', head: 'TYPE', show: ({ type }) => safeLine(type) },
  { key: 'fromName', head: 'FROM', show: (m) => `${safeLine(m.fromName)}(${m.fromPid})` },
  { key: 'priority', head: 'PRIORITY', show: ({ priority }) => priority },
  {
    key: 'sentAt',
    head: 'AGE',
    isRight: true,
    show: ({ sentAt }) => showAge(Date.now() - Date.parse(sentAt)),
  },
  { key: 'relation', head: 'RELATION', isWide: true, show: ({ relation }) => relation },
  { key: 'text', head: 'TEXT', cut: 'end', show: ({ text }) => safeLine(text) },
];

// `hive inbox [SEL]`: what waits, in the order of delivery, without taking it. Left out: the
// king's, which is the operator's.

import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { inboxOwner } from '../mail/find-message.ts';
import { MESSAGE_COLUMNS, messageItem } from '../mail/message-item.ts';
import { addListOptions } from '../select/list-options.ts';

export function define(command: Command, bind: Bind): void {
  command.argument('[selector]', 'an agent; left out: yours');
  addListOptions(command);
  bind(command, inbox);
}

/** Also `hive msg ls`. */
export async function inbox(context: Context, command: Command): Promise<void> {
  const client = await context.client();
  const { pid } = await inboxOwner(client, command.args[0]);
  const { messages, total, deadTotal } = await client.inbox(pid);
  if (total > messages.length) {
    context.terminal.note(`${messages.length} of ${total} messages are shown`);
  }
  if (deadTotal > 0) context.terminal.note(`${deadTotal} dead letters: hive msg dead`);
  context.list(
    {
      kind: 'MessageList',
      items: messages.map(messageItem),
      columns: MESSAGE_COLUMNS,
      nameOf: ({ id }) => id,
      empty: 'No message waits.',
    },
    command.opts<ListFlags>(),
  );
}

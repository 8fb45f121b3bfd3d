// `hive reply ID "text"`: answers a message that waits for you, and takes it out of the inbox.
// Another's than the king's is named with --of; an agent that runs answers its own mail.

import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context } from '../context.ts';
import { inboxOwner, messageId } from '../mail/find-message.ts';
import { readPayload } from '../mail/payload.ts';

interface ReplyFlags {
  readonly of?: string;
  readonly reject?: boolean;
}

export function define(command: Command, bind: Bind): void {
  command
    .argument('<id>', 'the message: m31')
    .argument('<text>', 'the answer, or - for stdin')
    .option('--of <selector>', 'whose inbox; left out: yours')
    .option('--reject', 'refuse it; the text says why')
    .addHelpText('after', '\nExample:\n  hive reply m31 "yes, go on"\n');
  bind(command, reply);
}

async function reply(context: Context, command: Command): Promise<void> {
  const [given = '', text = ''] = command.args;
  const { of, reject = false } = command.opts<ReplyFlags>();
  const id = messageId(given);
  const bytes = await readPayload(context.terminal, text);
  const answer = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
  const client = await context.client();
  const { pid } = await inboxOwner(client, of);
  const status = reject ? 'rejected' : 'accepted';
  await client.acknowledge({ pid, message: id, status, reply: answer });
  context.show('ReplyResult', { message: id, pid, status }, () => `${id} ${status}\n`);
}

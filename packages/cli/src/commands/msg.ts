// `hive msg ls|show|ack|dead|requeue|drop`: messages that wait, and those that could not be given
// to anybody. `ack` takes out of an inbox that nobody reads by himself: yours, and of virtual
// agents. With --queue it is about what lies in a named queue; taking from one is hive queue take.

import type { HiveClient } from '@hivekernel/client';
import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { asCliError, noMatch } from '../errors/cli-error.ts';
import type { CliError } from '../errors/cli-error.ts';
import { EXIT } from '../errors/exit-codes.ts';
import { AS, actingAs } from '../mail/acting.ts';
import {
  checkPlace,
  deadLetters,
  inboxOwner,
  letterPlace,
  messageId,
  waitingMessage,
} from '../mail/find-message.ts';
import type { PlaceFlags } from '../mail/find-message.ts';
import { LETTER_COLUMNS, letterItem, messageItem } from '../mail/message-item.ts';
import type { MessageItem } from '../mail/message-item.ts';
import { safeText } from '../output/plain-text.ts';
import { queuedListing } from '../queue/queue-item.ts';
import { addListOptions } from '../select/list-options.ts';
import { inbox } from './inbox.ts';

interface OwnerFlags {
  readonly of?: string;
}

const OF = ['--of <selector>', 'whose; left out: yours'] as const;
const QUEUE = ['--queue <name>', 'of this named queue'] as const;
const OF_ANY = ['--of <selector>', 'whose; left out: of any agent'] as const;

export function define(command: Command, bind: Bind): void {
  command.addHelpText('after', EXAMPLES);
  const sub = (name: string, summary: string): Command =>
    command.command(name).description(summary);
  const ls = sub('ls', 'List what waits, in the order of delivery; as `hive inbox`.');
  addListOptions(ls.argument('[selector]', 'an agent; left out: yours'));
  bind(ls, inbox);
  const read = sub('show', 'Show one that waits, or a dead letter, as a whole.');
  read.argument('<id>', 'the message: m31').option(...OF);
  bind(read.option(...QUEUE).option(...AS), show);
  const take = sub(
    'ack',
    'Take messages out of your inbox, or of that of an agent without runtime.',
  );
  bind(take.argument('<id...>', 'the messages: m31 m32').option(...OF), ack);
  const dead = sub('dead', 'List dead letters: what nobody could be given.');
  addListOptions(dead.argument('[selector]', 'an agent; left out: of all'));
  bind(dead, listDead);
  const back = sub('requeue', 'Put dead letters back to where they waited.');
  back.argument('<id...>', 'the messages: m31 m32').option(...OF_ANY);
  bind(back.option(...QUEUE).option(...AS), requeue);
  const gone = sub('drop', 'Drop dead letters for good.');
  gone.argument('<id...>', 'the messages: m31 m32').option(...OF_ANY);
  bind(gone.option(...QUEUE).option(...AS), drop);
}

const EXAMPLES = `
Examples:
  hive msg show m31
  hive msg dead research-desk
  hive msg requeue m18 m19 --queue jobs
`;

async function show(context: Context, command: Command): Promise<void> {
  const id = messageId(command.args[0] ?? '');
  const flags = command.opts<PlaceFlags>();
  checkPlace(flags);
  const client = await context.client();
  if (flags.queue !== undefined) return showQueued(context, client, { ...flags, id });
  const owner = await inboxOwner(client, flags.of);
  const { messages, dead } = await client.inbox(owner.pid);
  const letter = dead.find((one) => one.id === id);
  const waiting = messages.find((one) => one.id === id);
  if (waiting === undefined && letter !== undefined) {
    const item = letterItem({ ...owner, letter });
    return context.show('DeadLetter', item, () => page(item, [['why', item.why]]));
  }
  const item = messageItem(waiting ?? (await waitingMessage(client, { ...owner, id })));
  context.show('Message', item, () => page(item, []));
}

async function showQueued(
  context: Context,
  client: HiveClient,
  { id, queue = '', ...acting }: PlaceFlags & { readonly id: string },
): Promise<void> {
  const inbox = await client.inbox({ queue }, await actingAs(client, acting));
  const item = queuedListing(inbox, '').items.find((one) => one.id === id);
  if (item === undefined) throw noMatch(`${id} lies in no queue ${queue}.`);
  const why = item.why === null ? [] : [['why', item.why] as const];
  context.show('QueuedMessage', item, () => page(item, why));
}

function page(item: MessageItem, more: readonly (readonly [string, string])[]): string {
  const from = item.fromAddress ?? item.fromName;
  const lines = [
    ['id', item.id],
    ['type', item.type],
    ['from', `${from} (pid ${item.fromPid}, ${item.relation})`],
    ['priority', item.priority],
    ['sent', item.sentAt],
    ...(item.replyTo === null ? [] : [['reply to', item.replyTo]]),
    ...(item.deadline === null ? [] : [['deadline', item.deadline]]),
    ...(item.requiresAck ? [['wants', 'to know its end']] : []),
    ...more,
  ].map(([head = '', value = '']) => `${head.padEnd(HEAD_WIDTH)}${value}\n`);
  return safeText(`${lines.join('')}\n${item.text}\n`);
}

const HEAD_WIDTH = 10;

async function ack(context: Context, command: Command): Promise<number> {
  const ids = command.args.map(messageId);
  const client = await context.client();
  const { pid } = await inboxOwner(client, command.opts<OwnerFlags>().of);
  const acknowledged: string[] = [];
  const failures: { id: string; error: CliError }[] = [];
  for (const message of ids) {
    try {
      await client.acknowledge({ pid, message });
      acknowledged.push(message);
    } catch (error) {
      failures.push({ id: message, error: asCliError(error) });
    }
  }
  const [first] = failures;
  if (first !== undefined && ids.length === 1) throw first.error;
  const failed = failures.map(({ id, error }) => ({ id, code: error.code }));
  const result = { acknowledged, failed, pid };
  context.show('AckResult', result, () => acknowledged.map((id) => `${id}\n`).join(''));
  for (const { id, error } of failures) {
    context.terminal.note(`error[${error.code}]: ${id}: ${error.message}`);
  }
  if (first === undefined) return EXIT.ok;
  return acknowledged.length > 0 ? EXIT.partial : first.error.exitCode;
}

async function listDead(context: Context, command: Command): Promise<void> {
  const client = await context.client();
  const letters = await deadLetters(client, command.args[0]);
  context.list(
    {
      kind: 'DeadLetterList',
      items: letters.map(letterItem),
      columns: LETTER_COLUMNS,
      nameOf: ({ id }) => id,
      empty: 'There is no dead letter.',
    },
    command.opts<ListFlags>(),
  );
}

async function requeue(context: Context, command: Command): Promise<void> {
  const ids = command.args.map(messageId);
  const client = await context.client();
  const { find, how } = await letterPlace(client, command.opts<PlaceFlags>());
  const requeued: object[] = [];
  const lines: string[] = [];
  for (const was of ids) {
    const { message: _, ...place } = await find(was);
    const id = await client.requeue({ ...place, message: was }, how);
    requeued.push({ id, was, ...place });
    lines.push(`${was} -> ${id}\n`);
  }
  context.show('RequeueResult', { requeued }, () => lines.join(''));
}

async function drop(context: Context, command: Command): Promise<void> {
  const ids = command.args.map(messageId);
  const client = await context.client();
  const { find, how } = await letterPlace(client, command.opts<PlaceFlags>());
  const dropped: object[] = [];
  for (const id of ids) {
    const { message: _, ...place } = await find(id);
    await client.dropLetter({ ...place, message: id }, how);
    dropped.push({ id, ...place });
  }
  context.show('DropResult', { dropped }, () => ids.map((id) => `${id}\n`).join(''));
}

// `hive msg ls|show|ack|dead|requeue|drop`: messages that wait, and those that could not be given
// to anybody. `ack` takes out of an inbox that nobody reads by himself: yours, and of virtual
// agents.

import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import {
  deadLetter,
  deadLetters,
  inboxOwner,
  messageId,
  waitingMessage,
} from '../mail/find-message.ts';
import { LETTER_COLUMNS, letterItem, messageItem } from '../mail/message-item.ts';
import type { MessageItem } from '../mail/message-item.ts';
import { safeText } from '../output/plain-text.ts';
import { addListOptions } from '../select/list-options.ts';
import { inbox } from './inbox.ts';

interface OwnerFlags {
  readonly of?: string;
}

const OF = ['--of <selector>', 'whose; left out: yours'] as const;
const OF_ANY = ['--of <selector>', 'whose; left out: they are looked for everywhere'] as const;

export function define(command: Command, bind: Bind): void {
  const sub = (name: string, summary: string): Command =>
    command.command(name).description(summary);
  const ls = sub('ls', 'List what waits, in the order of delivery; as `hive inbox`.');
  addListOptions(ls.argument('[selector]', 'an agent; left out: yours'));
  bind(ls, inbox);
  const read = sub('show', 'Show one that waits, or a dead letter, as a whole.');
  bind(read.argument('<id>', 'the message: m31').option(...OF), show);
  const take = sub(
    'ack',
    'Take messages out of your inbox, or of that of an agent without runtime.',
  );
  bind(take.argument('<id...>', 'the messages: m31 m32').option(...OF), ack);
  const dead = sub('dead', 'List dead letters: what nobody could be given.');
  addListOptions(dead.argument('[selector]', 'an agent; left out: of all'));
  bind(dead, listDead);
  const back = sub('requeue', 'Put dead letters back into the inbox.');
  bind(back.argument('<id...>', 'the messages: m31 m32').option(...OF_ANY), requeue);
  const gone = sub('drop', 'Drop dead letters for good.');
  bind(gone.argument('<id...>', 'the messages: m31 m32').option(...OF_ANY), drop);
}

async function show(context: Context, command: Command): Promise<void> {
  const id = messageId(command.args[0] ?? '');
  const { of } = command.opts<OwnerFlags>();
  const client = await context.client();
  const owner = await inboxOwner(client, of);
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

async function ack(context: Context, command: Command): Promise<void> {
  const ids = command.args.map(messageId);
  const client = await context.client();
  const { pid } = await inboxOwner(client, command.opts<OwnerFlags>().of);
  for (const message of ids) await client.acknowledge({ pid, message });
  context.show('AckResult', { acknowledged: ids, pid }, () => ids.map((id) => `${id}\n`).join(''));
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
  const { of } = command.opts<OwnerFlags>();
  const client = await context.client();
  const requeued: { id: string; was: string; pid: number }[] = [];
  for (const was of command.args.map(messageId)) {
    const { pid } = await deadLetter(client, { id: was, of });
    requeued.push({ id: await client.requeue({ pid, message: was }), was, pid });
  }
  const lines = requeued.map(({ id, was }) => `${was} -> ${id}\n`).join('');
  context.show('RequeueResult', { requeued }, () => lines);
}

async function drop(context: Context, command: Command): Promise<void> {
  const { of } = command.opts<OwnerFlags>();
  const client = await context.client();
  const dropped: { id: string; pid: number }[] = [];
  for (const id of command.args.map(messageId)) {
    const { pid } = await deadLetter(client, { id, of });
    await client.dropLetter({ pid, message: id });
    dropped.push({ id, pid });
  }
  context.show('DropResult', { dropped }, () => dropped.map(({ id }) => `${id}\n`).join(''));
}

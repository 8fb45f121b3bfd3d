// `hive queue ls|peek|take|dead`: named queues, which all processes of a user send to and take
// from (M1). Sending is `hive send --queue`; dead letters go back or away by `hive msg`.

import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { AS, actingAs } from '../mail/acting.ts';
import type { ActingFlags } from '../mail/acting.ts';
import { plural } from '../output/human.ts';
import { watchList } from '../output/watch.ts';
import { queuedListing, queueListing } from '../queue/queue-item.ts';
import { take } from '../queue/take.ts';
import { addListOptions, WATCH } from '../select/list-options.ts';

interface LsFlags extends ListFlags, ActingFlags {
  readonly watch?: boolean;
}

export function define(command: Command, bind: Bind): void {
  command.addHelpText('after', EXAMPLES);
  const sub = (name: string, summary: string): Command =>
    command.command(name).description(summary);
  const ls = sub('ls', 'List queues in which something waits, or somebody for it.');
  addListOptions(ls.argument('[prefix]', 'only names that begin so').option(...WATCH));
  bind(ls.option(...AS), list);
  const look = sub('peek', 'Show what waits in one, and its dead letters, without taking it.');
  addListOptions(look.argument('<name>', 'the queue').option(...AS));
  bind(look, peek);
  const out = sub('take', 'Print messages and take them out; what was not printed stays.');
  out
    .argument('<name>', 'the queue')
    .option('-n, --count <n>', 'so many, or all; left out: one, with --follow all')
    .option('--type <type>', 'only of this type; task.* are all that begin so')
    .option('--wait <time>', 'wait so long for each, such as 30s')
    .option('-f, --follow', 'wait for each, until Ctrl-C')
    .option('--reject', 'refuse them instead: back to who sent them')
    .option(...AS)
    .addHelpText('after', TAKE_EXAMPLES);
  bind(out, take);
  const dead = sub('dead', 'List its dead letters: rejected, expired, or tried too often.');
  addListOptions(dead.argument('<name>', 'the queue').option(...AS));
  bind(dead, listDead);
}

const EXAMPLES = `
Examples:
  hive send --queue jobs "resize a.png" --type resize
  hive queue ls -w
  hive queue take jobs --follow --type resize | while read -r job; do echo "$job"; done
  hive queue dead jobs -q | xargs hive msg requeue --queue jobs
`;

const TAKE_EXAMPLES = `
In a pipe one JSON line a message. Exit code 3: nothing waits; 7: nothing came within --wait.
What is rejected is a dead letter of the queue where its end was asked for (hive send --ack).

Examples:
  hive queue take jobs
  hive queue take jobs -n all --type 'resize*' -o csv
  hive queue take jobs --wait 1m | jq -r .text
`;

async function list(context: Context, command: Command): Promise<void> {
  const [prefix = ''] = command.args;
  const flags = command.opts<LsFlags>();
  const client = await context.client();
  const how = await actingAs(client, flags);
  const empty = prefix === '' ? 'There is no queue.' : `No queue begins with "${prefix}".`;
  const look = async () => queueListing(await client.queues(prefix, how), empty);
  if (flags.watch === true) return watchList(context, look, flags);
  context.list(await look(), flags);
}

async function peek(context: Context, command: Command): Promise<void> {
  const [queue = ''] = command.args;
  const flags = command.opts<ListFlags & ActingFlags>();
  const client = await context.client();
  const how = await actingAs(client, flags);
  const inbox = await client.inbox({ queue }, how);
  const { messages, total, dead, deadTotal } = inbox;
  const held = (await client.queues(queue, how)).find((one) => one.name === queue)?.inHand ?? 0;
  if (held > 0) context.terminal.note(`${plural(held, 'message')} in the hands of consumers`);
  if (total > messages.length) {
    context.terminal.note(`${messages.length} of ${total} messages are shown`);
  }
  tellRest(context, { shown: dead.length, of: deadTotal });
  context.list(queuedListing(inbox, `Nothing waits in the queue ${queue}.`), flags);
}

async function listDead(context: Context, command: Command): Promise<void> {
  const [queue = ''] = command.args;
  const flags = command.opts<ListFlags & ActingFlags>();
  const client = await context.client();
  const { dead, deadTotal } = await client.inbox({ queue }, await actingAs(client, flags));
  tellRest(context, { shown: dead.length, of: deadTotal });
  const empty = `The queue ${queue} has no dead letter.`;
  context.list(queuedListing({ messages: [], dead }, empty), flags);
}

function tellRest({ terminal }: Context, { shown, of }: { shown: number; of: number }): void {
  if (of > shown) terminal.note(`${shown} of ${of} dead letters are shown, the newest`);
}

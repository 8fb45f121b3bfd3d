// `hive topic ls|pub|sub|clear|forget`: topics, which processes of a user publish under and
// subscribe to by name (M10). The last value of each is kept; a cursor keeps a subscriber's place.

import type { Command } from 'commander';
import type { Bind } from '../command-table.ts';
import type { Context, ListFlags } from '../context.ts';
import { AS, actingAs } from '../mail/acting.ts';
import type { ActingFlags } from '../mail/acting.ts';
import { readPayload } from '../mail/payload.ts';
import { plural } from '../output/human.ts';
import { watchList } from '../output/watch.ts';
import { addListOptions, WATCH } from '../select/list-options.ts';
import { followTopic } from '../topic/follow-topic.ts';
import { cursorListing, topicListing } from '../topic/topic-item.ts';

interface LsFlags extends ListFlags, ActingFlags {
  readonly cursors?: boolean;
  readonly watch?: boolean;
}

interface PubFlags extends ActingFlags {
  readonly type: string;
  readonly transient?: boolean;
}

const PATTERN = 'topics; * is any run of characters';

export function define(command: Command, bind: Bind): void {
  command.addHelpText('after', EXAMPLES);
  const sub = (name: string, summary: string): Command =>
    command.command(name).description(summary);
  const ls = sub('ls', 'List topics with their last values, or cursors.');
  ls.argument('[pattern]', `${PATTERN}; left out: all`).option('--cursors', 'cursors instead');
  addListOptions(ls.option(...WATCH).option(...AS));
  bind(ls, list);
  const pub = sub('pub', 'Publish something; it is kept as the last value of its topic.');
  pub
    .argument('<topic>', 'under what')
    .argument('<payload>', 'the text, or - for stdin')
    .option('--type <type>', 'what kind of message', 'message')
    .option('--transient', 'for those only who subscribe by now; the last value stays')
    .option(...AS);
  bind(pub, publish);
  const follow = sub('sub', 'Print what is published: the last values, then what comes.');
  follow
    .argument('<pattern>', PATTERN)
    .option('--no-retained', 'without the last values from before')
    .option('-n, --count <n>', 'end after so many')
    .option('--type <type>', 'only of this type; task.* are all that begin so')
    .option('--durable <name>', 'go on where the cursor of this name is')
    .option(...AS)
    .addHelpText('after', SUB_EXAMPLES);
  bind(follow, followTopic);
  const clear = sub('clear', 'Forget the last value of a topic, and the topic with it.');
  bind(clear.argument('<topic>', 'which').option(...AS), clearTopic);
  const forget = sub('forget', 'Forget a cursor; what waits for it is gone.');
  bind(forget.argument('<name>', 'the cursor').option(...AS), forgetCursor);
}

const EXAMPLES = `
Examples:
  hive topic pub weather/berlin "12 C" --type reading
  hive topic sub 'weather/*'
  hive topic ls 'weather/*' -o json
  hive topic sub 'build/*' --durable deploy -o jsonl >> builds.jsonl
`;

const SUB_EXAMPLES = `
It goes on until Ctrl-C. In a pipe one JSON line a publication.

Examples:
  hive topic sub '*'
  hive topic sub weather/berlin -n 1 | jq -r .text    # the last value, or the next
  hive topic sub 'build/*' --durable deploy --no-retained
`;

async function list(context: Context, command: Command): Promise<void> {
  const [pattern = ''] = command.args;
  const flags = command.opts<LsFlags>();
  const { cursors: wantsCursors = false, watch: isWatching = false } = flags;
  const client = await context.client();
  const how = await actingAs(client, flags);
  const empty = pattern === '' ? 'There is no topic.' : `No topic matches "${pattern}".`;
  const topics = async () => topicListing((await client.topics(pattern, how)).topics, empty);
  const cursors = async () => cursorListing((await client.topics(pattern, how)).cursors);
  if (!wantsCursors) {
    return isWatching ? watchList(context, topics, flags) : context.list(await topics(), flags);
  }
  return isWatching ? watchList(context, cursors, flags) : context.list(await cursors(), flags);
}

async function publish(context: Context, command: Command): Promise<void> {
  const [topic = '', text = ''] = command.args;
  const { type, transient: isTransient = false, ...acting } = command.opts<PubFlags>();
  const payload = await readPayload(context.terminal, text);
  const client = await context.client();
  const how = await actingAs(client, acting);
  const { message: id, subscribers } = await client.publish(
    topic,
    { payload, type, isTransient },
    how,
  );
  if (context.format === 'name') return void context.terminal.out(`${id}\n`);
  context.show('PublishResult', { id, topic, subscribers }, () => `${id}\n`);
  if (context.format === 'table') context.terminal.note(`to ${plural(subscribers, 'subscriber')}`);
}

async function clearTopic(context: Context, command: Command): Promise<void> {
  const [topic = ''] = command.args;
  const client = await context.client();
  await client.clearTopic(topic, await actingAs(client, command.opts<ActingFlags>()));
  context.show('ClearResult', { topic }, () => `${topic}\n`);
}

async function forgetCursor(context: Context, command: Command): Promise<void> {
  const [name = ''] = command.args;
  const client = await context.client();
  await client.forgetCursor(name, await actingAs(client, command.opts<ActingFlags>()));
  context.show('ForgetResult', { cursor: name }, () => `${name}\n`);
}
